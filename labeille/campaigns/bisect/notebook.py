"""What a bisection knows by now, in its run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from labeille.results.bisection import write_bisection

if TYPE_CHECKING:
    from labeille.results.bisection import Bisection, BisectStep
    from labeille.results.directory import RunDirectory


class Notebook:
    """A bisection's state, which is on disk at any moment."""

    def __init__(self, run: RunDirectory, bisection: Bisection) -> None:
        self._run = run
        self._bisection = bisection

    @property
    def bisection(self) -> Bisection:
        """What is known by now."""
        return self._bisection

    def note(self, **changes: object) -> Bisection:
        """Change fields, and put all of it on disk. Raises ResultsError."""
        self._bisection = msgspec.structs.replace(self._bisection, **changes)
        write_bisection(self._run, self._bisection)
        return self._bisection

    @property
    def judged(self) -> dict[str, BisectStep]:
        """The step of every item that has one, the ends among them."""
        return {step.commit: step for step in (*self._bisection.ends, *self._bisection.steps)}

    def replace(self, step: BisectStep) -> None:
        """Put a step in the place of the one that its item has."""

        def put(steps: tuple[BisectStep, ...]) -> tuple[BisectStep, ...]:
            return tuple(step if each.commit == step.commit else each for each in steps)

        self.note(ends=put(self._bisection.ends), steps=put(self._bisection.steps))
