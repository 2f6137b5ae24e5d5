"""From what iterations came to, to a package's category; the order of the rules is the contract."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

from labeille.results.freethreading import Category, IterationStatus

#: How an iteration that is still to come may end, as far as categories tell endings apart.
_ENDINGS = (
    IterationStatus.PASS,
    IterationStatus.FAIL,
    IterationStatus.CRASH,
    IterationStatus.DEADLOCK,
)


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What is known of a package.

    ``statuses`` are those of its plain iterations; ``tsan_warnings`` says that one of them had a
    report of ThreadSanitizer, ``gil_fallback`` that one of the package's modules turns the GIL on.
    """

    install_ok: bool = True
    import_ok: bool = True
    statuses: tuple[IterationStatus, ...] = ()
    tsan_warnings: bool = False
    gil_fallback: bool = False


def categorize(findings: Findings) -> Category:
    """The first category that applies. Iterations that say nothing of the package do not count."""
    if not findings.install_ok:
        return Category.INSTALL_FAILURE
    if not findings.import_ok:
        return Category.IMPORT_FAILURE
    telling = telling_statuses(findings.statuses)
    passes = telling.count(IterationStatus.PASS)
    if IterationStatus.DEADLOCK in telling:
        return Category.DEADLOCK
    if IterationStatus.CRASH in telling:
        return Category.CRASH
    if findings.tsan_warnings:
        return Category.TSAN_WARNINGS
    if not telling:
        return Category.UNKNOWN
    if passes == len(telling):
        return Category.COMPATIBLE_GIL_FALLBACK if findings.gil_fallback else Category.COMPATIBLE
    return Category.INTERMITTENT if passes else Category.INCOMPATIBLE


def telling_statuses(statuses: tuple[IterationStatus, ...]) -> tuple[IterationStatus, ...]:
    """The statuses of the iterations that say something of the package."""
    mute = (IterationStatus.ERROR, IterationStatus.UNKNOWN)
    return tuple(status for status in statuses if status not in mute)


def can_change(findings: Findings, remaining: int) -> bool:
    """Whether ``remaining`` further iterations, however they end, could change the category.

    Two of them stand for any number: a category asks no more than whether one of a kind is there.
    """
    now = categorize(findings)
    return any(
        categorize(replace(findings, statuses=(*findings.statuses, *further))) is not now
        for further in product(_ENDINGS, repeat=min(remaining, 2))
    )
