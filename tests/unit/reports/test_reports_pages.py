"""What a page says of runs of each kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ft_runs import fine, racy
from ft_runs import write_run as write_free_threaded
from report_runs import differentials, write_differential, write_hunt
from stored_runs import ASSERT, crashed, original, ours, write_original, write_run

from labeille.analysis.runs import list_runs, read_run
from labeille.errors import UsageError
from labeille.reports.page.build import build_comparison, build_page
from labeille.reports.page.model import Page

STARTED = "2026-11-20T10:00:00+00:00"


def page_of(path: Path, *, details: bool = True) -> Page:
    run = read_run(path)
    assert run is not None
    return build_page(run, list_runs(path.parent), details=details)


HEADINGS: list[tuple[list[dict[str, Any]], str]] = [
    ([], "No package has been tested"),
    ([ours("six", "pass")], "six: pass"),
    ([crashed("six")], "six: crash"),
    ([ours("six", "pass"), ours("idna", "fail")], "No crash in 2 packages"),
    ([ours("six", "pass"), ours("idna", "timeout")], "No crash in 2 packages, 1 timed out"),
    ([ours("six", "pass"), crashed("idna")], "1 of 2 packages crashed"),
    ([crashed("six"), crashed("idna")], "2 of 2 packages crashed with 1 signature"),
    ([crashed("six"), crashed("idna", ASSERT)], "2 of 2 packages crashed with 2 signatures"),
]


@pytest.mark.parametrize(("records", "heading"), HEADINGS)
def test_heading(tmp_path: Path, records: list[dict[str, Any]], heading: str) -> None:
    assert page_of(write_run(tmp_path, "run_h", STARTED, records)).heading == heading


def test_rows_stand_in_the_order_of_gravity(tmp_path: Path) -> None:
    page = page_of(write_hunt(tmp_path))
    assert [(row.word, row.package) for row in page.rows] == [
        ("crash", "click"),
        ("crash", "toolz"),
        ("timeout", "werkzeug"),
        ("error", "big"),
        ("fail", "numpy"),
        ("install_error", "lxml"),
        ("clone_error", "gone"),
        ("pass", "idna"),
        ("pass", "six"),
    ]
    assert {count.word: count.number for count in page.counts} == {
        "crash": 2,
        "timeout": 1,
        "error": 1,
        "fail": 1,
        "install_error": 1,
        "clone_error": 1,
        "pass": 2,
    }


def test_a_crash_has_all_that_repeats_it(tmp_path: Path) -> None:
    page = page_of(write_hunt(tmp_path))
    (finding,) = [each for each in page.findings if each.title == ASSERT]
    assert [stack.title for stack in finding.stacks] == ["Python stack", "C stack"]
    (case,) = finding.cases
    assert {fact.name: fact.value for fact in case.facts} == {
        "running test": "tests/test_core.py::test_invoke[<a|b>]",
        "environment": "PYTHON_JIT=1",
        "evidence": "crashes/click.txt",
    }
    assert [command.text.split()[:3] for command in case.commands] == [
        ["labeille", "run", "--packages"],
        ["PYTHON_JIT=1", "python", "-m"],
    ]


def test_tests_and_logs_of_a_package(tmp_path: Path) -> None:
    page = page_of(write_hunt(tmp_path))
    (numpy,) = [row for row in page.rows if row.package == "numpy"]
    assert [(test.word, test.id, test.message) for test in numpy.detail.tests] == [
        ("failed", "tests/test_a.py::test_x", "AssertionError: assert '</script>' == 1"),
        ("failed", "tests/test_a.py::test_<y>", ""),
        ("0.7 s", "tests/test_a.py::test_x", ""),
    ]
    assert [log.title for log in numpy.detail.logs] == ["Standard output", "Standard error"]
    assert "characters]" in numpy.detail.logs[1].lines[-1]


def test_details_are_read_only_when_wanted(tmp_path: Path) -> None:
    page = page_of(write_hunt(tmp_path), details=False)
    assert not any(row.detail.logs or row.detail.tests for row in page.rows)


def test_history_counts_runs_under_the_same_condition(tmp_path: Path) -> None:
    before = {"condition": "jit"}
    for day, status in (("17", "pass"), ("18", "crash"), ("19", "pass")):
        record = crashed("six") if status == "crash" else ours("six", status)
        write_run(tmp_path, f"run_{day}", f"2026-11-{day}T10:00:00+00:00", [record], **before)
    write_run(tmp_path, "nojit", "2026-11-19T12:00:00+00:00", [ours("six", "fail")], condition="no")
    path = write_run(tmp_path, "run_20", STARTED, [crashed("six"), ours("new", "pass")])
    write_run(tmp_path, "later", "2026-11-21T10:00:00+00:00", [ours("six", "fail")])
    page = page_of(path)
    six, new = page.rows
    assert six.history is not None
    assert six.history.words == "last 4 runs: 2 pass, 2 crash"
    assert [tick.tone.value for tick in six.history.ticks] == ["good", "crash", "good", "crash"]
    assert new.history is None
    assert "seen in 1 of 3 earlier runs, first 18 Nov 2026 (run_18)" in page.findings[0].remarks


def test_differentials_and_free_threaded_runs_have_a_history_too(tmp_path: Path) -> None:
    write_differential(tmp_path, "diff_0", differentials()[:1])
    write_free_threaded(tmp_path, "ft_0", [racy()])
    write_hunt(tmp_path)
    differential = page_of(write_differential(tmp_path))
    free_threaded = page_of(write_free_threaded(tmp_path, "ft_a", [racy(), fine()]))
    found = {
        row.package: row.history.words
        for row in (*differential.rows, *free_threaded.rows)
        if row.history
    }
    assert found == {
        "markupsafe": "last 2 runs: 2 jit_failure",
        "racy": "last 2 runs: 2 intermittent",
    }


def test_a_run_that_was_killed_says_so(tmp_path: Path) -> None:
    records = [ours("six", "pass")]
    path = write_run(tmp_path, "run_k", STARTED, records, finished_at=None, packages=3)
    assert page_of(path).warnings[0].startswith("The run has not finished, or was killed")


def test_runs_of_the_originals_format_are_shown(tmp_path: Path) -> None:
    records = [original("six", "crash", stderr_tail="Segfault\n"), original("idna", "pass")]
    page = page_of(write_original(tmp_path, "run_o", STARTED, records))
    assert page.heading == "1 of 2 packages crashed"
    (six, _) = page.rows
    assert [log.lines for log in six.detail.logs] == [("Segfault",)]
    assert page.findings[0].title == "SIGSEGV"


def test_a_differential_names_what_is_confirmed_first(tmp_path: Path) -> None:
    page = page_of(write_differential(tmp_path))
    assert page.heading == "1 confirmed finding in 1 of 3 packages"
    assert [(each.label, each.certain) for each in page.findings] == [
        ("jit_failure, confirmed", True),
        ("jit_crash, not confirmed", False),
    ]
    assert any("JIT compiled nothing" in warning for warning in page.warnings)
    assert [(row.word, row.package) for row in page.rows] == [
        ("jit_crash", "toolz"),
        ("jit_failure", "markupsafe"),
        ("same", "idna"),
        ("install_error", "lxml"),
    ]


def test_two_runs_show_what_changed(tmp_path: Path) -> None:
    before = write_run(tmp_path, "run_0", "2026-11-19T10:00:00+00:00", [ours("six", "pass")])
    after = write_run(tmp_path, "run_1", STARTED, [crashed("six", ASSERT)])
    runs = [read_run(before), read_run(after)]
    assert runs[0] is not None
    assert runs[1] is not None
    page = build_comparison(runs[0], runs[1], list_runs(tmp_path), details=False)
    assert page.changes is not None
    assert (page.changes.before, page.changes.after) == ("run_0", "run_1")
    titles = [group.title for group in page.changes.groups]
    assert titles == ["New crash", "Signatures that are new"]
    (change,) = page.changes.groups[0].changes
    assert (change.before, change.after, change.anchor) == ("pass", "crash", "p-six")
    assert "Repo: 7369780 → 7369780 (unchanged — likely a CPython/JIT regression)" in change.lines


def test_runs_of_two_kinds_are_not_compared(tmp_path: Path) -> None:
    paths = (write_hunt(tmp_path), write_differential(tmp_path))
    before, after = (read_run(path) for path in paths)
    assert before is not None
    assert after is not None
    with pytest.raises(UsageError, match="run_a is a hunt run and diff_a a differential run"):
        build_comparison(before, after, [], details=False)
