"""Which text shows a crash, which of several, and what does not change a signature."""

from __future__ import annotations

import random
import re
import time
from pathlib import Path

import pytest

from labeille.crashes.evidence import read_crash
from labeille.crashes.model import CrashKind
from labeille.results.model import Crash

SAMPLES = Path(__file__).parent / "samples"

SEGV = """\
Fatal Python error: Segmentation fault

Current thread 0x00007f83feb59780 [python3.15] (most recent call first):
  File "/home/user/lib/python3.15/ctypes/__init__.py", line 613 in string_at
  File "/home/user/project/native.py", line 12 in call
"""
ABORTED = """\
Fatal Python error: Aborted

Current thread 0x00007f83feb59780 (most recent call first):
  File "/home/user/project/other.py", line 3 in stop
"""
ASSERT = (
    "python3.15d: ../Python/optimizer.c:121: _PyOptimizer_Optimize: "
    "Assertion `interp->jit' failed.\n"
)
SPECIFIC = """\
Fatal Python error: none_dealloc: deallocating None
Python runtime state: initialized

Current thread 0x00007f29c5e93b80 (most recent call first):
  File "<string>", line 5 in <module>
"""
OBJECT = """\
Modules/gcmodule.c:450: visit_decref: Assertion "!_PyObject_IsFreed(op)" failed
Memory block allocated at (most recent call first):
  File "/home/user/x.py", line 3

object address  : 0x7fa9199b6200
object refcount : 1
object type     : 0xe13cc0
object type name: dict
object repr     : """
WRAPPER = "\nFatal Python error: _PyObject_AssertFailed: _PyObject_AssertFailed\n"
ASAN = """\
=================================================================
==123==ERROR: AddressSanitizer: heap-use-after-free on address 0x602000000010 at pc 0x5654e3f44244
READ of size 4 at 0x602000000010 thread T0
    #0 0x5654e3f44243 in dict_getitem Objects/dictobject.c:4
    #1 0x5654e3f442e1 in PyDict_GetItem Objects/dictobject.c:6:29
    #2 0x5654e3f44451 in _PyEval_EvalFrameDefault Python/generated_cases.c.h:16
SUMMARY: AddressSanitizer: heap-use-after-free Objects/dictobject.c:4 in dict_getitem
==123==ABORTING
"""
TSAN = (SAMPLES / "tsan-race-clang.txt").read_text()
PARENT = 'Traceback (most recent call last):\n  File "t.py", line 1, in <module>\nAssertionError\n'


def read(text: str, exit_code: int | None) -> Crash:
    crash = read_crash(text, exit_code=exit_code)
    assert crash is not None
    return crash


@pytest.mark.parametrize(
    "exit_code", [-4, -5, -6, -7, -8, -11, -31, 132, 133, 134, 135, 136, 139, 159]
)
def test_a_crash_signal_is_a_crash_without_a_word(exit_code: int) -> None:
    crash = read("", exit_code)
    assert crash.kind is CrashKind.SIGNAL
    assert crash.signal is not None
    assert re.fullmatch(rf"signal:{crash.signal}:[0-9a-f]{{8}}", crash.signature)


@pytest.mark.parametrize(
    "exit_code", [0, 1, 2, 5, -9, -15, 137, 143, -2, 130, 255, 128, -1000, None]
)
def test_other_exit_codes_are_none_without_a_word(exit_code: int | None) -> None:
    assert read_crash("Segmentation fault (core dumped)\nAborted\n", exit_code=exit_code) is None


@pytest.mark.parametrize("text", [SEGV, ASSERT, SPECIFIC, ASAN, TSAN])
@pytest.mark.parametrize("exit_code", [0, -9, 137, 143])
def test_success_and_an_end_from_outside_are_no_crash(text: str, exit_code: int) -> None:
    assert read_crash(text, exit_code=exit_code) is None


@pytest.mark.parametrize(
    "text",
    [
        "Fatal Python error: Segmentation fault\n",  # no stack
        "Fatal Python error: config_read_gil: no GIL\nPython runtime state: preinitialized\n\n",
        "".join(f"E   {line}\n" for line in SEGV.splitlines()),
        "".join(f"    {line}\n" for line in SEGV.splitlines()),
        "".join(f"> {line}\n" for line in SEGV.splitlines()),
        "".join(f"+{line}\n" for line in SEGV.splitlines()),
        f"RuntimeError: {SEGV}",
        f"E   RuntimeError: {SEGV}",
        f"AssertionError: {SEGV!r} != b''\n",
        f"E       RuntimeError: {ASSERT}",
        f">       raise RuntimeError({ASSERT!r})\n",
        f"  {ASSERT}",
        f"RuntimeError: {ASSERT}",
        f'"{ASSERT}"',
        f"ERROR the child said {ASSERT}",
        "E   free(): invalid pointer\n",
        "expected 'free(): invalid pointer'\n",
        "malloc(): called 3 times\n",
        "tests/test_x.py::test_y double free or corruption is handled\n",
        "E   ==123==ERROR: AddressSanitizer: heap-use-after-free\n",
        "==123==ERROR: AddressSanitizer: heap-use-after-free on address 0x1\n",  # no stack
        "panic: runtime error: index out of range\n",
        "E   a.c:1:2: runtime error: division by zero\n",
        "Assertion failed: the value is wrong\n",
        'Timeout (0:00:10)!\nThread 0x7f (most recent call first):\n  File "a.py", line 1 in f\n',
        'Current thread 0x00007f (most recent call first):\n  File "a.py", line 1 in f\n',
        "Aborted!\n",
    ],
)
def test_a_mention_is_no_crash(text: str) -> None:
    for exit_code in (None, 1, 2, 5):
        assert read_crash(text + PARENT, exit_code=exit_code) is None


