"""What a crash left behind, in words that are the same for the same bug."""

from __future__ import annotations

import enum

import msgspec


class CrashKind(enum.StrEnum):
    """The kinds of crash evidence, the most telling first."""

    SANITIZER = "sanitizer"  # a report of ASan, TSan, UBSan, MSan
    ASSERT = "assert"  # a failed C assert()
    OBJECT_ASSERT = "object-assert"  # CPython's _PyObject_ASSERT block
    DEBUG_MALLOC = "debug-malloc"  # PYTHONMALLOC=debug's block on a bad write or API use
    LIBC_ABORT = "libc-abort"  # glibc's own words before abort()
    FATAL_ERROR = "fatal-error"  # a specific "Fatal Python error: function: message"
    SIGNAL = "signal"  # known by its stacks, or by the bare signal


class Crash(msgspec.Struct, frozen=True, kw_only=True):
    """One crash.

    ``signature`` identifies the bug across machines, builds and line numbers. ``python_top`` and
    ``c_top`` are the innermost telling frames, "file:function" and "function" or "library+offset"
    free of addresses. ``python_stack`` and ``c_stack`` are innermost first, bounded. ``in_child``:
    the process that crashed was a child of the test process. ``detail`` is the sentence that the
    signature was read from.
    """

    kind: CrashKind
    signature: str
    signal: str | None = None
    python_top: str | None = None
    c_top: str | None = None
    in_child: bool = False
    detail: str | None = None
    python_stack: tuple[str, ...] = ()
    c_stack: tuple[str, ...] = ()
