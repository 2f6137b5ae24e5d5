"""Check the index against the package files, which rule."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from labeille.registry.findings import Finding, Rule
from labeille.registry.index import IndexEntry, find_drift, parse_index, rebuild_index
from labeille.registry.problems import RegistryFileError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from labeille.registry.model import Package
    from labeille.registry.store import Registry

# The line that an entry's name stands in; finer than that an index need not be read.
_NAME = re.compile(rb"^[ \t]*-?[ \t]*name:[ \t]*['\"]?([^\s'\"]+)", re.MULTILINE)
_COMPARED = ("extension_type", "enriched", "skip", "skip_versions_keys")


def index_findings(
    registry: Registry, packages: Mapping[str, Package], unreadable: Iterable[str]
) -> Iterator[Finding]:
    """Where the index is not what the package files say."""

    def finding(line: int | None, message: str, rule: Rule = Rule.INDEX_DRIFT) -> Finding:
        return Finding(path=registry.index_path, line=line, rule=rule, message=message)

    try:
        data = registry.index_path.read_bytes()
        index = parse_index(data, registry.index_path)
    except FileNotFoundError:
        if packages:
            yield finding(None, "the index is missing")
        return
    except OSError as error:
        yield finding(None, error.strerror or str(error), Rule.UNREADABLE)
        return
    except RegistryFileError as error:
        yield from map(Finding.unreadable, error.problems)
        return
    lines = _lines(data)
    rebuilt = rebuild_index(
        packages.values(), index, now=datetime.now(UTC), unreadable=tuple(unreadable)
    )
    drift = find_drift(index, rebuilt)
    old = {entry.name: entry for entry in index.packages}
    new = {entry.name: entry for entry in rebuilt.packages}
    for name in drift.changed:
        yield finding(lines.get(name), f"{name}: {_difference(old[name], new[name])}")
    for name in drift.stale:
        yield finding(lines.get(name), f"{name}: has an entry, and no file")
    for name in drift.missing:
        yield finding(None, f"{name}: has a file, and no entry")
    if drift.misplaced:
        yield finding(None, "is not ordered by downloads")


def _lines(data: bytes) -> dict[str, int]:
    """The line of each entry of an index, by the name as it is written there."""
    lines: dict[str, int] = {}
    line, at = 1, 0
    for match in _NAME.finditer(data):
        line += data.count(b"\n", at, match.start())
        at = match.start()
        lines.setdefault(match[1].decode(errors="replace"), line)
    return lines


def _difference(entry: IndexEntry, by_file: IndexEntry) -> str:
    parts = []
    for field in _COMPARED:
        was, rules = getattr(entry, field), getattr(by_file, field)
        if was != rules:
            parts.append(f"{field} is {_text(was)}, its file says {_text(rules)}")
    return "; ".join(parts)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"[{', '.join(value)}]" if isinstance(value, tuple) else str(value)
