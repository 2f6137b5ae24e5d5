"""The kinds of run that are kept, by the files that each leaves in its directory."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeille.results.directory import META_FILE, RECORDS_FILE

if TYPE_CHECKING:
    from pathlib import Path


class RunKind(enum.StrEnum):
    """What a run did with its packages; the values are read by people."""

    HUNT = "hunt"
    DIFFERENTIAL = "differential"
    FREE_THREADED = "free-threaded"

    @property
    def files(self) -> RunFiles:
        """Where a run of this kind keeps what."""
        return _FILES[self]


@dataclass(frozen=True, kw_only=True)
class RunFiles:
    """The names of a run's metadata and of its file with a line a package.

    ``prefix`` starts the ids of such runs, where nobody chose one.
    """

    meta: str
    lines: str
    prefix: str


_FILES = {
    RunKind.HUNT: RunFiles(meta=META_FILE, lines=RECORDS_FILE, prefix="run"),
    RunKind.DIFFERENTIAL: RunFiles(meta=META_FILE, lines="differential.jsonl", prefix="diff"),
    RunKind.FREE_THREADED: RunFiles(meta="ft_meta.json", lines="ft_results.jsonl", prefix="ft"),
}


def run_kind(path: Path) -> RunKind | None:
    """The kind of run that a folder is, None if it is none.

    Where nothing is kept yet that only one kind has, its name decides.
    """
    for kind in (RunKind.FREE_THREADED, RunKind.DIFFERENTIAL):
        if (path / kind.files.lines).is_file():
            return kind
    if (path / RunKind.FREE_THREADED.files.meta).is_file():
        return RunKind.FREE_THREADED
    if (path / RECORDS_FILE).is_file():
        return RunKind.HUNT
    if not (path / META_FILE).is_file():
        return None
    if path.name.startswith(f"{RunKind.DIFFERENTIAL.files.prefix}_"):
        return RunKind.DIFFERENTIAL
    return RunKind.HUNT
