"""One crash among all stored runs: where it was seen, and how its package fared otherwise."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeille.analysis.freethreading.runs import FreeThreadedRun
from labeille.analysis.inputs import canonical, revision
from labeille.analysis.run import evidence_path
from labeille.crashes.evidence import crash_excerpt, read_crash
from labeille.errors import UsageError
from labeille.pipeline.trial import TEST_LOG
from labeille.results.directory import RECORDS_FILE
from labeille.results.freethreading import IterationStatus
from labeille.results.kinds import RunKind
from labeille.results.model import Record, Status
from labeille.results.reading import read_lines
from labeille.results.triage import read_reduction, read_triage
from labeille.suites.narrow import narrow_command
from labeille.suites.testlog import read_test_log

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from labeille.analysis.runs import StoredRun
    from labeille.results.freethreading import FreeThreadedRecord, Iteration
    from labeille.results.triage import Reduction, TriageResult
    from labeille.suites.model import Invocation

_HASH = re.compile(r"[0-9a-f]{8}")
#: Bytes of an evidence file that are read; its head tells where it is from.
_EVIDENCE = 600 * 1024
#: Lines of a per-test log at whose beginning it says where pytest ran.
_FIRST_LINES = 20
#: Signatures that a message names.
_NAMED = 5


@dataclass(frozen=True)
class Sighting:
    """A package's record in a run."""

    run: StoredRun
    record: Record


@dataclass(frozen=True, kw_only=True)
class StoredCrash:
    """A crash with everything that is stored about it.

    ``sightings`` are all records with its signature, the newest run's first; the first is the one
    that it is told by. ``others`` are records of that package at the same source on the same
    target, whatever their verdict: under other conditions, in other runs.
    """

    sightings: tuple[Sighting, ...]
    others: tuple[Sighting, ...]
    triage: TriageResult | None = None
    reduction: Reduction | None = None

    @property
    def run(self) -> StoredRun:
        return self.sightings[0].run

    @property
    def record(self) -> Record:
        return self.sightings[0].record

    @property
    def signature(self) -> str:
        return self.record.crash_signature or ""

    @property
    def evidence(self) -> Path | None:
        """The file with what the process printed, None where none was kept."""
        path = evidence_path(self.run, self.record)
        return path if path is not None and path.is_file() else None

    @property
    def block(self) -> str:
        """The crash as the process printed it, empty where that was not kept."""
        text = self.record.stderr_tail
        if self.evidence is not None:
            with self.evidence.open("rb") as file:
                text = file.read(_EVIDENCE).decode("utf-8", "backslashreplace")
        return crash_excerpt(text, exit_code=self.record.exit_code) or ""


def test_alone(run: StoredRun, record: Record) -> str | None:
    """The package's test command with the running test alone, None where it cannot be told."""
    if not record.running_test or not record.test_command:
        return None
    return narrow_command(record.test_command, [record.running_test], invocation_of(run, record))


test_alone.__test__ = False  # type: ignore[attr-defined]  # no test, though pytest likes the name


def invocation_of(run: StoredRun, record: Record) -> Invocation | None:
    """Where pytest ran in a record's trial, None where its per-test log does not say."""
    path = run.path / "logs" / record.package / TEST_LOG
    return read_test_log(path, first=_FIRST_LINES).invocation


def find_crash(runs: Sequence[StoredRun], wanted: str) -> StoredCrash:
    """The crash that ``wanted`` names: a signature, its hash, or a package that crashed.

    Of a crash that was seen in several runs, a run that triage has looked into is taken, and the
    package that it looked at; else the newest. Raises UsageError where there is none, or more than
    one.
    """
    everything = [
        Sighting(run, record) for run in reversed(runs) for record in _records(run)
    ]  # fmt: skip
    crashes = [each for each in everything if each.record.crash_signature]
    found = _named(crashes, wanted)
    if not found:
        raise UsageError(_nothing(everything, crashes, wanted), hint=_hint(crashes))
    signature = _one_signature(found, wanted)
    same = [each for each in crashes if each.record.crash_signature == signature]
    # The sighting that was asked for comes first: of a package, that package's.
    asked = [each for each in same if each in found]
    triaged = [(each, result) for each in asked if (result := _triage(each, signature))]
    first, result = asked[0], None
    if triaged:
        first, result = next(
            (pair for pair in triaged if pair[0].record.package == pair[1].package), triaged[0]
        )
    return StoredCrash(
        sightings=(first, *(each for each in same if each is not first)),
        others=tuple(each for each in everything if _comparable(first, each)),
        triage=result,
        reduction=read_reduction(first.run.path, first.record.package),
    )


