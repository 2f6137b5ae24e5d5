"""Whom a crash belongs to, from how often it came with the JIT and without, and from its frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeille.campaigns.freethreading.statistics import more_hits
from labeille.crashes.frames import is_extension
from labeille.crashes.names import library_name
from labeille.results.triage import Attribution

if TYPE_CHECKING:
    from labeille.results.triage import Place, Repeats

#: The chance, were the JIT of no matter, below which the counts are taken to say that it is.
SIGNIFICANT = 0.05


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What an attribution rests on.

    ``with_jit`` is how often the crash came as it was found, or with fewer tests; ``jit_on`` says
    whether the JIT was on then. ``without_jit`` is None where it was not looked at without it.
    ``crashed_in`` is None where no C stack tells.
    """

    with_jit: Repeats
    jit_on: bool
    without_jit: Repeats | None = None
    crashed_in: Place | None = None


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """An attribution, and the sentence that it rests on."""

    attribution: Attribution
    reason: str


def attribute(counts: Counts) -> Verdict:
    """``jit`` when the crash needs the JIT, else ``extension`` when the frame that it crashed in is
    one's, else ``interpreter``; ``unclear`` when the counts do not say."""
    found, without = counts.with_jit, counts.without_jit
    if not found.same:
        return _unclear(f"it did not come again in {found.runs} runs")
    if not counts.jit_on:
        return _without_need(counts, f"it came {found} times with the JIT off or not there")
    if without is None:
        return _unclear(f"it came {found} times, and could not be looked at without the JIT")
    both = f"it came {found} times with the JIT and {without} times without"
    if without.same:
        return _without_need(counts, both)
    if without.crashes:
        return _unclear(
            f"{both}; without it, {without.crashes} of {without.runs} runs crashed with another "
            f"signature: {next(iter(without.signatures))}"
        )
    if undecided(found, without):
        return _unclear(f"{both}: too few to tell")
    return Verdict(attribution=Attribution.JIT, reason=both)


def undecided(found: Repeats, without: Repeats) -> bool:
    """Whether more runs are needed to say that a crash, which did not come without, needs the JIT.

    By Fisher's exact test.
    """
    if not found.same or without.crashes:
        return False
    return more_hits(found.same, found.runs, without.same, without.runs) > SIGNIFICANT


def _unclear(reason: str) -> Verdict:
    return Verdict(attribution=Attribution.UNCLEAR, reason=reason)


def _without_need(counts: Counts, reason: str) -> Verdict:
    place = counts.crashed_in
    if place is None or place.library is None or not is_extension(place.library):
        return Verdict(attribution=Attribution.INTERPRETER, reason=reason)
    where = f"{place.function} in " if place.function else ""
    return Verdict(
        attribution=Attribution.EXTENSION,
        reason=f"{reason}; it crashed in {where}{library_name(place.library)}, an extension",
    )
