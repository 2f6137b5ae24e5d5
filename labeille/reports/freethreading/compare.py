"""What changed from one free-threaded run to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labeille.analysis.freethreading.compare import (
    Comparison,
    Direction,
    PackageChange,
    Trouble,
    TroubleKind,
)
from labeille.reports.document import (
    Block,
    Bullets,
    Code,
    Document,
    Grid,
    Heading,
    Inline,
    Paragraph,
    inline,
)
from labeille.reports.freethreading.words import percent
from labeille.reports.words import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from labeille.analysis.freethreading.rates import FailureRate

#: Troubles of one package that are named.
_NAMED = 10
#: Beyond this chance the absence of a failure says little.
_LUCK = 0.05


def compare_document(comparison: Comparison) -> Document:
    """Category transitions, changed pass rates, what is new and what is resolved."""
    before, after = comparison.before, comparison.after
    blocks: list[Block] = []
    if comparison.caveats:
        blocks.append(Bullets(tuple(inline(f"note: {text}") for text in comparison.caveats)))
    blocks.append(Paragraph(inline(_counts(comparison))))
    if comparison.transitions:
        blocks.append(Heading("Categories"))
        rows = tuple(
            (inline(old.value), inline(new.value), inline(str(count)))
            for old, new, count in comparison.transitions
        )
        columns = ("from", "to", "packages")
        blocks.append(Grid(columns=columns, rows=rows, numbers=frozenset({"packages"})))
    changed = [each for each in comparison.changes if each.is_remarkable or each.rate_changed]
    if changed:
        blocks += [Heading("Packages"), _grid(changed)]
    for title, wanted in (("New", "new"), ("Resolved", "resolved")):
        lines = [line for each in changed for line in _troubles(each, getattr(each, wanted))]
        if lines:
            blocks += [Heading(title), Bullets(tuple(lines))]
    for run_id, names in (
        (before.run_id, comparison.only_before),
        (after.run_id, comparison.only_after),
    ):
        if names:
            blocks.append(Paragraph(inline(f"only in {run_id}: {', '.join(names)}")))
    return Document(f"from {before.run_id} to {after.run_id}", tuple(blocks))


def _counts(comparison: Comparison) -> str:
    directions = [each.direction for each in comparison.changes]
    counts = [f"{directions.count(each)} {each}" for each in Direction if each in directions]
    return f"{len(directions)} packages in both: {', '.join(counts) or 'none'}"


def _grid(changes: Iterable[PackageChange]) -> Grid:
    columns = ("package", "is", "before", "after", "passed before", "passed after", "p")
    return Grid(
        columns=columns,
        rows=tuple(
            (
                inline(each.name),
                inline(each.direction.value),
                inline(each.before.category.value),
                inline(each.after.category.value),
                inline(passed_text(each.rate_before)),
                inline(passed_text(each.rate_after)),
                inline(_p_text(each)),
            )
            for each in changes
        ),
        numbers=frozenset({"passed before", "passed after", "p"}),
    )


def passed_text(rate: FailureRate) -> str:
    passes = rate.runs - rate.failures
    return f"{passes}/{rate.runs} {percent(1 - rate.rate)}" if rate.runs else ""


def _p_text(change: PackageChange) -> str:
    """The p-value where the pass rates differ, with a mark where chance does not explain it."""
    if not change.rate_changed:
        return ""
    return f"{change.p_value:.2g}{' *' if change.is_significant else ''}"


def _troubles(change: PackageChange, troubles: tuple[Trouble, ...]) -> list[Inline]:
    lines = [trouble_line(change.name, trouble) for trouble in troubles[:_NAMED]]
    more = len(troubles) - _NAMED
    if more > 0:
        lines.append(inline(f"{change.name}: … and {more} more"))
    return lines


def trouble_line(package: str, trouble: Trouble) -> Inline:
    """Such as "pkg: test_x fails 3 of 10", with a warning where its absence may be luck."""
    seen = f"{trouble.rate.failures} of {trouble.rate.runs}"
    word = {
        TroubleKind.TEST: "fails",
        TroubleKind.CRASH: "crashes",
        TroubleKind.RACE: "is reported in",
    }[trouble.kind]
    luck = ""
    if trouble.luck > _LUCK:
        luck = (
            f" (may be luck: as often as this it stays away by a chance of {percent(trouble.luck)})"
        )
    return inline(f"{package}: ", Code(one_line(trouble.name)), f" {word} {seen}{luck}")
