"""Who takes part in a bisection: who judges, and who watches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from labeille.campaigns.bisect.trials import Asked
    from labeille.results.bisection import BisectStep, LookedFor


class Judge(Protocol):
    """What tells good items from bad ones; ``trials.Bench`` does it by trials."""

    @property
    def command(self) -> str | None:
        """The test command, None as long as it is the package's own."""

    def use_command(self, command: str | None) -> None:
        """Run this instead of the package's test command from now on."""

    def learn(self, item: str, asked: Asked) -> tuple[LookedFor | None, BisectStep]:
        """Try the bad end: what is looked for, None where it does not show it, and its step."""

    def judge(self, item: str, wanted: LookedFor, *, repeat: int) -> BisectStep:
        """Judge an item by up to ``repeat`` trials: it is bad if any shows what is looked for."""


class Progress(Protocol):
    """Who wants to know how a bisection goes."""

    def end_checked(self, step: BisectStep, *, is_bad_end: bool) -> None:
        """One of the ends, or what might be the good one, was tried."""

    def begins(self, wanted: LookedFor, commits: int) -> None:
        """Both ends are what they should be, with ``commits`` to search, the bad end included."""

    def step_begins(self, item: str, number: int, left: int) -> None:
        """A step is begun; ``left`` items may be the first bad one."""

    def confirmed(self, before: BisectStep, after: BisectStep) -> None:
        """A good item next to the answer was tried again; ``after`` has the trials of both."""

    def step_ended(self, step: BisectStep, number: int, left: int) -> None:
        """A step has its verdict, and the verdict is on disk; ``left`` are left now."""
