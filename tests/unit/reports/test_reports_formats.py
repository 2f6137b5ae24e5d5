"""What reports say, word for word, of one run of each kind and of two runs.

``--update-golden`` rewrites the files that differ, for a look at the difference before it is
committed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner
from ft_runs import everything, fine, racy
from ft_runs import write_run as write_free_threaded
from report_runs import differentials, hunt_records, write_differential, write_hunt
from stored_runs import write_run

from labeille import __version__
from labeille.cli.report import report

GOLDEN = Path(__file__).parent / "golden_reports"

CASES = {
    "hunt.md": "run_a --format markdown",
    "hunt.xml": "run_a --format junit",
    "hunt.github": "run_a --format github",
    "hunt.html": "run_a --format html -o -",
    "changes.md": "run_0 run_a --format markdown",
    "changes.github": "run_0 run_a --format github",
    "differential.md": "diff_a --format markdown",
    "differential.xml": "diff_a --format junit",
    "differential.github": "diff_a --format github",
    "differential-changes.md": "diff_0 diff_a --format markdown",
    "free-threaded.md": "ft_a --format markdown",
    "free-threaded.github": "ft_a --format github",
    "free-threaded-changes.md": "ft_0 ft_a --format markdown",
    "crash.md": "--crash click",
}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    before = [
        {**record, "status": "pass", "crash": None, "crash_signature": None, "exit_code": 0}
        if record["package"] in ("click", "numpy")
        else record
        for record in hunt_records()
        if record["package"] != "six"
    ]
    write_run(folder, "run_0", "2026-11-19T10:00:00+00:00", before)
    write_hunt(folder, "run_a")
    write_differential(folder, "diff_0", differentials()[1:2])
    write_differential(folder, "diff_a")
    write_free_threaded(folder, "ft_0", [racy(), fine()])
    write_free_threaded(folder, "ft_a", everything())
    return folder


def run_report(results: Path, arguments: str) -> str:
    words = [*arguments.split(), "--results-dir", str(results)]
    done = CliRunner().invoke(report, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.parametrize("name", CASES)
def test_output(results: Path, name: str, request: pytest.FixtureRequest) -> None:
    text = run_report(results, CASES[name])
    text = re.sub(r"<style>.*?</style>|<script>.*?</script>", "", text, flags=re.DOTALL)
    text = re.sub(r"sha256-[A-Za-z0-9+/]+=*", "sha256-…", text)
    text = text.replace(str(results), "<results>").replace(__version__, "<version>")
    golden = GOLDEN / name
    if request.config.getoption("--update-golden"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def test_every_golden_file_belongs_to_a_case() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == set(CASES)


@pytest.mark.parametrize("run", ["run_a", "diff_a", "ft_a"])
def test_junit_counts_what_it_holds(results: Path, run: str) -> None:
    root = ET.fromstring(run_report(results, f"{run} --format junit"))
    (suite,) = root
    cases = suite.findall("testcase")
    for element, attribute in (
        (None, "tests"),
        ("failure", "failures"),
        ("error", "errors"),
        ("skipped", "skipped"),
    ):
        number = len(cases if element is None else suite.findall(f"testcase/{element}"))
        assert suite.get(attribute) == root.get(attribute) == str(number)
    assert len({case.get("name") for case in cases}) == len(cases)


@pytest.mark.parametrize("run", ["run_a", "diff_a", "ft_a"])
def test_annotations_are_workflow_commands_and_nothing_else(results: Path, run: str) -> None:
    lines = run_report(results, f"{run} --format github").splitlines()
    pattern = re.compile(r"::(error|warning|notice) title=[^:,\r\n]*::[^\r\n]*")
    assert lines
    assert [line for line in lines if not pattern.fullmatch(line)] == []


def test_a_differential_fails_for_confirmed_findings_alone(results: Path) -> None:
    root = ET.fromstring(run_report(results, "diff_a --format junit"))
    outcome: Callable[[ET.Element], str] = lambda case: case[0].tag if len(case) else ""  # noqa: E731
    assert {case.get("name"): outcome(case) for case in root.iter("testcase")} == {
        "markupsafe": "failure",
        "toolz": "skipped",
        "lxml": "error",
        "idna": "system-out",  # the JIT compiled nothing in it
    }


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("r.html", "<!doctype html>"),
        ("r.md", "# "),
        ("r.xml", "<?xml "),
        ("r", "<!doctype html>"),
    ],
)
def test_the_format_follows_from_the_files_ending(
    results: Path, tmp_path: Path, name: str, start: str
) -> None:
    path = tmp_path / name
    said = run_report(results, f"run_a -o {path}")
    assert said.startswith(f"wrote {path}, ")
    assert path.read_text(encoding="utf-8").startswith(start)
