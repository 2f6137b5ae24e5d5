"""How long each package's suite took when it was last run, and the order that follows from it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import msgspec

from labeille.results.directory import RECORDS_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from labeille.pipeline.job import Job

#: How many of the newest runs are looked at: enough to find most packages, cheap at 5,000 records.
RUNS_LOOKED_AT = 5


class _Timing(msgspec.Struct):
    """The part of a record that matters here; decoding the rest would cost ten times more."""

    package: str
    duration_seconds: float = 0.0


def last_durations(results_dir: Path) -> dict[str, float]:
    """The last known duration of each package's suite in seconds, from the newest runs."""
    files = []
    for path in results_dir.glob(f"*/{RECORDS_FILE}"):
        with contextlib.suppress(OSError):
            files.append((path.stat().st_mtime, path))
    decoder = msgspec.json.Decoder(_Timing)
    durations: dict[str, float] = {}
    for _, path in sorted(files)[-RUNS_LOOKED_AT:]:
        with contextlib.suppress(OSError):
            for line in path.read_bytes().splitlines():
                with contextlib.suppress(msgspec.MsgspecError):
                    timing = decoder.decode(line)
                    if timing.duration_seconds > 0:
                        durations[timing.package] = timing.duration_seconds
    return durations


def longest_first(jobs: Sequence[Job], durations: Mapping[str, float]) -> list[Job]:
    """The jobs in an order that fills all slots to the end: the longest known first.

    A package that was never timed may be the longest of all, so it goes before the known ones; in
    either group the given order decides between equals.
    """
    unknown = float("inf")
    return sorted(jobs, key=lambda job: -durations.get(job.name, unknown))
