"""Which frames of a stack tell something."""

from __future__ import annotations

import importlib.resources
import re
from pathlib import Path

import pytest
import yaml

from labeille.crashes.evidence import read_crash
from labeille.crashes.frames import JIT, CFrame, PythonFrame, telling_c, telling_python
from labeille.crashes.stacks import binary_frame, numbered_frame

PYTHON = "/usr/bin/python3.15"
LIBC = "/lib/libc.so.6"
EXT = "/x/_ext.cpython-315-x86_64-linux-gnu.so"
DUMP = (CFrame("_Py_DumpStack", PYTHON), CFrame(None, PYTHON), CFrame(None, LIBC))
MUTE = CFrame(None, PYTHON)
LOOP = CFrame("_PyEval_EvalFrameDefault", PYTHON)
MAIN = CFrame("main", PYTHON)


@pytest.mark.parametrize(
    ("stack", "tokens", "named"),
    [
        ((), (), False),
        ((*DUMP, MUTE, MUTE, MAIN), (), False),
        ((*DUMP, CFrame("f", EXT), CFrame("g", EXT), LOOP, CFrame("h", EXT)), ("f", "g"), True),
        ((*DUMP, CFrame("f", EXT), CFrame("f", EXT), CFrame("f", EXT), LOOP), ("f",), True),
        ((*DUMP, CFrame(None, EXT), CFrame(None, EXT), LOOP), ("_ext",), False),
        ((*DUMP, CFrame(None, LIBC), CFrame("f", EXT)), ("f",), True),
        ((*DUMP, CFrame(), CFrame(), CFrame(), LOOP), (JIT,), False),
        ((*DUMP, CFrame("gsignal", LIBC), CFrame("abort"), CFrame("f.cold", EXT)), ("f",), True),
        ((*DUMP, *[MUTE] * 9, CFrame("PyDict_Next", PYTHON)), ("PyDict_Next",), False),  # too far
        ((*DUMP, MUTE, CFrame("PyDict_Next", PYTHON)), ("PyDict_Next",), True),
        ((CFrame("raise"), CFrame("faulthandler_fatal_error"), CFrame("<signal handler called>"),
          CFrame("strlen"), CFrame("Py_DECREF"), CFrame("f"), LOOP), ("f",), True),
    ],
)  # fmt: skip
def test_telling_c(stack: tuple[CFrame, ...], tokens: tuple[str, ...], named: bool) -> None:
    telling = telling_c(stack)
    assert (telling.tokens, telling.named) == (tokens, named)


LIB = "/usr/lib/python3.15"
SITE = f"{LIB}/site-packages"


@pytest.mark.parametrize(
    ("frames", "tokens"),
    [
        ([], ()),
        (
            # different tests, one bug
            [("/w/pkg/core.py", "parse"), ("/w/tests/test_core.py", "test_a"), ("/w/r.py", "m")],
            ("core.py:parse",),
        ),
        (
            [("/w/tests/test_core.py", "helper"), ("/w/tests/test_core.py", "test_a"),
             (f"{SITE}/_pytest/python.py", "pytest_pyfunc_call")],
            ("test_core.py:helper", "test_core.py:test_a"),
        ),
        (
            [("<frozen importlib._bootstrap>", "_load"), ("/w/pkg/__init__.py", "<module>")],
            ("pkg/__init__.py:<module>",),
        ),
        (
            [("/w/a.py", "f"), (f"{LIB}/threading.py", "run"), (f"{LIB}/runpy.py", "_run")],
            ("a.py:f",),
        ),
        (
            # nothing but plumbing is better than nothing
            [(f"{SITE}/pluggy/_callers.py", "_multicall"), (f"{SITE}/_pytest/main.py", "_main")],
            ("pluggy/_callers.py:_multicall", "_pytest/main.py:_main"),
        ),
    ],
)  # fmt: skip
def test_telling_python(frames: list[tuple[str, str]], tokens: tuple[str, ...]) -> None:
    assert telling_python(PythonFrame(*frame) for frame in frames) == tokens


@pytest.mark.parametrize(
    ("line", "frame"),
    [
        (f'  Binary file "{EXT}", at f+0x20 [0x7f01]', CFrame("f", EXT)),
        (f'  Binary file "{EXT}", at +0x20 [0x7f01]', CFrame(None, EXT)),
        (f'  Binary file "{PYTHON}" [0x564ea1]', CFrame(None, PYTHON)),
        ("  Binary file '<unknown>' [0x7f2806cbc3cb]", CFrame()),
        ('  Binary file "[vdso]", at __vdso_time+0x2 [0x7f]', CFrame("__vdso_time", None)),
        ("  <truncated rest of calls>", None),
    ],
)
def test_binary_frame(line: str, frame: CFrame | None) -> None:
    assert binary_frame(line) == frame


