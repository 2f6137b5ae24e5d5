"""Decides whether runs can be made one, and what that one's metadata says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from labeille.analysis.inputs import (
    Sameness,
    canonical,
    condition_difference,
    condition_facts,
    target_difference,
    target_facts,
)
from labeille.analysis.runs import find_run, list_runs, parse_time
from labeille.errors import UsageError
from labeille.results.directory import new_run_id
from labeille.results.merging import Merged, Part, write_merged
from labeille.results.reading import read_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from labeille.analysis.runs import StoredRun

#: Numbers in the metadata of hunts and of free-threaded runs that add up.
_SUMMED = (
    *("packages", "packages_total", "packages_completed"),
    *("total_iterations", "total_duration_s"),
)

#: Packages that a message names.
_NAMED = 5


class _Named(msgspec.Struct):
    package: str


def merge_runs(texts: Sequence[str], results_dir: Path, run_id: str | None) -> Merged:
    """Make one run of several that tested different packages, shards of a hunt for example.

    ``texts`` are run ids, paths of runs, or folders with runs in them. Raises UsageError for runs
    that belong apart (of another kind, target or condition) and for packages that two of them have
    records of; nothing has been written then.
    """
    runs = _find(texts, results_dir)
    _check_alike(runs)
    parts = [Part(path=run.path, packages=_packages(run)) for run in runs]
    _check_disjoint(runs, parts)
    name = run_id or new_run_id(results_dir, prefix="merged")
    meta = _merged_meta(name, runs, parts)
    return write_merged(results_dir, name, runs[0].kind, parts, meta)


def _find(texts: Sequence[str], results_dir: Path) -> list[StoredRun]:
    runs: dict[Path, StoredRun] = {}
    for text in texts:
        found = _runs_in(results_dir, text)
        for run in found:
            path = run.path.resolve()
            if path in runs:
                raise UsageError(f"{run.path} is named twice", hint="name each run once")
            runs[path] = run
    return sorted(runs.values(), key=lambda run: run.started)


def _runs_in(results_dir: Path, text: str) -> list[StoredRun]:
    try:
        return [find_run(results_dir, text)]
    except UsageError:
        path = Path(text)
        found = list_runs(path) if path.is_dir() else []
        if not found:
            raise
        return found


def _packages(run: StoredRun) -> frozenset[str]:
    return frozenset(canonical(line.package) for line in read_lines(run.lines_path, _Named).items)


def _check_alike(runs: Sequence[StoredRun]) -> None:
    """One run answers one question: one kind, one target, one condition."""
    first = runs[0]
    hint = "`labeille analyze compare` puts two runs side by side"
    for other in runs[1:]:
        if other.kind is not first.kind:
            raise UsageError(
                f"{first.path} is a {first.kind} run and {other.path} a {other.kind} run",
                hint="merge runs of one kind",
            )
        target = target_difference(target_facts(first.meta), target_facts(other.meta))
        condition = condition_difference(
            condition_facts(first.meta), condition_facts(other.meta), same_target=True
        )
        for each in (target, condition):
            if each.sameness is Sameness.CHANGED and not _only_path(first, other, each.details):
                raise UsageError(
                    f"{first.path} and {other.path} have another {each.aspect}: "
                    f"{each.before} and {each.after}",
                    hint=hint,
                )


def _only_path(first: StoredRun, other: StoredRun, details: Iterable[str]) -> bool:
    """Of runs without an id of their target: one version at two paths, on two machines."""
    same_version = first.meta.python_version == other.meta.python_version != ""
    return same_version and any("at another path" in detail for detail in details)


def _check_disjoint(runs: Sequence[StoredRun], parts: Sequence[Part]) -> None:
    owners: dict[str, StoredRun] = {}
    doubled: dict[str, tuple[StoredRun, StoredRun]] = {}
    for run, part in zip(runs, parts, strict=True):
        for package in part.packages:
            if package in owners:
                doubled[package] = (owners[package], run)
            owners[package] = run
    if not doubled:
        return
    one, other = next(iter(doubled.values()))
    names = [name for name, pair in sorted(doubled.items()) if pair == (one, other)]
    shown = ", ".join(names[:_NAMED])
    more = f" and {len(doubled) - _NAMED} more" if len(doubled) > _NAMED else ""
    noun = "package is" if len(doubled) == 1 else "packages are"
    raise UsageError(
        f"{len(doubled)} {noun} in two runs: {shown}{more}, in {one.path} and in {other.path}",
        hint="which record is to count is not for merge to say: leave one of the runs out",
    )


def _merged_meta(run_id: str, runs: Sequence[StoredRun], parts: Sequence[Part]) -> dict[str, Any]:
    """The first run's metadata, unknown keys too, with what the others change in it."""
    raw = [_raw_meta(run) for run in runs]
    ended = [parse_time(run.meta.finished_at or "") for run in runs]
    known_ends = [time for time in ended if time is not None]
    hosts = dict.fromkeys(run.meta.hostname for run in runs if run.meta.hostname)
    overrides: dict[str, str] = {}
    for run in runs:
        overrides |= run.meta.repo_overrides
    return {
        **raw[0],
        **_sums(raw, parts),
        "run_id": run_id,
        "started_at": min(run.started for run in runs).isoformat(),
        "finished_at": max(known_ends).isoformat() if len(known_ends) == len(runs) else None,
        "hostname": ", ".join(hosts),
        "cli_args": ["merge", *(str(run.path) for run in runs)],
        "repo_overrides": overrides,
        "merged_from": [run.run_id for run in runs],
    }


def _sums(raw: Sequence[dict[str, Any]], parts: Sequence[Part]) -> dict[str, int | float]:
    """Numbers that add up; at least what a run has records of was selected."""
    sums: dict[str, int | float] = {}
    for key in _SUMMED:
        values = [each.get(key) for each in raw]
        if any(isinstance(value, (int, float)) for value in values):
            # a run that sessions of nox share says what one of them selected
            least = [len(part.packages) if key == "packages" else 0 for part in parts]
            sums[key] = sum(
                max(value, low) if isinstance(value, (int, float)) else low
                for value, low in zip(values, least, strict=True)
            )
    return sums


def _raw_meta(run: StoredRun) -> dict[str, Any]:
    try:
        raw = msgspec.json.decode((run.path / run.kind.files.meta).read_bytes())
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return {}
    return raw if isinstance(raw, dict) else {}
