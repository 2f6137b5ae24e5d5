"""The kinds of crash evidence; what is read from it is a ``results.model.Crash``."""

from __future__ import annotations

import enum


class CrashKind(enum.StrEnum):
    """The kinds of crash evidence, the most telling first."""

    SANITIZER = "sanitizer"  # a report of ASan, TSan, UBSan, MSan
    ASSERT = "assert"  # a failed C assert()
    OBJECT_ASSERT = "object-assert"  # CPython's _PyObject_ASSERT block
    DEBUG_MALLOC = "debug-malloc"  # PYTHONMALLOC=debug's block on a bad write or API use
    LIBC_ABORT = "libc-abort"  # glibc's own words before abort()
    FATAL_ERROR = "fatal-error"  # a specific "Fatal Python error: function: message"
    SIGNAL = "signal"  # known by its stacks, or by the bare signal
