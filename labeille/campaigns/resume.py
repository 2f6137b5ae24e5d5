"""What a command with ``--skip-completed`` goes on with: which run, and which of its jobs."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import msgspec

from labeille.results.kinds import RunKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from labeille.pipeline.job import Job
    from labeille.results.model import Record

#: What is added to a command so that it goes on with what it began.
RESUME_OPTION = "--skip-completed"


class _Begun(msgspec.Struct):
    """The part of a run's metadata that tells one command from another."""

    cli_args: object = None


def earlier_run(results_dir: Path, cli_args: Iterable[str]) -> str | None:
    """The id of the run under ``results_dir`` that the same command was the last to write.

    ``--skip-completed`` makes no difference between two commands; everything else does.
    """
    found = []
    for name in sorted({kind.files.meta for kind in RunKind}):
        for path in results_dir.glob(f"*/{name}"):
            with contextlib.suppress(OSError):
                found.append((path.stat().st_mtime_ns, path))
    wanted = _without_resume(cli_args)
    for _, path in sorted(found, reverse=True):
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            begun = msgspec.json.decode(path.read_bytes(), type=_Begun).cli_args
            if isinstance(begun, list) and _without_resume(begun) == wanted:
                return path.parent.name
    return None


def still_to_do(jobs: Sequence[Job], done: Mapping[str, Record]) -> list[Job]:
    """The jobs without a final record: errors on our side of the suite are tried again."""
    return [
        job for job in jobs if (record := done.get(job.name)) is None or not record.status.is_final
    ]


def _without_resume(cli_args: Iterable[object]) -> list[object]:
    return [word for word in cli_args if word != RESUME_OPTION]
