"""How a hunt looks while it runs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from labeille.reports.step_lines import StepLines
from labeille.reports.words import Verbosity, headline, verdict_line

if TYPE_CHECKING:
    from labeille.campaigns.plan import HuntPlan
    from labeille.reports.live import LiveProgress
    from labeille.results.model import Record


class PlainProgress(StepLines):
    """A line for each thing that happens: for logs, pipes and nox."""

    def __init__(self, plan: HuntPlan, verbosity: Verbosity) -> None:
        super().__init__(headline(plan), len(plan.jobs), verbosity)

    def finished(self, record: Record) -> None:
        """Say the verdict."""
        self._count(verdict_line(record))


def progress_display(plan: HuntPlan, verbosity: Verbosity) -> PlainProgress | LiveProgress:
    """The display that fits where the output goes."""
    if sys.stdout.isatty() and verbosity > Verbosity.QUIET and len(plan.jobs) > 1:
        from labeille.reports.live import LiveProgress  # with rich, which takes 70 ms to import

        return LiveProgress(plan, verbosity)
    return PlainProgress(plan, verbosity)
