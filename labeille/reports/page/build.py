"""From one stored run, or two, to what a report shows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from labeille.analysis.run_comparison import compare_runs
from labeille.errors import UsageError
from labeille.reports.page.changes import hunt_changes
from labeille.reports.page.differential import differential_page
from labeille.reports.page.freethreading import freethreading_page
from labeille.reports.page.history import read_histories
from labeille.reports.page.hunt import hunt_page
from labeille.reports.page.other_changes import differential_changes, freethreading_changes
from labeille.results.kinds import RunKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labeille.analysis.runs import StoredRun
    from labeille.reports.page.model import Changes, Page


def build_page(run: StoredRun, others: Sequence[StoredRun], *, details: bool) -> Page:
    """What a run shows; ``others`` are the runs beside it, for the packages' histories.

    Logs and tests of each package are read for ``details`` alone.
    """
    return _page(run, others, details=details).without_empty_columns()


def _page(run: StoredRun, others: Sequence[StoredRun], *, details: bool) -> Page:
    histories = read_histories(run, others)
    match run.kind:
        case RunKind.HUNT:
            return hunt_page(run, histories, details=details)
        case RunKind.DIFFERENTIAL:
            return differential_page(run, histories, details=details)
        case RunKind.FREE_THREADED:
            return freethreading_page(run, histories, details=details)
        case _:
            assert_never(run.kind)


def build_comparison(
    before: StoredRun, after: StoredRun, others: Sequence[StoredRun], *, details: bool
) -> Page:
    """What ``after`` shows, and first of all how that differs from ``before``.

    Raises UsageError for runs of two kinds.
    """
    if before.kind is not after.kind:
        raise UsageError(
            f"{before.run_id} is a {before.kind} run and {after.run_id} a {after.kind} run",
            hint="only runs of one kind can be compared",
        )
    page = build_page(after, others, details=details)
    changes = _changes(before, after, others, {row.package: row.anchor for row in page.rows})
    title = f"{before.run_id} → {after.run_id}: {page.heading}"
    return replace(page, title=title, changes=changes)


def _changes(
    before: StoredRun, after: StoredRun, others: Sequence[StoredRun], anchors: dict[str, str]
) -> Changes:
    match after.kind:
        case RunKind.HUNT:
            return hunt_changes(compare_runs(before, after, others=others), anchors)
        case RunKind.DIFFERENTIAL:
            return differential_changes(before, after, anchors)
        case RunKind.FREE_THREADED:
            return freethreading_changes(before, after, anchors)
        case _:
            assert_never(after.kind)
