"""A report as markdown, fit for a CI job's page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labeille.reports.document import (
    Bullets,
    Code,
    Document,
    Grid,
    Heading,
    Listing,
    Paragraph,
    document_markdown,
    inline,
)
from labeille.reports.page.model import Outcome
from labeille.reports.quantities import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labeille.reports.document import Block, Inline
    from labeille.reports.page.model import Case, Changes, Finding, Page, Row

#: How much of each is shown: a job's page takes 1 MiB (GitHub's limit), and readers less.
FINDINGS = 25
CASES = 5
FRAMES = 12
ROWS = 150
CHANGES, NAMED = 40, 10


def markdown_report(page: Page) -> str:
    """The page's headline, what changed, its findings, and the packages that did not pass."""
    return document_markdown(page_document(page))


def page_document(page: Page) -> Document:
    """What a page shows, as prose and tables."""
    return Document(page.heading, tuple(_blocks(page)))


def _blocks(page: Page) -> Iterator[Block]:
    yield Paragraph(inline(Code(page.run_id), f" · {' · '.join(page.subtitle)}"))
    if page.counts:
        yield Grid(
            columns=tuple(count.word for count in page.counts),
            rows=(tuple(inline(f"{count.number:,}") for count in page.counts),),
            numbers=frozenset(count.word for count in page.counts),
        )
    if page.figures:
        figures = (f"{figure.label}: {figure.value}" for figure in page.figures)
        yield Paragraph(inline(" · ".join(figures)))
    if page.warnings:
        yield Bullets(tuple(inline(warning) for warning in page.warnings))
    if page.changes:
        yield from _changes(page.changes)
    if page.findings:
        yield Heading(page.findings_title)
        for finding in page.findings[:FINDINGS]:
            yield from _finding(finding)
        more = len(page.findings) - FINDINGS
        if more > 0:
            titles = tuple(inline(Code(each.title)) for each in page.findings[FINDINGS:])
            yield Bullets((inline(f"{more} more:"), *titles[:ROWS]))
    yield from _packages(page)


def _changes(changes: Changes) -> Iterator[Block]:
    yield Heading("What changed")
    yield Paragraph(inline(changes.words))
    yield Bullets(tuple(inline(f"{fact.name}: {fact.value}") for fact in changes.circumstances))
    for group in changes.groups:
        number = len(group.changes) + len(group.lines)
        yield Heading(f"{group.title} ({number})", level=3)
        if not group.open:
            names = [change.package for change in group.changes] or list(group.lines)
            yield Bullets(tuple(inline(Code(name)) for name in names[:NAMED]))
            if number > NAMED:
                yield Paragraph(inline(_more(number, NAMED).strip()))
            continue
        lines: list[Inline] = []
        for change in group.changes[:CHANGES]:
            step = f": {change.before} → {change.after}; {change.reason}"
            lines.append(inline(Code(change.package), step))
            lines += [inline("— ", Code(line)) for line in change.lines]
        lines += [inline(Code(line)) for line in group.lines[:CHANGES]]
        yield Bullets(tuple(lines))
        if number > CHANGES:
            yield Paragraph(inline(f"and {number - CHANGES:,} more"))


def _finding(finding: Finding) -> Iterator[Block]:
    yield Heading(f"{finding.label}: {', '.join(finding.remarks)}", level=3)
    yield Paragraph(inline(Code(finding.title)))
    if finding.detail:
        yield Listing(finding.detail)
    for stack in finding.stacks:
        if stack.lines:
            left_out = len(stack.lines) - FRAMES
            lines = [f"{stack.title} ({stack.note})" if stack.note else stack.title]
            lines += [f"  {line}" for line in stack.lines[:FRAMES]]
            lines += [f"  … {counted(left_out, 'outer frame')}"] if left_out > 0 else []
            yield Listing("\n".join(lines))
    for case in finding.cases[:CASES]:
        yield from _case(case)
    rest = [case.name for case in finding.cases[CASES:]]
    if rest:
        yield Paragraph(inline("and in ", Code(", ".join(rest[:ROWS])), _more(len(rest), ROWS)))


def _case(case: Case) -> Iterator[Block]:
    facts: list[Inline] = [inline(Code(f"{case.name} {case.version}".strip()))]
    facts += [
        inline(f"{fact.name}: ", Code(fact.value) if fact.code else fact.value)
        for fact in case.facts
    ]
    yield Bullets(tuple(facts))
    for command in case.commands:
        yield Listing(f"# {command.title}\n{command.text}")


def _packages(page: Page) -> Iterator[Block]:
    """A table of what did not pass; of the rest only how many there are."""
    rows = [row for row in page.rows if row.outcome is not Outcome.PASSED]
    passed = len(page.rows) - len(rows)
    yield Heading("Packages")
    if rows:
        shown = [column for column in page.columns if not column.minor]
        yield Grid(
            columns=("status", "package", "version", *(column.name for column in shown), "remark"),
            rows=tuple(_row(page, row) for row in rows[:ROWS]),
            numbers=frozenset(column.name for column in shown),
        )
    words = [f"{len(rows) - ROWS:,} more did not pass"] if len(rows) > ROWS else []
    if passed:
        words.append(f"{counted(passed, 'package')} without a finding")
    if words:
        yield Paragraph(inline("; ".join(words)))


def _row(page: Page, row: Row) -> tuple[Inline, ...]:
    cells = zip(page.columns, row.cells, strict=True)
    return (
        inline(row.word),
        inline(Code(row.package)),
        inline(row.version),
        *(inline(cell) for column, cell in cells if not column.minor),
        inline(Code(row.remark)) if row.remark else inline(),
    )


def _more(number: int, shown: int) -> str:
    return f" and {number - shown:,} more" if number > shown else ""
