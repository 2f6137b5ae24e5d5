"""C asserts of every C library, and the last words of the C and C++ runtimes."""

from __future__ import annotations

import pytest

from labeille.crashes.evidence import read_crash


@pytest.mark.parametrize(
    "text",
    [
        "prog: ../src/a.c:12: f: Assertion `x == 1' failed.",
        "a.c:12: f: Assertion `x == 1' failed.",
        "prog: a.c:7: int f(const char *, struct s): Assertion `x == 1' failed.",
        "Assertion failed: x == 1 (../src/a.c: f: 12)",  # musl
        "Assertion failed: (x == 1), function f, file a.c, line 12.",  # macOS
        "Assertion failed: (x == 1), function f, file /build/a.c, line 12.",
        'a.c:12: f: assertion "x == 1" failed',  # bionic
        'assertion "x == 1" failed: file "src/a.c", line 12, function: f',  # newlib
        'mimalloc: assertion failed: at "src/a.c":12, f\n  assertion: "x == 1"',
    ],
)
def test_one_assert_in_every_spelling(text: str) -> None:
    for exit_code in (134, 1, None):
        crash = read_crash(f"collected 3 items\n{text}\n", exit_code=exit_code)
        assert crash is not None
        assert crash.signal == "SIGABRT"
        assert crash.signature == "assert:a.c|f|x == 1:037e71cd"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("free(): double free detected in tcache 2", "free(): double free detected in tcache 2"),
        ("malloc(): unaligned tcache chunk detected", None),
        ("malloc(): invalid next->prev_inuse (unsorted)", None),
        ("malloc(): corrupted top size", None),
        ("malloc_consolidate(): invalid chunk size", None),
        ("munmap_chunk(): invalid pointer", None),
        ("realloc(): invalid old size", None),
        ("double free or corruption (!prev)", None),
        ("corrupted size vs. prev_size while consolidating", None),
        ("corrupted double-linked list (not small)", None),
        ("*** stack smashing detected ***: terminated", "stack smashing detected"),
        ("*** stack smashing detected ***: <unknown> terminated", "stack smashing detected"),
        ("*** buffer overflow detected ***: python3 terminated", "buffer overflow detected"),
        ("*** Error in `python': free(): invalid pointer: 0x00007f ***", "free(): invalid pointer"),
        ("Fatal glibc error: malloc.c:2599 (sysmalloc): assertion failed: (old_top == 0)",
         "malloc.c|sysmalloc|(old_top == 0)"),
        ("terminate called without an active exception", None),
        ("terminate called after throwing an instance of 'E'\n  what():  no memory",
         "terminate called after throwing an instance of 'E'|no memory"),
        ("libc++abi: terminating due to uncaught exception of type int",
         "terminating due to uncaught exception of type int"),
        ("pure virtual method called\nterminate called without an active exception",
         "pure virtual method called"),
        ("py(1,0x1ef) malloc: *** error for object 0x7f: pointer being freed was not allocated",
         "pointer being freed was not allocated"),
    ],
)  # fmt: skip
def test_last_words_of_the_runtime(text: str, shown: str | None) -> None:
    for exit_code in (-6, 1, None):
        crash = read_crash(f"..\n{text}\n", exit_code=exit_code)
        assert crash is not None
        assert (crash.kind, crash.signal) == ("libc-abort", "SIGABRT")
        assert (shown or text.splitlines()[-1]) in crash.signature
