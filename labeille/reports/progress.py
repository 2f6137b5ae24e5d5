"""How a hunt looks while it runs."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

from labeille.reports.words import Verbosity, headline, revision_text, verdict_line

if TYPE_CHECKING:
    from typing import Self

    from labeille.campaigns.plan import HuntPlan
    from labeille.pipeline.job import Job
    from labeille.pipeline.trial import Prepared
    from labeille.reports.live import LiveProgress
    from labeille.results.model import Record


class PlainProgress:
    """A line for each thing that happens: for logs, pipes and nox."""

    def __init__(self, plan: HuntPlan, verbosity: Verbosity) -> None:
        self._plan = plan
        self._verbosity = verbosity
        self._lock = threading.Lock()
        self._done = 0

    def __enter__(self) -> Self:
        if self._verbosity > Verbosity.QUIET:
            self._print(headline(self._plan))
        return self

    def __exit__(self, *_: object) -> None:
        """There is nothing to take away."""

    def preparing(self, job: Job) -> None:
        """Say that the checkout and the environment are being got, if there is time to read it."""
        if self._verbosity >= Verbosity.VERBOSE:
            self._print(f"{job.name}: preparing")

    def testing(self, prepared: Prepared) -> None:
        """Say what is run, and in which environment."""
        if self._verbosity >= Verbosity.VERBOSE:
            environment = prepared.environment
            how = "reused" if environment.reused else f"built by {environment.backend}"
            what = f"{prepared.job.name}: testing {revision_text(prepared)}"
            self._print(f"{what} in {environment.path} ({how})")

    def finished(self, record: Record) -> None:
        """Say the verdict."""
        with self._lock:
            self._done += 1
            done = self._done
        if self._verbosity > Verbosity.QUIET:
            self._print(f"[{done}/{len(self._plan.jobs)}] {verdict_line(record)}")

    def _print(self, line: str) -> None:
        with self._lock:
            print(line, flush=True)


def progress_display(plan: HuntPlan, verbosity: Verbosity) -> PlainProgress | LiveProgress:
    """The display that fits where the output goes."""
    if sys.stdout.isatty() and verbosity > Verbosity.QUIET and len(plan.jobs) > 1:
        from labeille.reports.live import LiveProgress  # with rich, which takes 70 ms to import

        return LiveProgress(plan, verbosity)
    return PlainProgress(plan, verbosity)
