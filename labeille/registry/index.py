"""The index of a registry: what orders packages by downloads, derived from the package files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from labeille.errors import UsageError
from labeille.names import parse_package_name
from labeille.registry.atomic import replace_file
from labeille.registry.model import EXTENSION_SPELLINGS, ExtensionType, Package
from labeille.registry.problems import FileProblem, RegistryFileError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime
    from pathlib import Path

INDEX_NAME = "index.yaml"


class IndexEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One package's line in the index. ``extra`` keeps keys that this version does not know."""

    name: str
    download_count: int | None = None
    extension_type: ExtensionType = ExtensionType.UNKNOWN
    enriched: bool = False
    skip: bool = False
    skip_versions_keys: tuple[str, ...] = ()
    extra: dict[str, object] = {}


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """``index.yaml``; ``last_updated`` is text as it is written: UTC, no offset, no fraction."""

    last_updated: str | None = None
    packages: tuple[IndexEntry, ...] = ()
    extra: dict[str, object] = {}

    @property
    def counts(self) -> dict[str, int | None]:
        return {entry.name: entry.download_count for entry in self.packages}


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """Where an index is not what the package files say; all fields are names of packages."""

    missing: tuple[str, ...] = ()  # have a file, and no entry
    stale: tuple[str, ...] = ()  # have an entry, and no file
    changed: tuple[str, ...] = ()  # the entry says something else than the file
    misplaced: bool = False  # all of it is there, in another order

    def __bool__(self) -> bool:
        return bool(self.missing or self.stale or self.changed or self.misplaced)


def download_order(names: Iterable[str], counts: Mapping[str, int | None]) -> tuple[str, ...]:
    """By downloads, most first; unknown counts last; then by name."""

    def key(name: str) -> tuple[bool, int, str]:
        count = counts.get(name)
        return (count is None, -(count or 0), name)

    return tuple(sorted(names, key=key))


def rebuild_index(
    packages: Iterable[Package],
    old: Index,
    *,
    now: datetime,
    unreadable: Collection[str] = (),
) -> Index:
    """The index that the package files make; download counts and unknown keys stay as in ``old``.

    ``unreadable`` names packages whose files are broken at the moment: their entries stay, since
    their counts would be lost for good. ``now`` is an aware UTC time.
    """
    before = {entry.name: entry for entry in old.packages}
    entries = {name: before[name] for name in unreadable if name in before}
    for package in packages:
        known = before.get(package.name)
        entries[package.name] = IndexEntry(
            name=package.name,
            download_count=known.download_count if known else None,
            extension_type=package.extension_type,
            enriched=package.enriched,
            skip=package.skip,
            skip_versions_keys=tuple(sorted(package.skip_versions)),
            extra=known.extra if known else {},
        )
    counts = {name: entry.download_count for name, entry in entries.items()}
    return Index(
        last_updated=now.strftime("%Y-%m-%dT%H:%M:%S"),
        packages=tuple(entries[name] for name in download_order(entries, counts)),
        extra=old.extra,
    )


def update_index(
    old: Index,
    packages: Iterable[Package],
    counts: Mapping[str, int | None],
    *,
    now: datetime,
) -> Index:
    """The index with these packages' entries made anew, and all others as they are.

    ``counts`` are new download counts of some packages; an entry keeps the one it has where there
    is no new one. Returns ``old`` itself where nothing changes. ``now`` is an aware UTC time.
    """
    packages = list(packages)
    before = {entry.name: entry for entry in old.packages}
    for package in packages:
        count = counts.get(package.name)
        entry = before.get(package.name) or IndexEntry(name=package.name)
        if count is not None:
            entry = msgspec.structs.replace(entry, download_count=count)
        before[package.name] = entry
    counted = msgspec.structs.replace(old, packages=tuple(before.values()))
    new = rebuild_index(packages, counted, now=now, unreadable=before)
    return old if new.packages == old.packages else new