@pytest.mark.parametrize(
    ("text", "kind", "signal"),
    [
        (SEGV, "signal", "SIGSEGV"),
        (re.sub("Current.*] ", "Stack ", SEGV), "signal", "SIGSEGV"),
        (ABORTED, "signal", "SIGABRT"),
        (ABORTED.replace("Aborted", "Floating point exception"), "signal", "SIGFPE"),
        (ABORTED.replace("Aborted", "Bus error"), "signal", "SIGBUS"),
        (ASSERT, "assert", "SIGABRT"),
        (ASSERT + ABORTED, "assert", "SIGABRT"),
        (SPECIFIC, "fatal-error", "SIGABRT"),
        ("free(): invalid pointer\n", "libc-abort", "SIGABRT"),
        ("free(): invalid pointer\n" + ABORTED, "libc-abort", "SIGABRT"),
        (OBJECT + WRAPPER, "object-assert", "SIGABRT"),
        (OBJECT + SEGV, "object-assert", "SIGSEGV"),  # the dump ran into a fault itself
        (ASAN, "sanitizer", None),
        (SEGV + ASAN.replace("heap-use-after-free on", "SEGV on unknown"), "sanitizer", "SIGSEGV"),
        (TSAN, "sanitizer", None),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "prefix", ["", "tests/test_a.py ..", "a/test_b.py::test_c[x y] ", "test_d (m.C.test_d) ... "]
)
def test_a_block_is_a_crash_whatever_the_exit_code(
    prefix: str, text: str, kind: str, signal: str | None
) -> None:
    if text.startswith("===="):
        prefix = f"{prefix}\n"
    for exit_code in (None, 1):
        crash = read(prefix + text + PARENT, exit_code)
        assert (crash.kind, crash.signal) == (kind, signal)
        assert crash.in_child == (exit_code == 1 and text != TSAN)


@pytest.mark.parametrize(
    ("text", "exit_code", "kind", "place"),
    [
        # a child crashed on purpose before the process itself did
        (SEGV + "\n..\n" + SEGV.replace("in call", "in mine"), -11, "signal", "mine"),
        (ABORTED + SEGV, 139, "signal", "call"),
        (SEGV + ABORTED, 139, "signal", "call"),
        (ASSERT + "more tests\n" * 50 + SEGV, 139, "signal", "call"),
        (ASSERT + "more tests\n" * 50, 139, "signal", None),  # a silent end: not the child's
        (SPECIFIC + "more tests\n" * 50 + ASSERT + ABORTED, 134, "assert", "interp->jit"),
        (ASAN + "more tests\n" * 50 + ABORTED, 134, "signal", "stop"),
        (TSAN + SEGV, 139, "signal", "call"),
        (TSAN + PARENT, 139, "sanitizer", "data race"),
        # not killed: a block that ended a process is worth more than a warning
        (SEGV + TSAN, 1, "signal", "call"),
        (SEGV + TSAN, 66, "sanitizer", "data race"),
    ],
)
def test_which_of_several_blocks(text: str, exit_code: int, kind: str, place: str | None) -> None:
    crash = read(text, exit_code)
    assert crash.kind == kind
    assert place is None or place in crash.signature
    if place is None:
        assert crash.detail is None


def test_the_words_that_a_broken_handler_repeats_are_one_crash() -> None:
    crash = read(SEGV + "Fatal Python error: Segmentation fault\n\n", -11)
    assert crash.python_top == "ctypes/__init__.py:string_at"


def test_a_sanitizers_own_log_counts() -> None:
    crash = read_crash("1 failed\n", exit_code=1, extra_reports=[ASAN])
    assert crash is not None
    assert crash.kind is CrashKind.SANITIZER
    assert read_crash("ok\n", exit_code=0, extra_reports=[ASAN]) is None


def test_a_sanitizer_ends_its_own_process_unless_more_follows() -> None:
    assert not read(ASAN, 1).in_child
    assert read(ASAN + PARENT, 1).in_child


def test_a_note_of_abort_is_not_the_reason_for_it() -> None:
    note = ASAN.replace("heap-use-after-free on address", "ABRT on unknown address")
    assert read(ASSERT + note, 1).kind is CrashKind.ASSERT


def test_a_stack_of_another_thread_is_not_the_crash() -> None:
    crash = read(SEGV.replace("Current thread", "Thread"), -11)
    assert crash.python_top is None
    assert crash.signature == read("", -11).signature


def _noise(text: str, rng: random.Random) -> str:
    """The text as another machine would have written it."""
    text = re.sub(r"0x[0-9a-f]{6,}", lambda _: f"0x{rng.randrange(16**6, 16**12):x}", text)
    text = re.sub(
        r"==\d+==|pid=\d+|tid=\d+",
        lambda m: re.sub(r"\d+", str(rng.randrange(9**6)), m.group()),
        text,
    )
    text = re.sub(r"(line )\d+", lambda m: m.group(1) + str(rng.randrange(1, 5000)), text)
    text = re.sub(
        r"(\.(?:c|h|cc|py)):\d+", lambda m: f"{m.group(1)}:{rng.randrange(1, 9000)}", text
    )
    text = re.sub(r"\+0x[0-9a-f]+", lambda _: f"+0x{rng.randrange(16, 16**5):x}", text)
    text = text.replace("/home/user/", rng.choice(["/opt/build/", "/Users/someone else/", "/b/"]))
    text = re.sub(r"_r\d\d\.c", f"_r{rng.randrange(10, 99)}.c", text)
    text = text.replace(
        "../Python/", rng.choice(["Python/", "/usr/src/cpython/Python/", "./Python/"])
    )
    return text.replace("python3.15d:", rng.choice(["python:", "_bootstrap_python:", "python3:"]))


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.txt")), ids=lambda path: path.stem)
def test_machine_build_and_line_do_not_change_a_signature(path: Path) -> None:
    text = path.read_text()
    for exit_code in (134, 139, 1):
        plain = read_crash(text, exit_code=exit_code)
        for seed in range(4):
            noisy = read_crash(_noise(text, random.Random(seed)), exit_code=exit_code)
            assert (noisy and noisy.signature) == (plain and plain.signature)


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.txt")), ids=lambda path: path.stem)
def test_colours_carriage_returns_and_ci_timestamps_do_not_matter(path: Path) -> None:
    text = path.read_text()
    stamped = "".join(
        f"2026-11-02T12:00:0{i % 10}.1234567Z {line}\n" for i, line in enumerate(text.splitlines())
    )
    for changed in (
        text.replace("\n", "\r\n"),
        stamped,
        re.sub("(?m)^", "\x1b[0m\x1b[31;1m", text),
    ):
        for exit_code in (134, 1, None):
            assert read_crash(changed, exit_code=exit_code) == read_crash(text, exit_code=exit_code)


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        (SEGV, "string_at", "memmove"),
        (SEGV, "in call", "in other"),
        (SEGV, "Segmentation fault", "Bus error"),
        (ASSERT, "_PyOptimizer_Optimize", "_PyOptimizer_Other"),
        (ASSERT, "interp->jit", "!interp->jit"),
        (ASSERT, "optimizer.c", "optimizer_analysis.c"),
        (SPECIFIC, "deallocating None", "deallocating True"),
        (OBJECT, "visit_decref", "visit_reachable"),
        (ASAN, "dict_getitem", "dict_setitem"),
        (ASAN, "heap-use-after-free", "heap-buffer-overflow"),
        (TSAN, "w2", "w3"),
        ("free(): invalid pointer\n", "pointer", "size"),
    ],
)
def test_another_place_or_another_word_is_another_bug(text: str, old: str, new: str) -> None:
    assert read(text, 134).signature != read(text.replace(old, new), 134).signature or (
        read(text, None).signature != read(text.replace(old, new), None).signature
    )


