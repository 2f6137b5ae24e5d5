from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from labeille.supervision import run
from labeille.supervision.model import Ending, Limits, Outcome, SupervisionError
from labeille.supervision.run import Cancellation, supervise

if TYPE_CHECKING:
    from collections.abc import Callable

    from supervision_sandbox import Sandbox

pytest_plugins = ["supervision_sandbox"]

STUBBORN = """
import os, signal, time
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGABRT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
open("started", "w").close()
time.sleep(100)
"""

# What a labeille does that runs STUBBORN; its arguments are those of the command.
CALLER = """
import sys
from pathlib import Path
from labeille.supervision.interrupts import interruptible
from labeille.supervision.model import Command
from labeille.supervision.run import Cancellation, supervise
cwd, mark, code = sys.argv[1:]
cancel = Cancellation()
command = Command(
    argv=(sys.executable, "-I", "-S", "-c", code), cwd=Path(cwd), stdout=Path(cwd, "out"),
    stderr=Path(cwd, "err"), env=dict([mark.split("=")]),
)
try:
    with interruptible(cancel):
        supervise(command, cancel=cancel)
except KeyboardInterrupt:
    sys.exit(130)
"""


def wait_for(condition: Callable[[], object], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.005)


def start_caller(sandbox: Sandbox) -> subprocess.Popen[bytes]:
    caller = subprocess.Popen(
        [sys.executable, "-c", CALLER, str(sandbox.folder), sandbox.mark, STUBBORN],
        env={"PYTHONPATH": str(Path(run.__file__).parents[2])},
    )
    wait_for((sandbox.folder / "started").exists)
    wait_for(lambda: len(sandbox.processes()) == 2)
    return caller


def test_cancellation_ends_everything_at_once(sandbox: Sandbox) -> None:
    cancel = Cancellation()
    outcomes: list[Outcome] = []
    threads = [
        threading.Thread(
            target=lambda: outcomes.append(supervise(sandbox.python(STUBBORN), cancel=cancel))
        )
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    wait_for(lambda: len(sandbox.processes()) == 6)
    started = time.monotonic()
    cancel.cancel()
    for thread in threads:
        thread.join()
    assert time.monotonic() - started < 2
    assert [(outcome.ending, outcome.exit_code) for outcome in outcomes] == [
        (Ending.CANCELLED, -9)
    ] * 3
    assert sum(outcome.leftovers for outcome in outcomes) == 3


def test_what_is_cancelled_before_it_starts_does_not_start(sandbox: Sandbox) -> None:
    cancel = Cancellation()
    cancel.cancel()
    cancel.cancel()
    outcome = supervise(sandbox.python(STUBBORN), cancel=cancel)
    assert (outcome.ending, outcome.duration_seconds) == (Ending.CANCELLED, 0)
    assert not (sandbox.folder / "started").exists()


def test_cancellation_cuts_the_grace_short(sandbox: Sandbox) -> None:
    cancel = Cancellation()
    timer = threading.Timer(4, cancel.cancel)
    timer.start()
    outcome = supervise(sandbox.python(STUBBORN, limits=Limits(timeout=1, grace=60)), cancel=cancel)
    timer.cancel()
    assert (sandbox.folder / "started").exists()
    assert outcome.ending is Ending.LIMIT
    assert outcome.duration_seconds < 30


def test_a_cancellation_can_be_waited_for() -> None:
    cancel = Cancellation()
    assert not cancel.wait(0.01)
    threading.Timer(0.05, cancel.cancel).start()
    started = time.monotonic()
    assert cancel.wait()
    assert cancel.wait(10)
    assert cancel.cancelled
    assert time.monotonic() - started < 2


def test_a_cancellation_gives_its_descriptors_back() -> None:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for _ in range(10):
        Cancellation().cancel()
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


def test_kill_9_of_the_caller_leaves_nothing(sandbox: Sandbox) -> None:
    caller = start_caller(sandbox)
    caller.kill()
    assert caller.wait() == -9
    wait_for(lambda: not sandbox.processes(), 0.5)


@pytest.mark.parametrize("numbers", [[signal.SIGINT], [signal.SIGTERM], [2, 15, 15, 2]])
def test_signals_to_the_caller_end_it_in_order(sandbox: Sandbox, numbers: list[int]) -> None:
    caller = start_caller(sandbox)
    started = time.monotonic()
    for number in numbers:
        caller.send_signal(number)
        time.sleep(0.001)
    assert caller.wait() == 130
    assert time.monotonic() - started < 2


def keeper_of(sandbox: Sandbox) -> int:
    """The pid of the keeper of this sandbox's processes, once the daemon's parent is gone."""

    def parents() -> set[int]:
        found = set()
        for line in sandbox.processes():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                stat = Path("/proc", line.partition(":")[0], "stat").read_text()
                found.add(int(stat.rpartition(") ")[2].split()[1]))
        return found

    wait_for((sandbox.folder / "started").exists)
    wait_for(lambda: len(parents()) == 1)
    return parents().pop()


def test_a_killed_keeper_leaves_nothing(sandbox: Sandbox) -> None:
    caught: list[SupervisionError] = []

    def run_it() -> None:
        try:
            supervise(sandbox.python(STUBBORN))
        except SupervisionError as error:
            caught.append(error)

    thread = threading.Thread(target=run_it)
    thread.start()
    os.kill(keeper_of(sandbox), signal.SIGKILL)
    thread.join()
    assert "the process that watched over" in str(caught[0])
    assert "was killed by SIGKILL" in str(caught[0])


def test_a_suite_that_stops_its_keeper_gains_little(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "PATIENCE", 0.2)
    code = "import os, signal, time; os.kill(os.getppid(), signal.SIGSTOP); time.sleep(100)"
    limits = Limits(timeout=0.1, grace=0)
    with pytest.raises(SupervisionError, match="was killed by SIGKILL"):
        supervise(sandbox.python(code, limits=limits))


def test_an_exception_in_the_calling_thread_ends_the_command(sandbox: Sandbox) -> None:
    def interrupt() -> None:
        wait_for((sandbox.folder / "started").exists)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        supervise(sandbox.python(STUBBORN))
    assert time.monotonic() - started < 2