def find_drift(index: Index, rebuilt: Index) -> Drift:
    """What ``rebuild_index`` changed; a false value when it changed nothing but the date."""
    old = {entry.name: entry for entry in index.packages}
    new = {entry.name: entry for entry in rebuilt.packages}
    changed = tuple(
        name
        for name, entry in new.items()
        if name in old and _comparable(old[name]) != _comparable(entry)
    )
    order = [entry.name for entry in index.packages]
    return Drift(
        missing=tuple(name for name in new if name not in old),
        stale=tuple(name for name in old if name not in new),
        changed=changed,
        misplaced=old.keys() == new.keys() and order != [entry.name for entry in rebuilt.packages],
    )


def _comparable(entry: IndexEntry) -> tuple[object, ...]:
    keys = frozenset(entry.skip_versions_keys)
    return (entry.extension_type, entry.enriched, entry.skip, keys)


def read_index(path: Path) -> Index:
    """Read ``index.yaml``; a missing one is empty. Raises RegistryFileError with file and line."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Index()
    except OSError as error:
        reason = error.strerror or str(error)
        raise RegistryFileError((FileProblem(path, None, reason),)) from None
    return parse_index(data, path)


def parse_index(data: bytes, path: Path) -> Index:
    """Turn an index file's bytes into an Index; raises RegistryFileError with file and line."""
    from labeille.registry.nodes import (  # PyYAML costs 20 ms that a warm start has no use for
        BadValue,
        compose_mapping,
        pairs,
        plain,
        yaml_problems,
    )

    last_updated: str | None = None
    entries: tuple[IndexEntry, ...] = ()
    extra: dict[str, object] = {}
    root = compose_mapping(data, path)
    with yaml_problems(data, path):
        for key, _, node in pairs(root):
            value = plain(node)
            if key == "last_updated":
                last_updated = None if value is None else str(value)
            elif key != "packages":
                extra[key] = value
            elif value is None:
                entries = ()
            elif not isinstance(value, list):
                raise BadValue("packages: expected a list", node)
            else:
                found = []
                for item, item_node in zip(value, node.value, strict=True):
                    try:
                        found.append(_entry(item))
                    except (UsageError, ValueError) as error:
                        raise BadValue(f"packages: {error}", item_node) from None
                entries = tuple(found)
    return Index(last_updated=last_updated, packages=entries, extra=extra)


def _entry(value: object) -> IndexEntry:
    """One entry from plain values; raises ValueError or UsageError that says what is wrong."""
    if not isinstance(value, dict):
        raise ValueError("expected a mapping with name and download_count")
    extra = dict(value)
    name = parse_package_name(str(extra.pop("name", "")))
    count = extra.pop("download_count", None)
    if count is not None and (isinstance(count, bool) or not isinstance(count, int)):
        raise ValueError(f"{name}: download_count: expected a whole number, not {count!r}")
    kind = extra.pop("extension_type", None)
    keys = extra.pop("skip_versions_keys", None)
    return IndexEntry(
        name=name,
        download_count=count,
        extension_type=_extension_type(kind),
        enriched=extra.pop("enriched", False) is True,
        skip=extra.pop("skip", False) is True,
        skip_versions_keys=tuple(map(str, keys)) if isinstance(keys, list) else (),
        extra=extra,
    )


def _extension_type(value: object) -> ExtensionType:
    if isinstance(value, str) and value in EXTENSION_SPELLINGS:
        return ExtensionType.EXTENSIONS
    try:
        return ExtensionType(str(value))
    except ValueError:  # derived data, which a rebuild puts right
        return ExtensionType.UNKNOWN


def format_index(index: Index) -> bytes:
    """The index as YAML, in the layout that the original writes."""
    import yaml

    content = {
        "last_updated": index.last_updated,
        "packages": [
            {
                "name": entry.name,
                "download_count": entry.download_count,
                "extension_type": entry.extension_type.value,
                "enriched": entry.enriched,
                "skip": entry.skip,
                "skip_versions_keys": list(entry.skip_versions_keys),
                **entry.extra,
            }
            for entry in index.packages
        ],
        **index.extra,
    }
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text: str = yaml.dump(content, Dumper=dumper, sort_keys=False, allow_unicode=True)
    return text.encode()


def write_index(path: Path, index: Index) -> None:
    """Replace ``index.yaml`` in one step; raises OSError."""
    replace_file(path, format_index(index))
