"""What every campaign says while it runs: a line for each thing that happens to a package."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from labeille.reports.words import Verbosity, revision_text

if TYPE_CHECKING:
    from typing import Self

    from labeille.pipeline.job import Job
    from labeille.pipeline.trial import Prepared


class StepLines:
    """Lines for logs, pipes and nox, from any thread. ``total`` counts the packages."""

    def __init__(self, headline: str, total: int, verbosity: Verbosity) -> None:
        self._headline = headline
        self._total = total
        self._verbosity = verbosity
        self._lock = threading.Lock()
        self._done = 0

    def __enter__(self) -> Self:
        if self._verbosity > Verbosity.QUIET:
            self._print(self._headline)
        return self

    def __exit__(self, *_: object) -> None:
        """There is nothing to take away."""

    def preparing(self, job: Job) -> None:
        """Say that the checkout and the environment are being got, if there is time to read it."""
        self._say(f"{job.name}: preparing")

    def testing(self, prepared: Prepared) -> None:
        """Say what is run, and in which environment, if there is time to read it."""
        environment = prepared.environment
        how = "reused" if environment.reused else f"built by {environment.backend}"
        what = f"{prepared.job.name}: testing {revision_text(prepared)}"
        self._say(f"{what} in {environment.path} ({how})")

    def _count(self, line: str) -> None:
        """Say what came of a package, behind its number."""
        with self._lock:
            self._done += 1
            done = self._done
        if self._verbosity > Verbosity.QUIET:
            self._print(f"[{done}/{self._total}] {line}")

    def _say(self, line: str) -> None:
        if self._verbosity >= Verbosity.VERBOSE:
            self._print(line)

    def _print(self, line: str) -> None:
        with self._lock:
            print(line, flush=True)
