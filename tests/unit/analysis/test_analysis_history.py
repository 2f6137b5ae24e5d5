"""Many runs together: what was seen when, what comes and goes, and one package over all of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from stored_runs import ASSERT, SEGFAULT, crashed, ours, write_original, write_run
from synthetic_runs import STARTED, Shape, write_hunt

from labeille.analysis.history import History, Standing, read_history
from labeille.analysis.package import read_package
from labeille.analysis.runs import list_runs
from labeille.errors import UsageError
from labeille.results.kinds import RunKind
from labeille.results.model import Status


def started(day: int) -> str:
    return f"2026-11-{day:02}T10:00:00+00:00"


def history(results: Path, *runs: list[dict[str, Any]], last: int | None = None) -> History:
    """Runs a day after each other, named against their order."""
    for day, records in enumerate(runs, start=1):
        write_run(results, f"run-{99 - day}", started(day), records)
    return read_history(list_runs(results), last)


def nojit(record: dict[str, Any]) -> dict[str, Any]:
    return {**record, "condition": "nojit", "env_overrides": {"PYTHON_JIT": "0"}}


#: Verdicts of one package run after run, and where its crash stands then. "-": not in the run.
@pytest.mark.parametrize(
    ("verdicts", "standing", "tested_since"),
    [
        ("crash", Standing.OPEN, 0),
        ("pass crash", Standing.OPEN, 0),
        ("crash crash pass", Standing.GONE, 1),
        ("crash fail timeout", Standing.GONE, 1),
        # one that hangs may not have come so far
        ("crash timeout", Standing.NOT_TESTED, 0),
        ("crash pass crash", Standing.OPEN, 0),
        # a package that was not run, or did not come to a verdict, is not fixed
        ("crash -", Standing.NOT_TESTED, 0),
        ("crash install_error clone_error error", Standing.NOT_TESTED, 0),
        ("crash - pass", Standing.GONE, 1),
    ],
)
def test_where_a_signature_stands(
    tmp_path: Path, verdicts: str, standing: Standing, tested_since: int
) -> None:
    runs = []
    for verdict in verdicts.split():
        other = ours("other", "pass")
        own = crashed("p") if verdict == "crash" else ours("p", verdict.replace("-", "pass"))
        runs.append([other] if verdict == "-" else [other, own])
    (found,) = history(tmp_path, *runs).signatures
    assert (found.standing, found.tested_since) == (standing, tested_since)
    seen = [n for n, verdict in enumerate(verdicts.split(), start=1) if verdict == "crash"]
    assert (found.first.started.day, found.last.started.day) == (seen[0], seen[-1])
    assert (found.runs, found.packages) == (len(seen), ("p",))


def test_a_signature_of_two_packages_is_gone_when_both_were_tested(tmp_path: Path) -> None:
    runs = [[crashed("a"), crashed("b")], [ours("a", "pass")]]
    assert history(tmp_path / "x", *runs).signatures[0].standing is Standing.NOT_TESTED
    runs.append([ours("b", "pass")])
    assert history(tmp_path / "y", *runs).signatures[0].standing is Standing.GONE


def test_a_run_under_another_condition_fixes_nothing(tmp_path: Path) -> None:
    write_run(tmp_path, "a", started(1), [crashed("p")])
    write_run(tmp_path, "b", started(2), [nojit(ours("p", "pass"))], condition="nojit")
    (found,) = read_history(list_runs(tmp_path)).signatures
    assert (found.standing, found.tested_since) == (Standing.OPEN, 0)


def test_open_signatures_come_first_then_the_ones_seen_last(tmp_path: Path) -> None:
    found = history(
        tmp_path,
        [crashed("a", "gone:old:1"), crashed("b", "gone:new:2"), crashed("c", SEGFAULT)],
        [ours("a", "pass"), crashed("b", "gone:new:2"), crashed("c", SEGFAULT)],
        [ours("a", "pass"), ours("b", "pass"), crashed("c", SEGFAULT), crashed("d", ASSERT)],
    )
    names = [each.signature for each in found.signatures]
    assert names == [ASSERT, SEGFAULT, "gone:new:2", "gone:old:1"]


OTHER_COMMIT = "f" * 40


@pytest.mark.parametrize(
    ("changes", "flaky"),
    [
        ({}, True),
        ({"git_revision": OTHER_COMMIT}, False),
        ({"installed_dependencies": {"pytest": "9.3"}}, False),
        ({"target_id": "0123456789ab"}, False),
        ({"condition": "nojit"}, False),
        ({"duration_seconds": 99, "timestamp": "2026-11-21T00:00:00"}, True),
    ],
)
def test_only_what_is_the_same_can_be_flaky(
    tmp_path: Path, changes: dict[str, Any], flaky: bool
) -> None:
    found = history(tmp_path, [ours("p", "pass")], [ours("p", "fail", **changes)]).flaky
    assert [each.package for each in found] == (["p"] if flaky else [])


def test_the_most_restless_package_comes_first(tmp_path: Path) -> None:
    a, b = "pass fail pass fail", "pass pass fail error"
    runs = [
        [ours("a", x), ours("b", y), ours("c", "fail")]
        for x, y in zip(a.split(), b.split(), strict=True)
    ]
    found = history(tmp_path, *runs).flaky
    assert [(each.package, each.changes) for each in found] == [("a", 3), ("b", 1)]
    assert [status.value for status in found[1].statuses] == ["pass", "pass", "fail"]


def test_where_no_source_is_known_nothing_is_flaky(tmp_path: Path) -> None:
    unknown = {"git_revision": None, "package_version": None}
    found = history(tmp_path, [ours("p", "pass", **unknown)], [ours("p", "fail", **unknown)])
    assert found.flaky == ()


def test_trends_are_in_the_order_of_time_and_the_last_ones_are_taken(tmp_path: Path) -> None:
    runs = [[ours("p", "pass"), ours("q", "fail")], [crashed("p"), crashed("q")], []]
    found = history(tmp_path, *runs, last=2)
    assert [trend.run.run_id for trend in found.runs] == ["run-97", "run-96"]
    assert [trend.pass_rate for trend in found.runs] == [0.0, None]
    assert found.runs[0].counts[Status.CRASH] == 2
    assert (found.runs[0].signatures, found.runs[0].suite_seconds) == (1, 6.0)
    assert history(tmp_path / "x", *runs).runs[0].pass_rate == 0.5


def test_a_package_that_was_tried_again_counts_once(tmp_path: Path) -> None:
    found = history(tmp_path, [ours("p", "error"), ours("p", "pass"), ours("P", "fail")])
    assert {k.value: v for k, v in found.runs[0].counts.items() if v} == {"fail": 1}


def write_others(results: Path) -> None:
    """Runs of the other kinds, and damage."""
    files: dict[str, dict[str, object]] = {
        "ft_20261105_100000": {
            "ft_meta.json": {"run_id": "x", "timestamp": "2026-11-05T10:00:00"},
            "ft_results.jsonl": {
                "package": "p",
                "category": "intermittent",
                "pass_rate": 0.8,
                "iterations_completed": 10,
            },
        },
        "diff_20261106_100000": {
            "run_meta.json": {"run_id": "x", "started_at": "2026-11-06T10:00:00"},
            "differential.jsonl": {
                "package": "p",
                "verdict": "jit_failure",
                "conditions": ["nojit", "jit"],
            },
        },
        "broken": {"run_meta.json": "no object", "results.jsonl": "no record"},
    }
    for name, contents in files.items():
        (results / name).mkdir(parents=True)
        for file, content in contents.items():
            (results / name / file).write_text(json.dumps(content) + "\n")


def test_runs_of_other_kinds_and_damaged_ones_stop_nothing(tmp_path: Path) -> None:
    write_others(tmp_path)
    write_original(tmp_path, "o", "2026-02-24T10:00:00", [])
    found = history(tmp_path, [ours("p", "pass")])
    assert found.other_kinds == {RunKind.FREE_THREADED: 1, RunKind.DIFFERENTIAL: 1}
    unreadable = {trend.run.run_id: trend.unreadable for trend in found.runs}
    assert unreadable == {"o": 0, "run-98": 0, "broken": 1}


def test_everything_of_one_package(tmp_path: Path) -> None:
    write_others(tmp_path)
    write_run(tmp_path, "a", started(1), [crashed("p"), ours("q", "pass")])
    write_run(tmp_path, "b", started(2), [ours("p", "fail", failed_tests=["t::x", "t::y"])])
    write_run(tmp_path, "c", started(3), [ours("q", "pass", installed_dependencies={"p": "1"})])
    write_run(
        tmp_path,
        "d",
        started(4),
        [crashed("p"), ours("p", "fail", failed_tests=["t::y"], duration_seconds=9)],
    )
    found = read_package(list_runs(tmp_path), "p")
    assert [visit.run.run_id for visit in found.visits] == ["a", "b", "d"]
    assert found.counts == {Status.FAIL: 2, Status.CRASH: 1}
    assert found.not_in == 2  # c, and the broken one
    assert [(seen.signature, seen.count) for seen in found.signatures] == [(SEGFAULT, 1)]
    assert found.failing_tests == (("t::y", 2), ("t::x", 1))
    assert found.usual_duration == 6.0
    assert found.last_not_passed is not None
    assert found.last_not_passed.run.run_id == "d"
    assert [other.verdict for other in found.others] == [
        "intermittent, 80% of 10 iterations passed",
        "jit_failure under nojit, jit",
    ]


@pytest.mark.parametrize("spelled", ["zope.interface", "Zope_Interface", "zope-interface"])
def test_a_package_is_found_however_it_is_spelled(tmp_path: Path, spelled: str) -> None:
    path = write_original(tmp_path, "o", started(1), []) / "results.jsonl"
    path.write_text(f'{{"status": "pass",  "package" : "{spelled}"}}\n{{"package": "zope"}}')
    assert len(read_package(list_runs(tmp_path), "zope-interface").visits) == 1
    with pytest.raises(UsageError, match="none of 1 runs has a record of interface"):
        read_package(list_runs(tmp_path), "interface")


def test_ten_runs_of_a_thousand_packages(tmp_path: Path) -> None:
    for day in range(10):
        shape = Shape(packages=1000, seed=day, started=STARTED.replace(day=day + 1))
        write_hunt(tmp_path, f"r{9 - day}", shape)
    found = read_history(list_runs(tmp_path))
    assert [trend.run.run_id for trend in found.runs] == [f"r{9 - day}" for day in range(10)]
    assert {trend.packages for trend in found.runs} == {1000}
    assert len(found.signatures) == 3
    assert found.flaky
