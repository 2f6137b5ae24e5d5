"""Two runs compared: categories, pass rates, what is new and what is resolved."""

from __future__ import annotations

from pathlib import Path

import ft_runs
import msgspec
import pytest
from ft_runs import counted, failing, iterations

from labeille.analysis.freethreading.compare import (
    Comparison,
    Direction,
    PackageChange,
    TroubleKind,
    compare_runs,
)
from labeille.analysis.freethreading.runs import load_run
from labeille.results.freethreading import Category, FreeThreadedRecord


def compared(
    tmp_path: Path, before: list[FreeThreadedRecord], after: list[FreeThreadedRecord]
) -> Comparison:
    ft_runs.write_run(tmp_path, "ft_a", before)
    ft_runs.write_run(tmp_path, "ft_b", after)
    return compare_runs(load_run(tmp_path, "ft_a"), load_run(tmp_path, "ft_b"))


def change(tmp_path: Path, before: FreeThreadedRecord, after: FreeThreadedRecord) -> PackageChange:
    renamed = msgspec.structs.replace(after, package=before.package)
    (found,) = compared(tmp_path, [before], [renamed]).changes
    return found


def record(category: Category, statuses: str = "") -> FreeThreadedRecord:
    return counted(
        FreeThreadedRecord(package="p", category=category, iterations=iterations(statuses))
    )


@pytest.mark.parametrize(
    ("before", "after", "direction"),
    [
        ((Category.COMPATIBLE, "pppp"), (Category.CRASH, "pppc"), Direction.WORSE),
        ((Category.CRASH, "pppc"), (Category.DEADLOCK, "pppd"), Direction.BETTER),
        ((Category.COMPATIBLE, "p"), (Category.COMPATIBLE_GIL_FALLBACK, "p"), Direction.WORSE),
        ((Category.INSTALL_FAILURE, ""), (Category.COMPATIBLE, "pp"), Direction.CHANGED),
        ((Category.COMPATIBLE, "pp"), (Category.UNKNOWN, ""), Direction.CHANGED),
        ((Category.COMPATIBLE, "pp"), (Category.COMPATIBLE, "ppp"), Direction.SAME),
        # One category, and pass rates that differ more than chance explains, or less.
        (
            (Category.INTERMITTENT, "p" * 9 + "f"),
            (Category.INTERMITTENT, "p" + "f" * 9),
            Direction.WORSE,
        ),
        (
            (Category.INTERMITTENT, "p" + "f" * 9),
            (Category.INTERMITTENT, "p" * 9 + "f"),
            Direction.BETTER,
        ),
        ((Category.INTERMITTENT, "pppf"), (Category.INTERMITTENT, "ppff"), Direction.SAME),
    ],
)
def test_directions(
    tmp_path: Path,
    before: tuple[Category, str],
    after: tuple[Category, str],
    direction: Direction,
) -> None:
    assert change(tmp_path, record(*before), record(*after)).direction is direction


def test_new_and_resolved(tmp_path: Path) -> None:
    found = change(tmp_path, ft_runs.racy(), ft_runs.crashing())
    # The counter's test fails in both; the crashes in it are new.
    assert found.resolved == ()
    assert [(each.kind, each.name.split(":")[0]) for each in found.new] == [
        (TroubleKind.CRASH, "signal"),
        (TroubleKind.CRASH, "signal"),
    ]
    assert [each.rate.failures for each in found.new] == [2, 1]
    gone = change(tmp_path / "2", ft_runs.reported(), ft_runs.fine())
    (race,) = gone.resolved
    assert (race.kind, race.rate.failures, race.rate.runs) == (TroubleKind.RACE, 3, 4)


def test_what_stays_away_by_luck(tmp_path: Path) -> None:
    """Seen once in ten, it stays away from ten others in a third of all cases."""
    once = counted(FreeThreadedRecord(package="p", iterations=failing("t", ["x", *[None] * 9])))
    (gone,) = change(tmp_path, once, ft_runs.fine()).resolved
    assert gone.luck == pytest.approx(0.9**10)
    always = counted(FreeThreadedRecord(package="p", iterations=failing("t", ["x"] * 5)))
    (gone,) = change(tmp_path / "2", always, ft_runs.fine()).resolved
    assert gone.luck == 0


def test_what_was_not_run_resolves_nothing(tmp_path: Path) -> None:
    found = change(tmp_path, ft_runs.racy(), ft_runs.uninstallable())
    assert (found.new, found.resolved, found.rate_changed) == ((), (), False)
    assert found.direction is Direction.CHANGED


def test_transitions_and_the_rest(tmp_path: Path) -> None:
    after = [
        msgspec.structs.replace(ft_runs.fine(), package="racy"),
        msgspec.structs.replace(ft_runs.fine(), package="broken"),
        msgspec.structs.replace(ft_runs.fine(), package="new"),
        ft_runs.stuck(),
    ]
    found = compared(tmp_path, ft_runs.everything(), after)
    assert found.transitions == [
        (Category.INCOMPATIBLE, Category.COMPATIBLE, 1),
        (Category.INTERMITTENT, Category.COMPATIBLE, 1),
    ]
    assert found.only_after == ("new",)
    assert "crashing" in found.only_before
    assert [each.direction for each in found.changes] == [
        Direction.BETTER,
        Direction.BETTER,
        Direction.SAME,
    ]
    assert found.caveats == ("2 packages are of another version or revision",)


def test_caveats(tmp_path: Path) -> None:
    ft_runs.write_run(tmp_path, "ft_a", [ft_runs.fine()], planned=3)
    other = msgspec.structs.replace(
        ft_runs.META, target_id="ffffffffffff", env_overrides={"PYTHON_GIL": "0"}
    )
    ft_runs.write_run(tmp_path, "ft_b", [ft_runs.fine()], meta=other)
    found = compare_runs(load_run(tmp_path, "ft_a"), load_run(tmp_path, "ft_b"))
    assert found.caveats == (
        "the runs are of different targets",
        "the runs have different variables",
        "ft_a has 1 of 3 packages",
    )
