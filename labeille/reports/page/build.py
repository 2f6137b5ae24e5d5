"""From one stored run, or two, to what a report shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labeille.reports.page.history import read_histories
from labeille.reports.page.hunt import hunt_page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labeille.analysis.runs import StoredRun
    from labeille.reports.page.model import Page


def build_page(run: StoredRun, others: Sequence[StoredRun], *, details: bool) -> Page:
    """What a run shows; ``others`` are the runs beside it, for the packages' histories."""
    return hunt_page(run, read_histories(run, others), details=details)
