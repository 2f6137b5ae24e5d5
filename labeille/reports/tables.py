"""Tables as aligned text and as markdown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows of text under columns; those named in ``numbers`` are set to the right."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""
    numbers: frozenset[str] = frozenset()


def table_text(table: Table) -> str:
    """Columns in line, two blanks between them; never cut off."""
    lines = [table.columns, *table.rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = [_aligned(line, widths, table) for line in lines]
    return "\n".join([table.title, *text] if table.title else text)


def table_markdown(table: Table) -> str:
    """A table as GitHub's markdown has it, under a heading."""
    rule = ["---:" if column in table.numbers else "---" for column in table.columns]
    lines = [_piped(table.columns), _piped(rule), *map(_piped, table.rows)]
    return "\n".join([f"## {table.title}", "", *lines] if table.title else lines)


def _aligned(cells: Sequence[str], widths: Iterable[int], table: Table) -> str:
    return "  ".join(
        cell.rjust(width) if column in table.numbers else cell.ljust(width)
        for cell, width, column in zip(cells, widths, table.columns, strict=True)
    ).rstrip()


def _piped(cells: Iterable[str]) -> str:
    escaped = (" ".join(cell.split()).replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(escaped)} |"
