"""Who ran what when: test slots side by side, derived from when each suite began and ended.

A record keeps when its suite ended, to the second, and how long it took. Slots are not recorded:
suites are laid on as few lanes as hold them without overlap, or on as many as the run had.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from labeille.reports.page.model import Bar, Lane, Mark, Timeline
from labeille.reports.quantities import counted
from labeille.reports.words import duration_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from labeille.reports.tones import Tone

#: Seconds by which two suites of one slot may seem to overlap: times are kept to the second.
TOLERANCE = 1.5
#: A stretch in which nothing ran is cut out of the axis when it is longer than this many seconds,
#: and than this share of the time in which something did.
PAUSE_SECONDS = 120.0
PAUSE_SHARE = 0.25
#: What is left of a stretch that was cut out, as a share of the axis.
_PAUSE_WIDTH = 0.02
#: No bar is narrower, in per cent: it could not be seen.
_NARROWEST = 0.15
_MARKS = 6


@dataclass(frozen=True, kw_only=True)
class Work:
    """One suite: when it began and ended, in seconds since the epoch."""

    began: float
    ended: float
    tone: Tone
    anchor: str
    words: str


def build_timeline(
    works: Iterable[Work], *, slots: int | None = None, noun: str = "suite"
) -> Timeline | None:
    """Lay suites on lanes; ``slots``, if known, is how many ran at once at most.

    None where nothing was timed.
    """
    ordered = sorted(works, key=lambda work: (work.began, work.ended))
    if not ordered:
        return None
    lanes = _lanes(ordered, slots)
    axis = _Axis(ordered)
    spent = sum(work.ended - work.began for work in ordered)
    shown = tuple(_lane(number, lane, axis) for number, lane in enumerate(lanes, start=1))
    busy = min(100, round(100 * spent / (axis.active * len(lanes)))) if axis.active else 100
    words = f"{counted(len(ordered), noun)} in {duration_text(axis.active)} on {_slots(len(lanes))}"
    if len(lanes) > 1 or busy < 100:
        words += f", busy {busy} % of the time"
    if axis.pauses:
        words += f". {_pauses(len(axis.pauses))} left out of the axis"
    return Timeline(lanes=shown, marks=tuple(axis.marks()), words=f"{words}.")


def _slots(count: int) -> str:
    return "one slot" if count == 1 else f"{count} slots"


def _pauses(count: int) -> str:
    return "A pause is" if count == 1 else f"{count} pauses are"


def _lanes(ordered: Sequence[Work], slots: int | None) -> list[list[Work]]:
    """Each suite on the lane that has been free the shortest, so that one slot's suites stay
    together; a new lane where none is free and the run may have had more."""
    lanes: list[list[Work]] = []
    for work in ordered:
        free = [lane for lane in lanes if lane[-1].ended <= work.began + TOLERANCE]
        if free:
            max(free, key=lambda lane: lane[-1].ended).append(work)
        elif slots is None or len(lanes) < slots:
            lanes.append([work])
        else:
            min(lanes, key=lambda lane: lane[-1].ended).append(work)
    return lanes


class _Axis:
    """Times as per cent of the width, with long pauses cut out."""

    def __init__(self, ordered: Sequence[Work]) -> None:
        self._began = ordered[0].began
        spans = _spans(ordered)
        running = sum(end - start for start, end in spans)
        longest = max(PAUSE_SECONDS, PAUSE_SHARE * running)
        gaps = [(a[1], b[0]) for a, b in pairwise(spans)]
        self.pauses = [gap for gap in gaps if gap[1] - gap[0] > longest]
        cut = sum(end - start for start, end in self.pauses)
        #: Seconds from the first beginning to the last end, but for the pauses.
        self.active = max(spans[-1][1] - self._began - cut, 0.001)
        self._pause = self.active * _PAUSE_WIDTH
        self._length = self.active + self._pause * len(self.pauses)

    def at(self, time: float) -> float:
        """A time's place in per cent."""
        place = time - self._began
        for start, end in self.pauses:
            if time >= end:
                place += self._pause - (end - start)
            elif time > start:
                place += self._pause * (time - start) / (end - start) - (time - start)
        return min(100.0, max(0.0, 100.0 * place / self._length))

    def marks(self) -> Iterable[Mark]:
        """The beginning, round times after it, and the pauses."""
        step = _round_step(self._length / _MARKS)
        elapsed = 0.0
        breaks = [(self.at(start), self.at(end)) for start, end in self.pauses]
        while elapsed <= self.active:
            at = self.at(self._began + elapsed + self._cut_before(elapsed))
            if all(not start - 7 < at < end + 7 for start, end in breaks):
                text = _clock(self._began) if elapsed == 0 else f"+{duration_text(elapsed)}"
                yield Mark(at=at, text=text)
            elapsed += step
        for start, end in self.pauses:
            text = f"{duration_text(end - start)} pause"
            yield Mark(at=(self.at(start) + self.at(end)) / 2, text=text, pause=True)

    def _cut_before(self, elapsed: float) -> float:
        """Seconds of pauses before so many seconds in which the run was active."""
        cut = 0.0
        for start, end in self.pauses:
            if start - self._began - cut <= elapsed:
                cut += end - start
        return cut


def _spans(ordered: Sequence[Work]) -> list[tuple[float, float]]:
    """The stretches in which something ran."""
    spans: list[tuple[float, float]] = []
    for work in ordered:
        if spans and work.began <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], work.ended))
        else:
            spans.append((work.began, work.ended))
    return spans


def _lane(number: int, works: Sequence[Work], axis: _Axis) -> Lane:
    bars = []
    free = -math.inf
    busy = 0.0
    for work in works:
        began = max(work.began, min(free, work.ended))
        free = work.ended
        busy += work.ended - began
        start, end = axis.at(began), axis.at(work.ended)
        width = max(end - start, _NARROWEST)
        bars.append(
            Bar(
                start=min(start, 100 - width),
                width=width,
                tone=work.tone,
                anchor=work.anchor,
                words=work.words,
            )
        )
    share = min(100, round(100 * busy / axis.active))
    return Lane(name=f"slot {number}", busy=share, bars=tuple(bars))


def _round_step(seconds: float) -> float:
    """The smallest round number of seconds that is not below ``seconds``."""
    for step in (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600):
        if step >= seconds:
            return float(step)
    return math.ceil(seconds / 43200) * 43200.0


def _clock(time: float) -> str:
    return dt.datetime.fromtimestamp(time, dt.UTC).strftime("%H:%M UTC")
