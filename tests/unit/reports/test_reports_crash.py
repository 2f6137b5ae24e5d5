"""One crash is found by any of its names, and its report says all that is stored of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from ft_runs import crashing
from ft_runs import write_run as write_free_threaded
from report_runs import write_hunt
from stored_runs import ASSERT, SEGFAULT, crashed, original, ours, write_original, write_run

from labeille.analysis.crash import find_crash
from labeille.analysis.runs import list_runs
from labeille.cli.report import report
from labeille.errors import UsageError
from labeille.reports.crash_report import crash_report
from labeille.reports.crash_title import crash_title
from labeille.results.triage import (
    Attribution,
    KnownMatch,
    Look,
    LookKind,
    Reduction,
    Repeats,
    Triage,
    TriageResult,
)

TITLES = [
    (
        "assert:optimizer.c|_PyOptimizer_Optimize|interp->jit:5f1d2c9a",
        "Assertion `interp->jit' failed in _PyOptimizer_Optimize (optimizer.c)",
    ),
    ("assert:pystate.c|x > 0:5f1d2c9a", "Assertion `x > 0' failed in pystate.c"),
    (
        "object-assert:object.c|_Py_NegativeRefcount|object has negative ref count:aaaaaaaa",
        "Object assertion failed in _Py_NegativeRefcount: object has negative ref count",
    ),
    (
        "libc-abort:free(): double free detected in tcache 2:51b0e7aa",
        "Abort by the C library: free(): double free detected in tcache 2",
    ),
    (
        "fatal-error:_Py_CheckFunctionResult|a function returned NULL:12345678",
        "Fatal Python error: _Py_CheckFunctionResult: a function returned NULL",
    ),
    (
        "signal:SIGSEGV|dict_get|_PyEval_EvalFrameDefault:11112222",
        "Segmentation fault in dict_get",
    ),
    (
        "signal:SIGSEGV|<jit>|_PyEval_EvalFrameDefault:9ad3310c",
        "Segmentation fault in code of the JIT, called from _PyEval_EvalFrameDefault",
    ),
    ("signal:SIGILL|<jit>:9ad3310c", "Illegal instruction in code of the JIT"),
    ("signal:SIGBUS:9ad3310c", "Bus error"),
    (
        "sanitizer:AddressSanitizer|heap-use-after-free|list_pop:00000000",
        "AddressSanitizer: heap-use-after-free in list_pop",
    ),
    ("debug-malloc:_PyMem_DebugRawFree|bad trailing pad byte:00000000", None),
    ("SIGSEGV", "SIGSEGV"),  # the original's
    ("", "Crash without a signature"),
]


@pytest.mark.parametrize(("signature", "title"), TITLES)
def test_title(signature: str, title: str | None) -> None:
    expected = "Debug allocator: _PyMem_DebugRawFree, bad trailing pad byte"
    assert crash_title(signature) == (title or expected)


@pytest.mark.parametrize(
    ("wanted", "run_id", "package"),
    [
        (ASSERT, "run_2", "click"),
        ("30d96460", "run_2", "click"),
        (ASSERT.rpartition(":")[0], "run_2", "click"),
        ("Click", "run_2", "click"),
        ("toolz", "run_1", "toolz"),
        (SEGFAULT, "run_1", "toolz"),
    ],
)
def test_a_crash_has_many_names(tmp_path: Path, wanted: str, run_id: str, package: str) -> None:
    first, second = "2026-11-19T10:00:00+00:00", "2026-11-20T10:00:00+00:00"
    write_run(tmp_path, "run_1", first, [crashed("click", ASSERT), crashed("toolz", SEGFAULT)])
    write_run(tmp_path, "run_2", second, [crashed("click", ASSERT), ours("toolz", "pass")])
    crash = find_crash(list_runs(tmp_path), wanted)
    assert (crash.run.run_id, crash.record.package) == (run_id, package)
    assert len(crash.sightings) == (2 if package == "click" else 1)


ERRORS = [
    ("six", r"six did not crash in any run here; its last verdict is pass, in run_1"),
    ("nope", r"no crash here has the signature, the hash or the package 'nope'"),
    ("ffffffff", r"no crash here has .* 'ffffffff'"),
    ("", r"no crash here has"),
]


@pytest.mark.parametrize(("wanted", "message"), ERRORS)
def test_what_is_no_crash_is_refused(tmp_path: Path, wanted: str, message: str) -> None:
    records = [ours("six", "pass"), crashed("toolz", SEGFAULT)]
    write_run(tmp_path, "run_1", "2026-11-19T10:00:00+00:00", records)
    with pytest.raises(UsageError, match=message) as caught:
        find_crash(list_runs(tmp_path), wanted)
    assert SEGFAULT in str(caught.value.hint)


def report_of(results: Path, wanted: str) -> str:
    return crash_report(find_crash(list_runs(results), wanted))


def test_the_jit_on_and_off_from_other_runs(tmp_path: Path) -> None:
    write_hunt(tmp_path, "run_a")
    off: dict[str, Any] = {"condition": "nojit", "env_overrides": {"PYTHON_JIT": "0"}}
    for hour in ("11", "12"):
        stamp = f"2026-11-20T{hour}:00:00+00:00"
        write_run(tmp_path, f"off_{hour}", stamp, [ours("click", "pass", **off)], condition="nojit")
    elsewhere = ours("click", "crash", target_id="another build")
    write_run(tmp_path, "other", "2026-11-20T13:00:00+00:00", [elsewhere])
    text = report_of(tmp_path, "click")
    assert "| with the JIT off | 2 pass in 2 runs |" in text
    assert "| with the JIT on | 1 crash in 1 run |" in text
    assert text.splitlines()[0].endswith(
        "failed in optimize_uops (optimizer_cases.c.h) with the JIT"
    )


def test_what_triage_and_reduction_left_goes_in(tmp_path: Path) -> None:
    path = write_hunt(tmp_path)
    looks = (
        Look(
            kind=LookKind.FOUND,
            condition="jit",
            repeats=Repeats(
                runs=5, same=4, signatures={ASSERT: 4}, statuses={"crash": 4, "pass": 1}
            ),
        ),
        Look(kind=LookKind.NOJIT, condition="nojit", repeats=Repeats(runs=5, same=0)),
        Look(kind=LookKind.DEBUG, condition="jit", reason="there is no debug build here"),
    )
    known = KnownMatch(issue=141797, title="A known one", url="", fixed_in=("3.15.3",))
    result = TriageResult(
        signature=ASSERT,
        package="click",
        attribution=Attribution.JIT,
        reason="5 of 5 pass without",
        looks=looks,
        known=(known,),
    )
    triage = Triage(run_id="run_a", results=(result,))
    (path / "triage.json").write_bytes(msgspec.json.encode(triage))
    reduction = Reduction(
        package="click",
        signature=ASSERT,
        tests=("tests/test_core.py::test_invoke",),
        command="python -m pytest tests/test_core.py::test_invoke",
        repeats=Repeats(runs=5, same=5),
        smallest=True,
        script="reduced/click.sh",
    )
    (path / "reduced").mkdir()
    (path / "reduced" / "click.json").write_bytes(msgspec.json.encode(reduction))
    (path / "reduced" / "click.sh").write_text("#!/usr/bin/env bash\necho all of it\n")
    text = report_of(tmp_path, "click")
    for words in (
        "- reproduced 4 of 5 times as it was found",
        "- it needs the JIT (5 of 5 pass without)",
        "- may be gh-141797: A known one, fixed in 3.15.3",
        "The smallest command that is known, which shows it 5 of 5 times:",
        "echo all of it",
        "| with the JIT on | crashes 4 of 5 times, 1 pass |",
        "| with the JIT off | crashes 0 of 5 times |",
        "| with the JIT on, debug build | not tried: there is no debug build here |",
    ):
        assert words in text, text
    assert "may need others before it" not in text


def test_a_crash_without_its_text_is_told_by_its_record(tmp_path: Path) -> None:
    stacks = {"python_stack": ["a.py:f"], "c_stack": ["dict_get"], "phase": "install"}
    record = crashed("six", SEGFAULT, crash=stacks, test_command="", running_test=None)
    write_run(tmp_path, "run_1", "2026-11-19T10:00:00+00:00", [record])
    text = report_of(tmp_path, "six")
    assert "with the JIT on, in its install phase." in text
    assert "C stack, innermost first:\n\n```\ndict_get\n```" in text


def test_a_crash_of_the_originals_format(tmp_path: Path) -> None:
    write_original(tmp_path, "run_o", "2026-11-19T10:00:00+00:00", [original("six", "crash")])
    text = report_of(tmp_path, "six")
    assert text.startswith("# SIGSEGV")
    assert "git checkout abc1234def5678abc1234def5678abc1234def56" in text


def test_a_crash_without_the_gil(tmp_path: Path) -> None:
    write_free_threaded(tmp_path, "ft_a", [crashing()])
    text = report_of(tmp_path, "11112222")
    assert text.startswith("# Segmentation fault in dict_get\n")
    assert "with the GIL off, in `tests/test_counter.py::test_increments`" in text


def test_nobodys_home_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    record = crashed("six", SEGFAULT)
    meta = {"target_python": "/home/someone/jit/bin/python3.15"}
    write_run(tmp_path, "run_1", "2026-11-19T10:00:00+00:00", [record], **meta)
    text = report_of(tmp_path, "six")
    assert "/home/someone" not in text
    assert "--target-python ~/jit/bin/python3.15" in text


USAGE = [
    ("--crash click run_a run_a", "--crash takes one RUN at most, and writes markdown"),
    ("--crash click --format html", "--crash takes one RUN at most, and writes markdown"),
    ("run_b", "there is no run 'run_b'"),
    ("run_a -o /nowhere/at/all.html", "cannot write /nowhere/at/all.html: No such file"),
]


@pytest.mark.parametrize(("arguments", "message"), USAGE)
def test_bad_input_is_one_clear_line(tmp_path: Path, arguments: str, message: str) -> None:
    write_hunt(tmp_path)
    words = [*arguments.split(), "--results-dir", str(tmp_path)]
    done = CliRunner().invoke(report, words)
    assert isinstance(done.exception, UsageError)
    assert message in str(done.exception)
    assert done.exception.hint or "--crash" in message
