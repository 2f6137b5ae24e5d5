"""How long suites took: how many by class of duration, and the slowest."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from labeille.analysis.run import BAR_ENDS
from labeille.reports.page.model import Durations, Measured
from labeille.reports.quantities import counted
from labeille.reports.tones import Tone
from labeille.reports.words import duration_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: How many suites are shown as the slowest.
SLOWEST = 10


@dataclass(frozen=True, kw_only=True)
class Timed:
    """One suite and what it took, in seconds."""

    name: str
    seconds: float
    tone: Tone
    anchor: str


def build_durations(timed: Iterable[Timed], *, mean: bool = False) -> Durations | None:
    """The charts; None where no suite was timed. ``mean``: each is that of many iterations."""
    ordered = sorted(
        (suite for suite in timed if suite.seconds > 0), key=lambda suite: -suite.seconds
    )
    if not ordered:
        return None
    total = sum(suite.seconds for suite in ordered)
    median = ordered[len(ordered) // 2].seconds
    longest = ordered[0].seconds
    slowest = [
        Measured(
            name=suite.name,
            value=duration_text(suite.seconds),
            length=100 * suite.seconds / longest,
            tone=suite.tone,
            anchor=suite.anchor,
        )
        for suite in ordered[:SLOWEST]
    ]
    suites, took = counted(len(ordered), "suite"), duration_text(total)
    words = f"One iteration of {suites} takes {took}" if mean else f"{suites} took {took} together"
    if len(ordered) > 3:
        words += f"; half of them less than {duration_text(median)}"
    return Durations(
        classes=_classes([suite.seconds for suite in ordered]),
        slowest=tuple(slowest),
        words=f"{words}.",
    )


def _classes(durations: Sequence[float]) -> tuple[Measured, ...]:
    ends = (0.0, *BAR_ENDS, float("inf"))
    counts = [sum(low <= value < high for value in durations) for low, high in pairwise(ends)]
    filled = [number for number, count in enumerate(counts) if count]
    shown = range(filled[0], filled[-1] + 1)
    most = max(counts)
    return tuple(
        Measured(
            name=_class_name(ends[number], ends[number + 1]),
            value=f"{counts[number]:,}",
            length=100 * counts[number] / most,
            tone=Tone.PLAIN,
        )
        for number in shown
    )


def _class_name(low: float, high: float) -> str:
    if low == 0:
        return f"under {_short(high)}"
    if high == float("inf"):
        return f"over {_short(low)}"
    same_unit = (low < 60) == (high < 60)
    return f"{_short(low).partition(' ')[0] if same_unit else _short(low)} to {_short(high)}"


def _short(seconds: float) -> str:
    return f"{seconds:g} s" if seconds < 60 else f"{seconds / 60:g} min"
