"""A crash's title, as one would write it on a tracker, made from its signature."""

from __future__ import annotations

from labeille.crashes.frames import JIT
from labeille.crashes.model import CrashKind
from labeille.reports.showable import shown_line

#: What people call the signals that crashes end with.
SIGNAL_WORDS = {
    "SIGSEGV": "Segmentation fault",
    "SIGABRT": "Abort",
    "SIGBUS": "Bus error",
    "SIGFPE": "Floating-point exception",
    "SIGILL": "Illegal instruction",
    "SIGTRAP": "Trap",
    "SIGSYS": "Bad system call",
}

_LONGEST = 140


def crash_title(signature: str) -> str:
    """What crashed, and where, on one line; a signature of another format stays as it is."""
    kind, parts = split_signature(signature)
    try:
        words = _TITLES[CrashKind(kind)](parts)
    except (ValueError, IndexError):
        words = signature or "Crash without a signature"
    return shown_line(words, _LONGEST)


def split_signature(signature: str) -> tuple[str, tuple[str, ...]]:
    """A signature's kind and parts, without the hash."""
    kind, _, rest = signature.partition(":")
    readable, _, _ = rest.rpartition(":")
    return kind, tuple(readable.split("|"))


def _sanitizer(parts: tuple[str, ...]) -> str:
    tool, bug, *places = parts
    return f"{tool}: {bug}" + (f" in {places[0]}" if places else "")


def _assert(parts: tuple[str, ...]) -> str:
    file, *middle, expression = parts
    function = f"{middle[0]} ({file})" if middle else file
    return f"Assertion `{expression}' failed in {function}"


def _object_assert(parts: tuple[str, ...]) -> str:
    *places, message = parts
    where = f" in {places[-1]}" if places else ""
    return f"Object assertion failed{where}: {message}"


def _debug_malloc(parts: tuple[str, ...]) -> str:
    return f"Debug allocator: {', '.join(parts)}"


def _libc_abort(parts: tuple[str, ...]) -> str:
    return f"Abort by the C library: {', '.join(parts)}"


def _fatal_error(parts: tuple[str, ...]) -> str:
    return f"Fatal Python error: {': '.join(parts)}"


def _signal(parts: tuple[str, ...]) -> str:
    signal, *frames = parts
    words = SIGNAL_WORDS.get(signal, signal)
    named = [frame for frame in frames if frame != JIT]
    where = f" in {named[0]}" if named else ""
    if JIT in frames[:1]:
        where = " in code of the JIT" + (f", called from {named[0]}" if named else "")
    return f"{words}{where}"


_TITLES = {
    CrashKind.SANITIZER: _sanitizer,
    CrashKind.ASSERT: _assert,
    CrashKind.OBJECT_ASSERT: _object_assert,
    CrashKind.DEBUG_MALLOC: _debug_malloc,
    CrashKind.LIBC_ABORT: _libc_abort,
    CrashKind.FATAL_ERROR: _fatal_error,
    CrashKind.SIGNAL: _signal,
}
