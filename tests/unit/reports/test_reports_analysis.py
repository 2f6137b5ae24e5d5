"""What ``labeille analyze`` prints, word for word.

``--update-golden`` rewrites the files that differ, for a look at the difference before it is
committed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from stored_runs import ASSERT, crashed, original, ours, write_original, write_run

from labeille.cli.analyze import analyze
from labeille.cli.merge import merge
from labeille.errors import UsageError

GOLDEN = Path(__file__).parent / "golden"

CASES = {
    "run": "run latest",
    "run-quiet": "run nightly-2 -q",
    "run-verbose": "run nightly-2 -v",
    "run-table": "run nightly-2 --format table",
    "run-full": "run nightly-2 --format full",
    "run-original": "run original-2",
    "run-json": "run nightly-2 --json",
    "compare": "compare nightly-1 nightly-2",
    "compare-only-changes": "compare nightly-1 nightly-2 --only-changes --no-timing",
    "compare-original-same-target": "compare original-1 original-2 --only-changes --no-timing",
    "compare-original-other-target": "compare original-1 original-3 --only-changes --no-timing",
    "compare-json": "compare nightly-1 nightly-2 --json",
    "history": "history",
    "history-last": "history --last 2",
    "history-json": "history --last 2 --json",
    "package": "package click",
    "package-json": "package numpy --json",
}


def jit(executors: int) -> dict[str, Any]:
    return {"jit": {"enabled": True, "executors": executors}}


def counts(passed: int, failed: int = 0) -> dict[str, Any]:
    return {"passed": passed, "failed": failed, "error": 0, "skipped": 0, "total": passed + failed}


def write_runs(results: Path) -> None:
    """Two nights and three runs of the original, whose names are against their order."""
    deps = {"installed_dependencies": {"pytest": "9.1.0", "pluggy": "1.6.0"}}
    write_run(
        results,
        "nightly-1",
        "2026-11-20T10:00:00+00:00",
        [
            ours("click", "pass", tests=counts(620), duration_seconds=4.1, **jit(12)),
            ours("idna", "pass", tests=counts(6441), duration_seconds=9.0, **jit(40)),
            ours("numpy", "install_error", reason="install: pip could not build numpy: no gcc"),
            crashed("toolz", running_test="tests/test_x.py::test_get", tests=counts(100)),
            ours("werkzeug", "fail", tests=counts(900, 1), failed_tests=["tests/test_s.py::test_a"],
                 **deps),
            ours("yarl", "pass", tests=counts(50)),
        ],
    )  # fmt: skip
    write_run(
        results,
        "nightly-2",
        "2026-11-21T10:00:00+00:00",
        [
            crashed(
                "click",
                ASSERT,
                reason="while pytest collected tests/test_shell_completion.py",
                crash={"detail": "Assertion `!PyJitRef_IsUnique(value)' failed.", "in_child": True},
            ),
            ours("idna", "pass", tests=counts(6441), duration_seconds=31.0, **jit(0)),
            ours("numpy", "install_error", reason="install: pip could not build numpy: no gcc"),
            ours("scipy", "install_error", reason="install: pip could not build scipy: no gcc"),
            ours("toolz", "timeout", timeout_kind="stall", tests=counts(40),
                 running_test="tests/test_x.py::test_get", duration_seconds=124.0,
                 reason="no sign of life in tests/test_x.py::test_get (busy: 120 s of CPU time)"),
            ours("werkzeug", "fail", tests=counts(898, 3), duration_seconds=7.5,
                 failed_tests=["tests/test_s.py::test_b", "tests/test_s.py::test_c[x y]"]),
        ],
        packages=7,
    )  # fmt: skip
    abc = {"git_revision": "abc1234def5678abc1234def5678abc1234def56"}
    write_original(
        results, "original-1", "2026-02-01T10:00:00", [original("requests", "pass", **abc)]
    )
    crash = original("requests", "crash", stderr_tail="Fatal Python error: Aborted", **abc)
    write_original(results, "original-2", "2026-02-02T10:00:00", [crash])
    write_original(
        results,
        "original-3",
        "2026-01-31T10:00:00",
        [crash],
        python_version="3.16.0a0 (heads/main:0f1e2d3, Jan 30 2026, 08:00:00) [Clang 21.1.0]",
        target_python="/opt/main/python",
    )


@pytest.mark.parametrize("name", CASES)
def test_golden(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.chdir(tmp_path)
    write_runs(tmp_path / "results")
    result = CliRunner().invoke(analyze, CASES[name].split(), catch_exceptions=False)
    assert result.exit_code == 0
    actual = result.output.replace(str(tmp_path), "/HERE")
    golden = GOLDEN / f"{name}.txt"
    if request.config.getoption("--update-golden", default=False):
        golden.write_text(actual)
    assert actual == golden.read_text()


def test_every_golden_file_belongs_to_a_case() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txt")} == {*CASES}


def invoke(*words: str) -> str:
    group = merge if words[0] == "merge" else analyze
    arguments = words[1:] if words[0] == "merge" else words
    result = CliRunner().invoke(group, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_runs_are_found_where_they_are(tmp_path: Path) -> None:
    write_runs(tmp_path / "elsewhere")
    folder = str(tmp_path / "elsewhere")
    by_id = invoke("run", "nightly-1", "--results-dir", folder)
    assert "6 packages: 3 pass, 1 fail, 1 crash, 1 install_error" in by_id
    assert invoke("run", f"{folder}/nightly-1") == by_id
    assert invoke("run", "latest~1", "--results-dir", folder) == by_id
    assert "nightly-2" in invoke("run", "--results-dir", folder)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("run nix", "there is no run 'nix'"),
        ("run latest~5", "there are only 5 hunt runs"),
        ("compare nightly-1 nix", "there is no run 'nix'"),
        ("package nobody", "none of 5 runs has a record of nobody"),
        ("package ../x", "is not a package name"),
        ("history --results-dir missing", "there are no hunt runs in"),
    ],
)
def test_what_cannot_be_said(
    line: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_runs(tmp_path / "results")
    with pytest.raises(UsageError, match=message) as caught:
        invoke(*line.split())
    assert caught.value.hint


def test_merged_runs_are_read_like_any_other(tmp_path: Path) -> None:
    results = str(tmp_path / "results")
    for number, package in enumerate(("a", "b")):
        write_run(tmp_path / f"s{number}", "run", f"2026-11-2{number}T10:00:00+00:00",
                  [ours(package, "pass")])  # fmt: skip
    said = invoke(
        "merge", str(tmp_path / "s0"), str(tmp_path / "s1"), "--results-dir", results,
        "--run-id", "all",
    )  # fmt: skip
    assert said == f"2 records in {results}/all\n"
    found = json.loads(invoke("run", "all", "--results-dir", results, "--json"))
    assert (found["packages"], found["counts"]["pass"]) == (2, 2)
