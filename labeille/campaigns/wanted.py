"""Which packages a registry is to hold: names from a command line, a text file, a download list."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from labeille.errors import UsageError
from labeille.names import parse_package_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

STDIN = Path("-")


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """A package that is asked for; ``download_count`` is of a month."""

    name: str
    download_count: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class WantedList:
    """Packages to look up, each once, and a sentence on each entry that is none.

    ``repeated`` counts entries that name a package again.
    """

    packages: tuple[Wanted, ...]
    invalid: tuple[str, ...] = ()
    repeated: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class NameSources:
    """Where names come from; ``top`` chooses among those of the files, by downloads."""

    names: Sequence[str] = ()
    text_file: Path | None = None
    json_file: Path | None = None
    top: int | None = None


class _Row(msgspec.Struct):
    project: str
    download_count: object = None


class _Top(msgspec.Struct):
    rows: list[msgspec.Raw]


def read_wanted(sources: NameSources, known_counts: Mapping[str, int | None]) -> WantedList:
    """Read all names: arguments first, then the files', as far as ``top`` lets them in.

    ``top`` counts packages by downloads; a name without a count has that of ``known_counts``, and
    comes last without one. Raises UsageError for files that cannot be read, and for an empty list.
    """
    _check(sources)
    invalid: list[str] = []
    named = [_wanted(name, None, "", invalid) for name in sources.names]
    listed = [
        _wanted(name, count, place, invalid) for name, count, place in _listed(sources, invalid)
    ]
    first, repeated = _merged([one for one in named if one])
    rest, more = _merged([one for one in listed if one])
    repeated += more
    if sources.top is not None:
        counts = {name: count or known_counts.get(name) for name, count in rest.items()}
        ordered = sorted(rest, key=lambda name: -(counts[name] or 0))
        rest = {name: rest[name] for name in ordered[: sources.top]}
    for name, count in rest.items():
        repeated += name in first
        first[name] = first.get(name) or count
    if not first and not invalid:
        raise UsageError("the list of packages is empty", hint="a name a line, # begins a comment")
    packages = tuple(Wanted(name=name, download_count=count) for name, count in first.items())
    return WantedList(packages=packages, invalid=tuple(invalid), repeated=repeated)


def _check(sources: NameSources) -> None:
    has_file = sources.text_file is not None or sources.json_file is not None
    if not sources.names and not has_file:
        raise UsageError(
            "no package is named", hint="name some, or a list with --from-file or --from-json"
        )
    if sources.top is not None and not has_file:
        raise UsageError(
            "--top chooses among the packages of a list", hint="name one with --from-json"
        )


def _merged(packages: Iterable[Wanted]) -> tuple[dict[str, int | None], int]:
    """Counts by name in the order of first mention, and how many were mentioned again."""
    counts: dict[str, int | None] = {}
    repeated = 0
    for wanted in packages:
        repeated += wanted.name in counts
        counts[wanted.name] = counts.get(wanted.name) or wanted.download_count
    return counts, repeated


def _wanted(name: str, count: int | None, place: str, invalid: list[str]) -> Wanted | None:
    try:
        return Wanted(name=parse_package_name(name), download_count=count)
    except UsageError as error:
        invalid.append(f"{place}{error}")
        return None


def _listed(sources: NameSources, invalid: list[str]) -> Iterator[tuple[str, int | None, str]]:
    """Names of the files, their counts, and where they stand, for a message."""
    if sources.text_file is not None:
        text = _read(sources.text_file, "--from-file").decode(errors="backslashreplace")
        for number, line in enumerate(text.splitlines(), start=1):
            name = line.partition("#")[0].strip()
            if name:
                yield name, None, f"{sources.text_file}:{number}: "
    if sources.json_file is not None:
        yield from _rows(sources.json_file, invalid)


def _rows(path: Path, invalid: list[str]) -> Iterator[tuple[str, int | None, str]]:
    data = _read(path, "--from-json")
    try:
        rows = msgspec.json.decode(data, type=_Top).rows
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            f"--from-json: {path} is no list of packages: {error}",
            hint='it holds {"rows": [{"project": "idna", "download_count": 123}, …]}',
        ) from None
    for number, raw in enumerate(rows, start=1):
        place = f"{path}, row {number}: "
        try:
            row = msgspec.json.decode(raw, type=_Row)
        except (msgspec.DecodeError, UnicodeDecodeError):
            shown = bytes(raw)[:60].decode(errors="backslashreplace")
            invalid.append(f"{place}{shown} names no project")
            continue
        count = row.download_count  # one that makes no sense is as good as none
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            count = None
        yield row.project, count, place


def _read(path: Path, option: str) -> bytes:
    try:
        data = sys.stdin.buffer.read() if path == STDIN else path.read_bytes()
    except OSError as error:
        raise UsageError(f"{option}: {path} cannot be read: {error.strerror}") from None
    return data.removeprefix(b"\xef\xbb\xbf")
