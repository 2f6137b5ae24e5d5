"""What a report says, apart from how it looks: blocks that become text or markdown."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from labeille.reports.showable import showable
from labeille.reports.tables import Table, table_text


@dataclass(frozen=True)
class Code:
    """A name out of code: a test's id, a signature, a path."""

    text: str

    def __str__(self) -> str:
        return self.text


#: A piece of a line: prose, or a name.
Part = str | Code
#: A line of prose, or a cell of a table.
Inline = tuple[Part, ...]


@dataclass(frozen=True)
class Heading:
    """``level`` 2 for a chapter, 3 for a part of one."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    """A line of prose."""

    line: Inline


@dataclass(frozen=True)
class Bullets:
    """Lines that belong together; one that starts with two blanks belongs to the one before it."""

    lines: tuple[Inline, ...]


@dataclass(frozen=True)
class Listing:
    """Text as a machine wrote it: a stack, a log's end."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Rows of cells under columns; those named in ``numbers`` are set to the right."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Inline, ...], ...]
    numbers: frozenset[str] = field(default_factory=frozenset)


Block = Heading | Paragraph | Bullets | Listing | Grid


@dataclass(frozen=True)
class Document:
    """A title and what stands under it."""

    title: str
    blocks: tuple[Block, ...]


def inline(*parts: Part) -> Inline:
    """A line or a cell of these pieces."""
    return parts


def plain(line: Inline) -> str:
    """A line's text alone, fit to be shown."""
    return showable("".join(map(str, line)))


def document_text(document: Document) -> str:
    """For a terminal: as wide as it gets, nothing cut off."""
    return "\n\n".join([document.title, *map(_text, document.blocks)])


def document_markdown(document: Document) -> str:
    """As GitHub reads it."""
    return "\n\n".join([f"# {_escaped(document.title)}", *map(_markdown, document.blocks)]) + "\n"


def _is_nested(line: Inline) -> bool:
    return bool(line) and isinstance(line[0], str) and line[0].startswith("  ")


def _text(block: Block) -> str:
    if isinstance(block, Heading):
        return block.text
    if isinstance(block, Paragraph):
        return plain(block.line)
    if isinstance(block, Bullets):
        return "\n".join(f"  {plain(line)}" for line in block.lines)
    if isinstance(block, Listing):
        return "\n".join(f"    {line}" for line in showable(block.text).splitlines())
    rows = tuple(tuple(plain(cell) for cell in row) for row in block.rows)
    return table_text(Table(columns=block.columns, rows=rows, numbers=block.numbers))


def _markdown(block: Block) -> str:
    if isinstance(block, Heading):
        return f"{'#' * block.level} {_escaped(block.text)}"
    if isinstance(block, Paragraph):
        return _marked(block.line)
    if isinstance(block, Bullets):
        return "\n".join(
            f"  - {_marked(line).lstrip()}" if _is_nested(line) else f"- {_marked(line)}"
            for line in block.lines
        )
    if isinstance(block, Listing):
        text = showable(block.text)
        fence = "`" * max(3, _longest_ticks(text) + 1)
        return f"{fence}\n{text}\n{fence}"
    rule = ["---:" if column in block.numbers else "---" for column in block.columns]
    rows = [[_marked(cell).replace("|", "\\|") for cell in row] for row in block.rows]
    lines = [[_escaped(column) for column in block.columns], rule, *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _marked(line: Inline) -> str:
    return "".join(
        _code_span(showable(part.text)) if isinstance(part, Code) else _escaped(showable(part))
        for part in line
    )


def _code_span(text: str) -> str:
    """CommonMark 6.1: as many backquotes around as are nowhere inside."""
    text = " ".join(text.split())
    if not text:
        return ""
    ticks = "`" * (_longest_ticks(text) + 1)
    blank = " " if "`" in text else ""
    return f"{ticks}{blank}{text}{blank}{ticks}"


def _longest_ticks(text: str) -> int:
    return max(map(len, re.findall(r"`+", text)), default=0)


def _escaped(text: str) -> str:
    text = " ".join(text.split("\n"))
    text = re.sub(r"([\\`*\[\]<>~]|^#)", r"\\\1", text)
    return re.sub(r"(?<!\w)_|_(?!\w)", r"\\_", text)  # inside of words it stands for itself
