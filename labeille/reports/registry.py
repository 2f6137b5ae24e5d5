"""How a registry looks: one package, and what all of them are."""

from __future__ import annotations

import enum
import json
import textwrap
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from labeille.registry.fields import as_mapping, render
from labeille.registry.tags import is_selectable
from labeille.reports.tables import Table, table_markdown, table_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from labeille.analysis.registry import RankedPackage, RegistryFacts
    from labeille.registry.model import Package

_PROSE = ("notes", "skip_reason")
_WIDTH = 100  # of wrapped text where no terminal says how wide it is


class RegistryFormat(enum.StrEnum):
    """What ``labeille analyze registry`` shows."""

    SUMMARY = "summary"
    TABLE = "table"
    DETAIL = "detail"
    COUNTS = "counts"


def registry_text(facts: RegistryFacts, form: RegistryFormat) -> str:
    """What the registry holds, for a terminal or a file."""
    if form is RegistryFormat.DETAIL:
        blocks = [package_text(item.package) for item in facts.packages]
    else:
        blocks = [table_text(table) for table in _tables(facts, form)]
    return "\n\n".join([*blocks, *_problem_block(facts)])


def registry_markdown(facts: RegistryFacts, form: RegistryFormat) -> str:
    """The same as ``registry_text``, in markdown."""
    blocks = [f"# Registry: {len(facts.packages)} packages"]
    if form is RegistryFormat.DETAIL:
        blocks += [
            f"## {item.package.name}\n\n```yaml\n{package_text(item.package)}\n```"
            for item in facts.packages
        ]
    else:
        blocks += [table_markdown(table) for table in _tables(facts, form)]
    if facts.problems:
        lines = (f"- {problem}" for problem in facts.problems)
        blocks.append("## Files that cannot be read\n\n" + "\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def package_text(package: Package) -> str:
    """A package's fields in YAML, prose wrapped into folded lines."""
    lines = []
    for name, value in as_mapping(package).items():
        rendered = render(value)
        if name in _PROSE and len(name) + len(rendered) + 2 > _WIDTH and _is_foldable(value):
            wrapped = textwrap.wrap(
                str(value), _WIDTH - 2, break_long_words=False, break_on_hyphens=False
            )
            lines += [f"{name}: >-", *(f"  {line}" for line in wrapped)]
        else:
            lines.append(f"{name}: {rendered}")
    return "\n".join(lines)


def package_json(package: Package, path: Path) -> str:
    """A package's fields, and the path of its file, as one JSON object."""
    return json.dumps({**as_mapping(package), "path": str(path)}, indent=2, ensure_ascii=False)


def print_package(package: Package, path: Path) -> None:
    """A package as a table on a terminal, as YAML elsewhere."""
    console = Console()
    if not console.is_terminal:
        print(package_text(package))
        return
    table = RichTable(box=None, show_header=False, pad_edge=False, title_justify="left")
    table.title = Text(str(path), style="dim")
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in as_mapping(package).items():
        empty = value is None or value in ("", {}, [], ())
        table.add_row(name, Text("-", style="dim") if empty else Text(_cell(value)))
    console.print(table)


def _is_foldable(value: object) -> bool:
    """Whether YAML reads the same from folded lines: they keep no blanks but single ones."""
    return isinstance(value, str) and value == " ".join(value.split())


def _cell(value: object) -> str:
    if isinstance(value, dict):
        return "\n".join(f"{key}: {item}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return value if isinstance(value, str) else render(value)


def _tables(facts: RegistryFacts, form: RegistryFormat) -> Iterable[Table]:
    if form is RegistryFormat.SUMMARY:
        return _summary(facts)
    if form is RegistryFormat.COUNTS:
        return _counts(facts)
    return [_packages(facts.packages)]


def _summary(facts: RegistryFacts) -> list[Table]:
    shares = Table(
        columns=("packages", "all", "enriched", "%", "selectable"),
        rows=tuple(
            (
                share.name,
                str(share.packages),
                str(share.enriched),
                f"{100 * share.enriched / share.packages:.0f}" if share.packages else "-",
                str(share.selectable),
            )
            for share in facts.shares
        ),
        numbers=frozenset({"all", "enriched", "%", "selectable"}),
    )
    skipped = Table(
        columns=("skipped", "packages"),
        rows=tuple((where, str(count)) for where, count in facts.skipped),
        numbers=frozenset({"packages"}),
    )
    return [shares, skipped] if skipped.rows else [shares]


def _counts(facts: RegistryFacts) -> list[Table]:
    return [
        Table(
            columns=(field, "packages"),
            rows=tuple((value, str(count)) for value, count in values),
            numbers=frozenset({"packages"}),
        )
        for field, values in facts.counts().items()
    ]


def _packages(packages: Iterable[RankedPackage]) -> Table:
    columns = ("rank", "package", "downloads", "type", "framework", "timeout", "state")
    return Table(
        columns=columns,
        rows=tuple(
            (
                str(item.rank),
                item.package.name,
                "-" if item.downloads is None else str(item.downloads),
                item.package.extension_type.value,
                item.package.test_framework.value,
                "-" if item.package.timeout is None else f"{item.package.timeout:g}",
                _state(item.package),
            )
            for item in packages
        ),
        numbers=frozenset({"rank", "downloads", "timeout"}),
    )


def _state(package: Package) -> str:
    """Whether the package is run when nobody names it, and if not, why."""
    if is_selectable(package):
        versions = ", ".join(sorted(package.skip_versions))
        return f"selectable, but on {versions}" if versions else "selectable"
    return "skipped" if package.skip else "not enriched"


def _problem_block(facts: RegistryFacts) -> list[str]:
    if not facts.problems:
        return []
    return ["files that cannot be read:\n" + "\n".join(f"  {line}" for line in facts.problems)]
