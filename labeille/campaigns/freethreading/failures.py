"""The identity of a test's failure: the same for the same way of failing, whatever it counted."""

from __future__ import annotations

import re

from labeille.crashes.names import steady

#: Characters of a signature; a failure's first line says what it is.
_LENGTH = 200

_NUMBER = re.compile(r"(?<![\w.])[-+]?\d[\d_]*(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w])")
_THREAD = re.compile(r"[Ee]xception in thread (?P<name>[^\s:]+(?: \([^)\n]*\))?)")
_THREAD_NAME = re.compile(r"\b(Thread|Dummy|ThreadPoolExecutor|asyncio)([-_])\d+(?:_\d+)?")


def failure_signature(message: str | None) -> str:
    """A failure's message without what differs from one run to the next.

    "AssertionError: assert 1998 == 2000" is "AssertionError: assert N == N". "failed" where there
    is no message.
    """
    if not message:
        return "failed"
    text = _THREAD_NAME.sub(r"\1\2N", steady(message))
    return _NUMBER.sub("N", text)[:_LENGTH]


def failing_thread(message: str | None) -> str | None:
    """The thread that a message says an exception was raised in."""
    match = _THREAD.search(message or "")
    return match["name"] if match else None