def _records(run: StoredRun) -> Iterator[Record]:
    """The records that count in a run of any kind, a condition's each."""
    if run.kind is RunKind.FREE_THREADED:
        for record in FreeThreadedRun(run).records.values():
            yield from _iteration_records(record)
        return
    lines = read_lines(run.path / RECORDS_FILE, Record).items
    last = {(record.package, record.condition): record for record in lines}
    yield from last.values()


def _iteration_records(record: FreeThreadedRecord) -> Iterator[Record]:
    """Each iteration that crashed, as the record of a package."""
    for iteration in (*record.iterations, *record.stress_iterations):
        if iteration.status is IterationStatus.CRASH and iteration.crash_signature:
            yield _as_record(record, iteration)


def _as_record(record: FreeThreadedRecord, iteration: Iteration) -> Record:
    crash = read_crash(iteration.stderr_tail, exit_code=iteration.exit_code)
    env = record.env_overrides or {"PYTHON_GIL": "0"}
    return Record(
        package=record.package,
        status=Status.CRASH,
        repo=record.repo,
        package_version=record.package_version,
        git_revision=record.commit,
        exit_code=iteration.exit_code,
        crash_signature=iteration.crash_signature,
        duration_seconds=iteration.duration_s,
        test_command=record.test_command,
        stderr_tail=iteration.stderr_tail,
        installed_dependencies=record.installed_dependencies,
        install_from=record.install_from,
        sdist_version=record.sdist_version,
        timestamp=iteration.timestamp,
        condition=iteration.condition or "nogil",
        running_test=iteration.running_test,
        crash=crash,
        target_id=record.target_id,
        env_overrides=env,
        install_command=record.install_command,
    )


def _named(crashes: Sequence[Sighting], wanted: str) -> list[Sighting]:
    wanted = wanted.strip()
    package = canonical(wanted)

    def fits(each: Sighting) -> bool:
        signature = each.record.crash_signature or ""
        readable, _, digest = signature.rpartition(":")
        same_hash = _HASH.fullmatch(wanted) is not None and digest == wanted
        return same_hash or wanted in (signature, readable)

    by_signature = [each for each in crashes if fits(each)]
    return by_signature or [each for each in crashes if canonical(each.record.package) == package]


def _one_signature(found: Sequence[Sighting], wanted: str) -> str:
    """The signature of what was found; of a package that crashed in several ways, the newest."""
    newest = [each for each in found if each.run is found[0].run]
    signatures = list(dict.fromkeys(each.record.crash_signature or "" for each in newest))
    if len(signatures) > 1:
        raise UsageError(
            f"{wanted} stands for {len(signatures)} crashes in run {newest[0].run.run_id}",
            hint=f"name one by its signature: {', '.join(signatures[:_NAMED])}",
        )
    return signatures[0]


def _comparable(first: Sighting, other: Sighting) -> bool:
    """Whether a record is of the same package, source and target."""
    a, b = first.record, other.record
    same_target = (a.target_id or first.run.meta.target_id) == (
        b.target_id or other.run.meta.target_id
    )
    return (
        canonical(a.package) == canonical(b.package)
        and revision(a) == revision(b)
        and same_target
        and b.status.is_final
    )


def _triage(each: Sighting, signature: str) -> TriageResult | None:
    triage = read_triage(each.run.path)
    return triage.result(signature) if triage else None


def _nothing(everything: Sequence[Sighting], crashes: Sequence[Sighting], wanted: str) -> str:
    package = canonical(wanted)
    seen = next((each for each in everything if canonical(each.record.package) == package), None)
    if seen is not None:
        status, run_id = seen.record.status, seen.run.run_id
        return f"{wanted} did not crash in any run here; its last verdict is {status}, in {run_id}"
    if not crashes:
        return "nothing has crashed in any run here"
    return f"no crash here has the signature, the hash or the package {wanted!r}"


def _hint(crashes: Sequence[Sighting]) -> str:
    if not crashes:
        return "say where runs are kept by --results-dir"
    signatures = dict.fromkeys(each.record.crash_signature or "" for each in crashes)
    shown = ", ".join(list(signatures)[:_NAMED])
    more = len(signatures) - _NAMED
    return f"there are {shown}" + (f" and {more} more" if more > 0 else "")
