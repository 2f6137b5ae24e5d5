"""Takes each distinct crash of a run, repeats it, and looks at it from all sides."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import msgspec

from labeille.campaigns.investigation.examination import Examination
from labeille.campaigns.investigation.recorded import find_recorded
from labeille.crashes.signature import signature_id
from labeille.errors import Interrupted, LabeilleError, ResultsError, UsageError
from labeille.pipeline.verdict import TEST_PHASE
from labeille.results.directory import RunDirectory, timestamp
from labeille.results.model import Status
from labeille.results.triage import Triage, TriageResult, read_triage, write_triage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from labeille.campaigns.campaign import Wishes
    from labeille.campaigns.investigation.rebuild import Rebuilt
    from labeille.campaigns.investigation.recorded import Recorded
    from labeille.results.model import Record, RunMeta
    from labeille.results.triage import Look, Repeats
    from labeille.supervision.cancellation import Cancellation
    from labeille.targets.model import Target

DEFAULT_REPEAT = 5
#: The folder of a run with a run directory a signature: logs, evidence, backtrace, bug report.
TRIAGE_DIR = "triage"


@dataclass(frozen=True, kw_only=True)
class TriageSettings:
    """How crashes are looked at: each way ``repeat`` times, on ``also`` further interpreters.

    With ``anew``, what is known from an earlier triage counts for nothing.
    """

    repeat: int = DEFAULT_REPEAT
    also: tuple[Target, ...] = ()
    anew: bool = False


@dataclass(frozen=True, kw_only=True)
class CrashGroup:
    """One signature of a run: the package that it is looked at with, and all that have it."""

    signature: str
    recorded: Recorded
    packages: tuple[str, ...]

    @property
    def crash_id(self) -> str:
        return signature_id(self.signature)


@dataclass(frozen=True, kw_only=True)
class TriagePlan:
    """What is to be triaged, and how."""

    run: RunDirectory
    groups: tuple[CrashGroup, ...]
    wishes: Wishes
    settings: TriageSettings


class TriageProgress(Protocol):
    """Who wants to know how triage goes, and keeps the reports that it writes."""

    def began(self, group: CrashGroup, number: int, of: int) -> None:
        """A signature's turn has come."""

    def rebuilt(self, rebuilt: Rebuilt) -> None:
        """Its environment stands."""

    def looked(self, look: Look, signature: str) -> None:
        """It was looked at in one more way."""

    def tried(self, condition: str, counted: Repeats) -> None:
        """It was looked at under one more threshold of the JIT."""

    def finished(self, group: CrashGroup, result: TriageResult, *, before: bool) -> Path | None:
        """A signature is through, or was ``before``; returns its report's path in the run."""


def crash_groups(
    run: RunDirectory, meta: RunMeta, records: Mapping[str, Record]
) -> tuple[CrashGroup, ...]:
    """The distinct signatures of a run, those of most packages first.

    Each is looked at with the package whose tests crashed the soonest.
    """
    grouped: dict[str, list[Record]] = defaultdict(list)
    for record in records.values():
        if record.status is Status.CRASH and record.crash_signature:
            grouped[record.crash_signature].append(record)

    def likely(record: Record) -> tuple[bool, float]:
        early = record.crash is not None and record.crash.phase != TEST_PHASE
        return early, record.duration_seconds

    groups = [
        CrashGroup(
            signature=signature,
            recorded=find_recorded(run, meta, records, min(crashed, key=likely).package),
            packages=tuple(sorted(record.package for record in crashed)),
        )
        for signature, crashed in grouped.items()
    ]
    return tuple(sorted(groups, key=lambda group: (-len(group.packages), group.signature)))


def chosen_groups(
    groups: Iterable[CrashGroup], *, signature: str | None, package: str | None
) -> tuple[CrashGroup, ...]:
    """The groups that are asked for: by a signature, its id or a part of it, or by a package.

    A package is looked at itself. Raises UsageError where nothing is left.
    """
    kept = tuple(groups)
    known = [f"{group.crash_id} ({group.packages[0]})" for group in kept]
    if signature is not None:
        exact = [group for group in kept if signature in (group.signature, group.crash_id)]
        kept = tuple(exact or (group for group in kept if signature in group.signature))
    if package is not None:
        kept = tuple(group for group in kept if package in group.packages)
    if not kept and (signature or package):
        raise UsageError(
            f"no crash of the run is {signature or package!r}",
            hint=f"there are {', '.join(known[:8])}" if known else "there is no crash in it at all",
        )
    return kept


def triage(plan: TriagePlan, *, progress: TriageProgress, cancel: Cancellation) -> Triage:
    """Look at every group and keep what is found, step by step, in the run's triage.json.

    What an earlier triage with as many runs has found stays; one that was interrupted is gone on
    with. One crash's trouble never stops the others. Raises Interrupted.
    """
    run, settings = plan.run, plan.settings
    known = read_triage(run.path) or Triage(run_id=run.run_id)

    def keep(result: TriageResult) -> None:
        nonlocal known
        known = known.having(result)
        write_triage(run, known)

    for number, group in enumerate(plan.groups, start=1):
        progress.began(group, number, len(plan.groups))
        before = None if settings.anew else known.result(group.signature)
        done = before is not None and _is_done(before, group, settings)
        if before is None or not done:
            result = _examined(plan, group, before, keep, progress, cancel)
        else:
            result = before
        report = progress.finished(group, result, before=done)
        keep(msgspec.structs.replace(result, report=None if report is None else str(report)))
    return known


def _examined(
    plan: TriagePlan,
    group: CrashGroup,
    before: TriageResult | None,
    keep: Callable[[TriageResult], None],
    progress: TriageProgress,
    cancel: Cancellation,
) -> TriageResult:
    home = RunDirectory(plan.run.path / TRIAGE_DIR, group.crash_id)
    home.create()
    examination = Examination(
        recorded=group.recorded,
        wishes=plan.wishes,
        result=_beginning(group, plan.settings, before),
        also=plan.settings.also,
        home=home,
        keep=keep,
        progress=progress,
        cancel=cancel,
    )
    try:
        return examination.run()
    except (Interrupted, ResultsError):
        raise
    except LabeilleError as error:
        message = f"{error} ({error.hint})" if error.hint else str(error)
        return msgspec.structs.replace(
            examination.result, error=message, attribution=None, finished_at=timestamp()
        )


def _beginning(
    group: CrashGroup, settings: TriageSettings, before: TriageResult | None
) -> TriageResult:
    """What is known at the start: the looks of an earlier triage of the same with as many runs."""
    result = TriageResult(
        signature=group.signature,
        package=group.recorded.name,
        packages=group.packages,
        repeat=settings.repeat,
    )
    if before is None or before.package != result.package:
        return result
    enough = tuple(
        look
        for look in before.looks
        if look.repeats is not None and look.repeats.runs >= settings.repeat
    )
    return msgspec.structs.replace(
        result,
        looks=enough,
        thresholds=before.thresholds if before.repeat >= settings.repeat else None,
        backtrace=before.backtrace,
    )


def _is_done(before: TriageResult, group: CrashGroup, settings: TriageSettings) -> bool:
    """Whether an earlier triage has answered all that is asked now."""
    seen = {look.target_id for look in before.looks}
    return (
        before.finished_at is not None
        and before.error is None
        and before.repeat >= settings.repeat
        and before.packages == group.packages
        and all(target.target_id in seen for target in settings.also)
    )
