"""Questions asked from several threads."""

from __future__ import annotations

import threading
import time

import pytest

from labeille.campaigns import asking
from labeille.campaigns.asking import ask_each


def test_every_question_gets_its_answer() -> None:
    answers = dict(ask_each(range(50), lambda number: number * number, workers=8))
    assert answers == {number: number * number for number in range(50)}


def test_none_asked() -> None:
    assert list(ask_each([], str, workers=8)) == []


@pytest.mark.parametrize(("workers", "at_once"), [(1, 1), (3, 3), (16, 5)])
def test_how_many_at_a_time(workers: int, at_once: int) -> None:
    lock = threading.Lock()
    now = [0, 0]

    def ask(_: int) -> None:
        with lock:
            now[0] += 1
            now[1] = max(now)
        time.sleep(0.02)
        with lock:
            now[0] -= 1

    assert len(list(ask_each(range(5), ask, workers=workers))) == 5
    assert now == [0, at_once]


def test_answers_come_as_they_are_given() -> None:
    slow = threading.Event()

    def ask(number: int) -> int:
        if number == 0:
            slow.wait(5)
        return number

    answers = ask_each(range(4), ask, workers=2)
    first = [next(answers)[0] for _ in range(3)]
    slow.set()
    assert first == [1, 2, 3]
    assert list(answers) == [(0, 0)]


def test_what_is_raised_ends_all() -> None:
    asked = []

    def ask(number: int) -> None:
        asked.append(number)
        raise LookupError(number)

    with pytest.raises(LookupError):
        list(ask_each(range(100), ask, workers=1))
    assert asked == [0]


def test_leaving_waits_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "FAREWELL", 0.05)
    asked = []
    stuck = threading.Event()

    def ask(number: int) -> int:
        asked.append(number)
        if number:
            stuck.wait(5)
        return number

    answers = ask_each(range(100), ask, workers=2)
    assert next(answers) == (0, 0)
    begin = time.monotonic()
    answers.close()
    assert time.monotonic() - begin < 1
    stuck.set()
    time.sleep(0.05)
    assert len(asked) <= 4