def test_a_long_expression_is_cut_to_read_but_hashed_whole() -> None:
    long = ASSERT.replace("interp->jit", "a == b || " * 50 + "c")
    longer = ASSERT.replace("interp->jit", "a == b || " * 50 + "d")
    assert len(read(long, -6).signature) < 260
    assert read(long, -6).signature != read(longer, -6).signature


@pytest.mark.parametrize(
    "junk",
    [
        *("a", " ", ":1: ", "\x1b[", "\x1b]", "\r", "\n", "#0 0x1 in f ((((\n", "#0 f /a b /c d"),
        *("Fatal Python error: ", "Fatal Python error: x\na\na\n\n", "free(): invalid pointer x\n"),
        *("python: a.c:1: f: Assertion `", "Assertion failed: (", '  File "', "a.py::x "),
        *("==1==ERROR: AddressSanitizer: x\n", "a.c:1: runtime error: ", "Debug memory block "),
    ],
)  # fmt: skip
def test_hostile_text_takes_linear_time(junk: str) -> None:
    text = SEGV + junk * (1_000_000 // len(junk))
    started = time.perf_counter()
    assert read(text, -11).kind is CrashKind.SIGNAL
    assert time.perf_counter() - started < 2  # 0.1 s here; a quadratic reader needs minutes
