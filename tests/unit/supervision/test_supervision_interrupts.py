from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

import pytest

from labeille.supervision import interrupts
from labeille.supervision.cancellation import Cancellation
from labeille.supervision.interrupts import (
    interruptible,
    interrupts_deferred,
    signals_interrupt,
    signals_leave,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@pytest.fixture(autouse=True)
def _put_handlers_back() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_cancels_and_raises_once(number: signal.Signals) -> None:
    cancel = Cancellation()
    steps = []

    def interrupted() -> None:
        try:
            signal.raise_signal(number)
        finally:
            signal.raise_signal(number)
            signal.raise_signal(signal.SIGTERM)
            steps.append("cleaned up")

    with pytest.raises(KeyboardInterrupt), interruptible(cancel):
        interrupted()
    assert cancel.cancelled
    assert steps == ["cleaned up"]


def test_who_insists_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interrupts, "INSIST_SECONDS", 0)
    steps = []

    def interrupted() -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            steps.append("cleaning")
            signal.raise_signal(signal.SIGINT)
            steps.append("cleaned up")

    with pytest.raises(KeyboardInterrupt), interruptible(Cancellation()):
        interrupted()
    assert steps == ["cleaning"]


def test_nothing_happens_without_a_signal() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    cancel = Cancellation()
    with interruptible(cancel):
        pass
    assert not cancel.cancelled
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_a_repeated_signal_after_the_block_tears_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with pytest.raises(KeyboardInterrupt), interruptible(Cancellation()):
        signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGINT)
    monkeypatch.setattr(interrupts, "INSIST_SECONDS", 0)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_blocks_may_be_nested() -> None:
    outer, inner = Cancellation(), Cancellation()
    with pytest.raises(KeyboardInterrupt), interruptible(outer), interruptible(inner):
        signal.raise_signal(signal.SIGINT)
    assert (outer.cancelled, inner.cancelled) == (False, True)


def test_other_threads_leave_the_handlers_alone() -> None:
    seen = []

    def run() -> None:
        with interruptible(Cancellation()):
            seen.append(signal.getsignal(signal.SIGTERM))

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [before]


@pytest.mark.parametrize("number", SIGNALS)
def test_a_deferred_interrupt_comes_at_the_end(number: signal.Signals) -> None:
    steps = []

    def deferred() -> None:
        with interrupts_deferred():
            signal.raise_signal(number)
            steps.append("finished")

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with pytest.raises(KeyboardInterrupt):
        deferred()
    assert steps == ["finished"]
    assert signal.getsignal(number) is signal.default_int_handler
    with interrupts_deferred():
        pass


def test_from_leaving_at_once_to_interrupting() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    signals_interrupt()  # whoever has handlers of their own keeps them
    assert [signal.getsignal(number) for number in SIGNALS] == before
    signals_leave()
    signals_interrupt()
    for number in SIGNALS:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
