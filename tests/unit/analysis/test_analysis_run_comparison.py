"""Two runs: packages, signatures, durations, whoever wrote them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from stored_runs import ASSERT, SEGFAULT, crashed, original, ours, write_original, write_run
from synthetic_runs import Shape, package_names, write_hunt

from labeille.analysis.compare import Change
from labeille.analysis.inputs import Sameness
from labeille.analysis.run_comparison import RunComparison, SignatureState, compare_runs
from labeille.analysis.runs import find_run, list_runs
from labeille.results.model import Status

DAYS = ("2026-11-20T10:00:00+00:00", "2026-11-21T10:00:00+00:00")


def compared(
    results: Path, before: list[dict[str, Any]], after: list[dict[str, Any]], **meta: Any
) -> RunComparison:
    """``meta`` is that of the later run."""
    write_run(results, "a", DAYS[0], before)
    write_run(results, "b", DAYS[1], after, **meta)
    return compare_runs(find_run(results, "a"), find_run(results, "b"))


def test_packages_of_one_run_only_are_kept_apart(tmp_path: Path) -> None:
    found = compared(
        tmp_path,
        [ours("kept", "pass"), crashed("gone"), ours("Spelled_Otherwise", "pass")],
        [ours("kept", "pass"), ours("new", "fail"), ours("spelled-otherwise", "pass")],
    )
    assert found.counts == {Change.SAME: 2}
    assert [record.package for record in found.only_before] == ["gone"]
    assert [record.package for record in found.only_after] == ["new"]


def test_the_gravest_change_comes_first(tmp_path: Path) -> None:
    found = compared(
        tmp_path,
        [ours("a", "fail"), ours("b", "pass"), ours("c", "pass"), ours("d", "pass")],
        [ours("a", "pass"), ours("b", "fail"), crashed("c"), ours("d", "pass")],
    )
    assert [each.package for each in found.packages] == ["c", "b", "a", "d"]
    assert [each.is_change for each in found.packages] == [True, True, True, False]


@pytest.mark.parametrize(
    ("before", "after", "state"),
    [
        ([ours("p", "pass")], [crashed("p")], SignatureState.NEW),
        ([crashed("p")], [crashed("p")], SignatureState.STAYS),
        ([crashed("p")], [crashed("q")], SignatureState.STAYS),
        ([crashed("p")], [ours("p", "pass")], SignatureState.GONE),
        ([crashed("p")], [ours("p", "install_error")], SignatureState.NOT_TESTED),
        ([crashed("p")], [ours("q", "pass")], SignatureState.NOT_TESTED),
        ([crashed("p")], [ours("p", "timeout")], SignatureState.NOT_TESTED),
        ([crashed("p"), crashed("q")], [ours("q", "pass")], SignatureState.NOT_TESTED),
    ],
)
def test_what_became_of_a_signature(
    tmp_path: Path,
    before: list[dict[str, Any]],
    after: list[dict[str, Any]],
    state: SignatureState,
) -> None:
    (found,) = compared(tmp_path, before, after).signatures
    assert (found.signature, found.state) == (SEGFAULT, state)


def test_one_signature_for_another(tmp_path: Path) -> None:
    found = compared(tmp_path, [crashed("p")], [crashed("p", ASSERT)])
    assert found.counts == {Change.OTHER_CRASH: 1}
    states = {each.signature: each.state for each in found.signatures}
    assert states == {ASSERT: SignatureState.NEW, SEGFAULT: SignatureState.NOT_TESTED}


NEWER = "3.15.0a6 (main, Mar 12 2026, 10:00:00) [GCC 15.2.0]"


@pytest.mark.parametrize(
    ("meta", "target", "likely"),
    [
        ({}, Sameness.UNCHANGED, True),
        ({"python_version": NEWER}, Sameness.CHANGED, False),
        ({"target_python": "/opt/debug/python"}, Sameness.CHANGED, False),
        ({"jit_enabled": False}, Sameness.UNCHANGED, False),
    ],
)
def test_two_runs_of_the_original(
    tmp_path: Path, meta: dict[str, Any], target: Sameness, likely: bool
) -> None:
    write_original(tmp_path, "run_2", DAYS[0], [original("p", "pass"), original("q", "pass")])
    write_original(
        tmp_path, "run_1", DAYS[1], [original("p", "crash"), original("q", "pass")], **meta
    )
    found = compare_runs(find_run(tmp_path, "latest~1"), find_run(tmp_path, "latest"))
    assert found.before.run_id == "run_2"
    assert found.target.sameness is target
    changed = found.packages[0]
    assert (changed.package, changed.change) == ("p", Change.NEW_CRASH)
    assert changed.blames_interpreter is likely


@pytest.mark.parametrize(("before", "likely"), [("pass", True), ("install_error", False)])
def test_only_what_was_tested_before_can_be_a_regression(
    tmp_path: Path, before: str, likely: bool
) -> None:
    same: dict[str, Any] = {
        "installed_dependencies": {"pytest": "9.2.0"},
        "test_command": "python -m pytest",
    }
    (changed,) = compared(tmp_path, [ours("p", before, **same)], [crashed("p", **same)]).packages
    assert (changed.change, changed.blames_interpreter) == (Change.NEW_CRASH, likely)


def test_durations_are_measured_against_other_runs_of_the_same(tmp_path: Path) -> None:
    def timed(seconds: float, **fields: Any) -> list[dict[str, Any]]:
        return [ours("p", "pass", duration_seconds=seconds, **fields)]

    days = [f"2026-11-0{day}T10:00:00+00:00" for day in range(1, 8)]
    write_run(tmp_path, "steady", days[0], timed(10.2))
    write_run(tmp_path, "as-well", days[1], timed(9.9))
    write_run(tmp_path, "other-commit", days[2], timed(99, git_revision="f" * 40))
    write_run(tmp_path, "other-host", days[3], timed(99), hostname="elsewhere")
    write_run(tmp_path, "other-target", days[4], timed(99), target_id="0123456789ab")
    found = compared(tmp_path, timed(10), timed(13))
    assert found.timings is not None
    assert found.timings.changes == ()
    again = compare_runs(found.before, found.after, others=list_runs(tmp_path))
    assert again.timings is not None
    (timing,) = again.timings.changes
    assert (timing.package, sorted(timing.repeats)) == ("p", [9.9, 10.2])
    assert compare_runs(found.before, found.after, timing=False).timings is None


def test_two_runs_of_a_thousand_packages(tmp_path: Path) -> None:
    names = package_names(1000)
    changed = {names[3]: Status.CRASH, names[5]: Status.PASS}
    write_hunt(tmp_path, "a", Shape(packages=1000, changed={names[3]: Status.PASS}))
    write_hunt(tmp_path, "b", Shape(packages=1000, changed=changed))
    found = compare_runs(find_run(tmp_path, "a"), find_run(tmp_path, "b"))
    assert sum(found.counts.values()) == 1000
    assert found.packages[0].package == names[3]
    assert found.packages[0].change is Change.NEW_CRASH
    assert found.counts[Change.SAME] in (998, 999)