@pytest.mark.parametrize(
    ("line", "function", "library"),
    [
        ("    #0 0x55d624 in use /home/a b/asan.c:4:58", "use", ""),
        ("    #0 0x55d624 in use Objects/object.c:4", "use", ""),
        ("    #5 0x5654 in _start (/x/prog+0x1150) (BuildId: 1f05ec)", "_start", "/x/prog"),
        ("    #1 0x7f76832  (/lib/libffi.so.7+0x6b49)", None, "/lib/libffi.so.7"),
        ("    #0 w2 /home/u/ts.c:5:44 (ts.clang+0xd0142) (BuildId: 1f05)", "w2", "ts.clang"),
        ("    #0 pthread_create <null> (ts.clang+0x513ad)", "pthread_create", "ts.clang"),
        ("    #3 0x7f7683 (<unknown module>)", None, None),
        ("    #2 0x5 in ns::f(int, char*) /src/a.cc:5:3", "ns::f(int, char*)", ""),
        ("#0  __pthread_kill_implementation (threadid=<optimized out>, signo=6) at ./nptl/p.c:44",
         "__pthread_kill_implementation", ""),
        ("#3  0x00007ffff7c45e2e in __GI_raise (sig=sig@entry=6) at ../r.c:26", "__GI_raise", ""),
        ("#7  0x00005555 in optimize_uops (tstate=<optimized out>)", "optimize_uops", ""),
        ("#9  0x00007fff in ffi_call () from /lib/libffi.so.8", "ffi_call", "/lib/libffi.so.8"),
        ("#4  <signal handler called>", "<signal handler called>", None),
        ("#5  0x00007ffff7fc1001 in ?? ()", None, None),
    ],
)  # fmt: skip
def test_numbered_frame(line: str, function: str | None, library: str | None) -> None:
    found = numbered_frame(line)
    assert found is not None
    assert found[1] == CFrame(function, library)


HEAD = """\
Fatal Python error: Segmentation fault

Current thread 0x00007f83feb59780 [python] (most recent call first):
  File "/w/tests/test_ext.py", line 3 in test_one

Current thread's C stack trace (most recent call first):
  Binary file "/usr/bin/python3.15", at _Py_DumpStack+0x4a [0x4a12b9]
  Binary file "/usr/bin/python3.15" [0x564ea1]
  Binary file "/lib/libc.so.6", at +0x406b0 [0x7f83feb9c6b0]
"""
NAMED = '  Binary file "/x/_ext.so", at ext_boom+0x4a [0x7f12b9]\n'
UNKNOWN = "  Binary file '<unknown>' [0x7f2806cbc3cb]\n"


def _signature(text: str) -> str:
    crash = read_crash(text, exit_code=-11)
    assert crash is not None
    return crash.signature


def test_a_named_c_frame_comes_before_the_python_stack() -> None:
    assert _signature(HEAD + NAMED).startswith("signal:SIGSEGV|ext_boom:")
    assert _signature(HEAD + NAMED) == _signature((HEAD + NAMED).replace("test_one", "test_two"))


def test_a_run_of_unknown_frames_is_the_jit() -> None:
    one = _signature(HEAD + UNKNOWN)
    assert one.startswith("signal:SIGSEGV|<jit>|test_ext.py:test_one:")
    assert one == _signature(HEAD + UNKNOWN * 5)


def test_a_backtrace_of_gdb_is_a_c_stack() -> None:
    text = """\
Program received signal SIGSEGV, Segmentation fault.
0x0000555555a in _PyDict_Next () at Objects/dictobject.c:12
12\t    return 1;
#0  0x00005555 in insertdict (mp=0x7f) at Objects/dictobject.c:12
#1  0x00005556 in PyDict_SetItem (op=<optimized out>,
    key='a') at Objects/dictobject.c:99
#2  0x00005557 in _PyEval_EvalFrameDefault (tstate=0x7) at Python/generated_cases.c.h:5
"""
    for exit_code in (-11, 1, None):
        crash = read_crash(text, exit_code=exit_code)
        assert crash is not None
        assert crash.signal == "SIGSEGV"
        assert crash.signature.startswith("signal:SIGSEGV|insertdict|PyDict_SetItem:")
    assert read_crash("Program received signal SIGSEGV, x\n", exit_code=1) is None


@pytest.mark.parametrize("name", ["plumbing.yaml", "libc_aborts.yaml"])
def test_each_entry_of_the_data_has_a_reason_and_works(name: str) -> None:
    source = importlib.resources.files("labeille.crashes") / "data" / name
    data = yaml.safe_load(source.read_text("utf-8"))
    entries = data if isinstance(data, list) else [*data["c"], *data["python"]]
    for entry in entries:
        assert entry["reason"]
        assert entry.get("role", "skip") in ("skip", "handler", "end", "test")
        for pattern in [*entry.get("patterns", ()), *filter(None, [entry.get("pattern")])]:
            re.compile(pattern)


def test_the_data_is_shipped() -> None:
    assert (Path(__file__).parents[3] / "labeille/crashes/data/plumbing.yaml").is_file()
