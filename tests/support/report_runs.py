"""Runs for tests of reports: one of each kind, small, with whatever a log or a name can hold."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
from stored_runs import ASSERT, SEGFAULT, crashed, ours, write_run

from labeille.results.differential import Differential, DifferentialVerdict, Finding, Scope

if TYPE_CHECKING:
    from pathlib import Path

#: What a log may hold to break out of a page, a terminal, an XML file or a line.
HOSTILE = (
    "</script><script>document.title='broken out'</script>\n"
    "</pre></textarea><img src=x onerror=\"document.title='broken out'\">\n"
    "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x00\x08\x0b\x0c\x7f\x9b]]>&amp;\n"
    "user\u202eexe.gpj\u2066 zero\u200bwidth \ufffe\n"
    "::error title=x::injected\r\n"
    "{{ page }} {% raw %} <!-- --> `code` | cell |\n"
)
LONG_LINE = "x" * 1_000_000

TARGET: dict[str, object] = {
    "python": "/opt/jit/bin/python3.15",
    "version": "3.15.2",
    "implementation": "cpython",
    "compiler": "GCC 16.2.0",
    "configure_args": "'--enable-experimental-jit=yes-off' '--with-pydebug'",
    "jit_available": True,
    "free_threaded": False,
    "debug": True,
    "sanitizers": [],
}

STDERR = """\
python: ../Python/optimizer_cases.c.h:45: optimize_uops: Assertion `!PyJitRef_IsUnique(value)' failed.
Fatal Python error: Aborted

Current thread 0x00007f2fdb5b6780 [python] (most recent call first):
  File "/work/click/src/click/core.py", line 448 in invoke
  File "/venv/lib/python3.15/site-packages/_pytest/python.py", line 187 in pytest_pyfunc_call

Current thread's C stack trace (most recent call first):
  Binary file "python", at _Py_DumpStack+0x37 [0x7c0a45]
  Binary file "python", at optimize_uops+0xd308 [0x619813]

Extension modules: _cffi_backend (total: 1)
"""  # noqa: E501 - as the C library writes it


def counts(passed: int, failed: int = 0, skipped: int = 0) -> dict[str, int]:
    return {
        "passed": passed,
        "failed": failed,
        "error": 0,
        "skipped": skipped,
        "total": passed + failed + skipped,
    }


def hunt_records() -> list[dict[str, Any]]:
    """A record of each status, in the order they ended."""
    stacks = {
        "signal": "SIGABRT",
        "detail": STDERR.splitlines()[0],
        "python_stack": ["click/core.py:invoke", "_pytest/python.py:pytest_pyfunc_call"],
        "c_stack": ["optimize_uops", "_PyOptimizer_Optimize"],
    }
    installed = {"installed_dependencies": {"pytest": "9.2.0", "pluggy": "1.7.0"}}
    jit = {"jit": {"enabled": True, "executors": 40}}
    return [
        ours("idna", "pass", tests=counts(6400), duration_seconds=4.5, **jit, **installed),
        crashed(
            "click",
            ASSERT,
            crash=stacks,
            exit_code=-6,
            signal=6,
            running_test="tests/test_core.py::test_invoke[<a|b>]",
            tests=counts(12),
            timestamp="2026-11-20T10:05:05+00:00",
            stderr_tail=STDERR,
            **installed,
        ),
        crashed("toolz", SEGFAULT, tests=counts(3), timestamp="2026-11-20T10:05:09+00:00"),
        ours(
            "numpy",
            "fail",
            tests=counts(900, 2, 7),
            failed_tests=["tests/test_a.py::test_x", "tests/test_a.py::test_<y>"],
            timestamp="2026-11-20T10:06:00+00:00",
            duration_seconds=33.3,
            max_rss_bytes=900 * 2**20,
            **jit,
        ),
        ours(
            "werkzeug",
            "timeout",
            timeout_hit=True,
            timeout_kind="stall",
            reason="no output for 120 s, in tests/test_serving.py::test_server",
            running_test="tests/test_serving.py::test_server",
            duration_seconds=124.0,
            timestamp="2026-11-20T10:08:05+00:00",
        ),
        ours(
            "six",
            "pass",
            tests=counts(181, 0, 17),
            jit={"enabled": True, "executors": 0},
            timestamp="2026-11-20T10:08:10+00:00",
        ),
        ours(
            "lxml",
            "install_error",
            reason="gcc: error: <command> & 'more'",
            error_message="gcc: error: <command> & 'more'",
        ),
        ours("gone", "clone_error", reason="the repository was not found"),
        ours(
            "big",
            "error",
            reason="ended by labeille: it held 6.0 GiB of memory",
            error_message="ended by labeille: it held 6.0 GiB of memory",
        ),
    ]


def write_hunt(results: Path, run_id: str = "run_a", *, started: str = "10", **meta: Any) -> Path:
    """The hunt with hostile logs, as it lies on disk."""
    stamp = f"2026-11-20T{started}:00:00+00:00"
    path = write_run(results, run_id, stamp, hunt_records(), **({"target": TARGET} | meta))
    for package in ("click", "numpy", "idna"):
        folder = path / "logs" / package
        folder.mkdir(parents=True)
        (folder / "stdout.log").write_text(HOSTILE, encoding="utf-8", errors="surrogatepass")
        (folder / "stderr.log").write_bytes(b"\xff\xfe not UTF-8\n" + LONG_LINE.encode() + b"\n")
    events: list[dict[str, Any]] = [
        {"event": "session", "pid": 1},
        {
            "event": "collect-start",
            "rootdir": "/work/click",
            "invocation_dir": "/work/click",
            "configured": True,
        },
    ]
    _write_events(path / "logs" / "click" / "tests.jsonl", events)
    failed = {"event": "end", "test": "tests/test_a.py::test_x", "outcome": "failed"}
    _write_events(
        path / "logs" / "numpy" / "tests.jsonl",
        [
            *events,
            {**failed, "duration": 0.7, "message": "AssertionError: assert '</script>' == 1"},
        ],
    )
    (path / "crashes").mkdir()
    (path / "crashes" / "click.txt").write_text(
        f"signature: {ASSERT}\n\n==== standard error (end) ====\n{STDERR}\n"
        "==== standard output (end) ====\ncollected 3 items\n"
    )
    return path


def _write_events(path: Path, events: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(event) + "\n" for event in events))


def differentials() -> list[Differential]:
    """A package with findings, one without, and one whose candidate is not confirmed."""
    conditions = ("nojit", "jit", "jit-eager:63")
    failure, crash = DifferentialVerdict.JIT_FAILURE, DifferentialVerdict.JIT_CRASH
    leak = "tests/test_leak.py::test_leaks[<native>]"
    return [
        Differential(
            package="markupsafe",
            conditions=conditions,
            repeat=2,
            verdict=failure,
            tests={leak: failure, "tests/test_x.py::test_flaky": DifferentialVerdict.FLAKY},
            executors={"nojit": 0, "jit": 5, "jit-eager:63": 403},
            findings=(
                Finding(
                    test=leak,
                    verdict=failure,
                    confirmed=True,
                    scope=Scope.TEST,
                    command="labeille run --packages markupsafe@3.0.4 --condition jit",
                    exception="AssertionError: assert 3 < 3 (tests/test_leak.py:28)",
                ),
            ),
        ),
        Differential(
            package="idna",
            conditions=conditions,
            repeat=2,
            executors={"nojit": 0, "jit": 0, "jit-eager:63": 9},
        ),
        Differential(
            package="toolz",
            conditions=conditions,
            repeat=2,
            verdict=crash,
            tests={"(suite)": crash},
            findings=(Finding(test="(suite)", verdict=crash, exception=SEGFAULT),),
        ),
    ]


def write_differential(
    results: Path, run_id: str = "diff_a", lines: list[Differential] | None = None
) -> Path:
    """The differential as it lies on disk, with a package that could not be compared."""
    failed = {"status": "fail", "exit_code": 1, "condition": "jit", "tests": counts(77, 2, 1)}
    records = [
        ours("markupsafe", "pass", condition="nojit", tests=counts(79, 0, 1)),
        {**ours("markupsafe", "fail"), **failed},
        ours("idna", "pass", condition="nojit", tests=counts(6400)),
        ours("lxml", "install_error", reason="gcc was not found", condition="nojit"),
        ours("toolz", "pass", condition="nojit", tests=counts(180)),
        crashed("toolz", SEGFAULT, crash={"c_stack": ["<jit>", "_PyEval_EvalFrameDefault"]}),
    ]
    stamp = "2026-11-20T10:00:00+00:00"
    path = write_run(results, run_id, stamp, records, target=TARGET)
    (path / "differential.jsonl").write_bytes(
        b"".join(msgspec.json.encode(line) + b"\n" for line in lines or differentials())
    )
    folder = path / "logs" / "markupsafe" / "jit" / "2"
    folder.mkdir(parents=True)
    (folder / "stdout.log").write_text(HOSTILE, encoding="utf-8")
    return path
