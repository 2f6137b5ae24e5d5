"""Asks many questions of a slow answerer at a time, and leaves when told to."""

from __future__ import annotations

import collections
import queue
import threading
import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

Question = TypeVar("Question")
Answer = TypeVar("Answer")

#: How long an ended round waits for its threads (seconds). One that sits in a request is left to
#: die with the process: a server may take minutes, and a person who pressed Ctrl-C does not.
FAREWELL = 0.5
#: How often the waiting main thread wakes up, so that a signal's handler gets its turn (seconds).
WAKE_UP = 0.2


def ask_each(
    questions: Iterable[Question], ask: Callable[[Question], Answer], *, workers: int
) -> Generator[tuple[Question, Answer]]:
    """Ask from ``workers`` threads and yield each question with its answer, as they come.

    ``ask`` turns errors into answers; what it raises nevertheless is raised here, and ends all.
    When the caller stops iterating, nothing more is asked.
    """
    waiting = collections.deque(questions)
    answers: queue.SimpleQueue[tuple[Question, Answer] | BaseException] = queue.SimpleQueue()
    total = len(waiting)

    def work() -> None:
        while True:
            try:
                question = waiting.popleft()
            except IndexError:
                return
            try:
                answers.put((question, ask(question)))
            except BaseException as error:  # noqa: BLE001 - raised again in the main thread
                answers.put(error)
                return

    threads = [
        threading.Thread(target=work, name="ask", daemon=True) for _ in range(min(workers, total))
    ]
    try:
        for thread in threads:
            thread.start()
        for _ in range(total):
            yield _next(answers)
    finally:
        waiting.clear()
        deadline = time.monotonic() + FAREWELL
        for thread in threads:
            if thread.ident is not None:
                thread.join(max(0.0, deadline - time.monotonic()))


def _next(
    answers: queue.SimpleQueue[tuple[Question, Answer] | BaseException],
) -> tuple[Question, Answer]:
    while True:
        try:
            answer = answers.get(timeout=WAKE_UP)
        except queue.Empty:
            continue
        if isinstance(answer, BaseException):
            raise answer
        return answer
