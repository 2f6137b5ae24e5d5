"""From a command line's wishes to a free-threaded campaign that can start."""

from __future__ import annotations

import platform
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import psutil

from labeille.campaigns.campaign import (
    Campaign,
    Wishes,
    check_places,
    machine_memory,
    new_meta,
    plan_campaign,
)
from labeille.campaigns.freethreading.stress import stress_requirements
from labeille.errors import TargetError, UsageError
from labeille.pipeline.job import Job
from labeille.results.directory import timestamp
from labeille.results.freethreading import (
    META_FILE,
    RECORDS_FILE,
    RUN_PREFIX,
    Category,
    FreeThreadedMeta,
    FreeThreadedRecord,
    read_meta,
)
from labeille.results.lines import LinesFile
from labeille.targets.conditions import resolve_condition
from labeille.targets.model import TSAN, TargetKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from labeille.results.directory import RunDirectory
    from labeille.targets.model import Condition, Target

DEFAULT_ITERATIONS = 10
#: Seconds without a byte after which an iteration counts as a deadlock.
DEFAULT_STALL_THRESHOLD = 60.0

#: What all packages of one run have in common.
_DECISIVE = ("iterations", "compare_with_gil", "stress_threads", "tsan")
_OTHER_RUN = "give this one another --run-id"

#: Categories that say nothing of free threading: tried again by ``--skip-completed``.
TRIED_AGAIN = frozenset({Category.INSTALL_FAILURE, Category.IMPORT_FAILURE, Category.UNKNOWN})


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How each package is tested; every field is an option of ``labeille ft run``."""

    iterations: int = DEFAULT_ITERATIONS
    parallel_iterations: bool = False
    compare_with_gil: bool = False
    stop_on_first_pass: bool = False
    until_decided: bool = False
    detect_extensions: bool = True
    tsan: bool = False
    tsan_suppressions: Path | None = None
    stress_threads: int | None = None


@dataclass(frozen=True, kw_only=True)
class FreeThreadedWishes(Wishes):
    """What a command line asks of a free-threaded campaign."""

    manner: Manner = field(default_factory=Manner)


@dataclass(frozen=True, kw_only=True)
class FreeThreadedPlan:
    """A free-threaded campaign that is ready to start.

    ``jobs`` are those still to be done, under ``nogil``; ``completed`` counts those that
    ``skip_completed`` left out. At most ``packages_at_once`` packages are tested at a time, each
    with at most ``iterations_at_once`` of its iterations.
    """

    campaign: Campaign
    manner: Manner
    nogil: Condition
    gil: Condition
    jobs: tuple[Job, ...]
    completed: int
    packages_at_once: int
    iterations_at_once: int

    @property
    def run(self) -> RunDirectory:
        return self.campaign.run

    @property
    def target(self) -> Target:
        return self.campaign.target

    @property
    def lines(self) -> LinesFile[FreeThreadedRecord]:
        return records_of(self.run)

    def records(self) -> list[FreeThreadedRecord]:
        """The records that the run has of the selected packages, also from before a resume."""
        records = last_records(self.run)
        names = (chosen.package.name for chosen in self.campaign.selected.chosen)
        return [records[name] for name in names if name in records]


def records_of(run: RunDirectory) -> LinesFile[FreeThreadedRecord]:
    """The records of a free-threaded run."""
    return LinesFile(run.path / RECORDS_FILE, FreeThreadedRecord)


def last_records(run: RunDirectory) -> dict[str, FreeThreadedRecord]:
    """The record that counts for each package: the last one."""
    return {record.package: record for record in records_of(run).read()}


def plan_free_threaded(
    wishes: FreeThreadedWishes, *, report: Callable[[str], None]
) -> FreeThreadedPlan:
    """Check every wish and say what is to be done, before anything is fetched.

    Raises LabeilleError for whatever cannot be: an unknown package, an empty selection, no
    free-threaded target, ``--tsan`` on a target without ThreadSanitizer.
    """
    manner = wishes.manner
    if "PYTHON_GIL" in wishes.env:
        raise UsageError(
            "--env PYTHON_GIL is set by labeille itself",
            hint="every iteration runs with PYTHON_GIL=0, and with --compare-with-gil also with 1",
        )
    extra = (*wishes.extra_deps, *stress_requirements(manner.stress_threads))
    campaign = plan_campaign(
        replace(wishes, extra_deps=extra),
        want=TargetKind.TSAN if manner.tsan else TargetKind.FREE_THREADED,
        prefix=RUN_PREFIX,
        report=report,
    )
    target = campaign.target
    manner = replace(manner, tsan=_collects_reports(manner, target, report))
    nogil = resolve_condition("nogil", target, wishes.env)
    jobs: Sequence[Job] = [
        Job(package=chosen.package, revision=chosen.revision, target=target, condition=nogil)
        for chosen in campaign.selected.chosen
    ]
    total = len(jobs)
    if wishes.skip_completed:
        jobs = still_to_do(jobs, last_records(campaign.run))
    side_by_side = manner.parallel_iterations
    return FreeThreadedPlan(
        campaign=campaign,
        manner=manner,
        nogil=nogil,
        gil=resolve_condition("gil", target, wishes.env),
        jobs=tuple(jobs),
        completed=total - len(jobs),
        packages_at_once=1 if side_by_side else campaign.slots,
        iterations_at_once=campaign.slots if side_by_side else 1,
    )


def _collects_reports(manner: Manner, target: Target, report: Callable[[str], None]) -> bool:
    """Whether ThreadSanitizer's reports are collected: on a build that has it, in any case.

    Left to itself it would print them into the suites' output, and change their exit codes.
    """
    if TSAN in target.sanitizers:
        if not manner.tsan:
            report(f"{target.python} was built with ThreadSanitizer: --tsan is taken as given")
        return True
    if manner.tsan:
        raise TargetError(
            f"{target.python} was not built with ThreadSanitizer, which --tsan needs",
            hint="name a build configured --with-thread-sanitizer by --target-python; "
            f"'labeille targets get {TargetKind.TSAN}' builds one",
        )
    return False


def still_to_do(jobs: Sequence[Job], done: dict[str, FreeThreadedRecord]) -> list[Job]:
    """The jobs without a record that says something."""
    return [
        job
        for job in jobs
        if (record := done.get(job.name)) is None or record.category in TRIED_AGAIN
    ]


def begin(plan: FreeThreadedPlan, unstable: tuple[str, ...] | None = None) -> FreeThreadedMeta:
    """Note the beginning of the run, which exists on disk, and return its metadata as written.

    ``unstable`` is what was found wrong with the machine, None where nobody looked.

    Raises UsageError when the run was begun on another target or in another manner (the numbers of
    one run are to mean one thing), and where one of the folders cannot be written.
    """
    check_places(plan.campaign.wishes.places)
    common = new_meta(plan.campaign)
    before = read_meta(plan.run.path)
    if before is not None:
        _check_same(before, plan)
    started = before.started_at if before and before.started_at else common.started_at
    meta = FreeThreadedMeta(
        run_id=common.run_id,
        timestamp=started,
        system_profile=_system_profile(),
        python_profile=_python_profile(plan.target),
        config=_config(plan),
        cli_args=common.cli_args,
        packages_total=len(plan.campaign.selected.chosen),
        started_at=started,
        target_python=common.target_python,
        python_version=common.python_version,
        condition=plan.nogil.name,
        env_overrides=dict(plan.nogil.env),
        unstable=unstable,
        hostname=common.hostname,
        platform=common.platform,
        installer=common.installer,
        labeille_version=common.labeille_version,
        target_id=common.target_id,
        target=common.target,
    )
    _write_meta(plan.run, meta)
    return meta


def _check_same(before: FreeThreadedMeta, plan: FreeThreadedPlan) -> None:
    if before.target_id not in (None, plan.target.target_id):
        raise UsageError(
            f"run {before.run_id} was begun with {before.target_python}, not with "
            f"{plan.target.python}",
            hint=_OTHER_RUN,
        )
    now = _config(plan)
    for name in _DECISIVE:
        if name in before.config and before.config[name] != now[name]:
            option = f"--{name.replace('_', '-')}"
            raise UsageError(
                f"run {before.run_id} was begun with {option} {_spelled(before.config[name])}, "
                f"not {_spelled(now[name])}",
                hint=_OTHER_RUN,
            )


def _spelled(value: object) -> str:
    if value is None:
        return "unset"
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)


def finish(plan: FreeThreadedPlan, meta: FreeThreadedMeta) -> None:
    """Note the end of the run, and what it came to."""
    records = plan.records()
    iterations = [
        iteration
        for record in records
        for kind in (record.iterations, record.gil_enabled_iterations, record.stress_iterations)
        for iteration in kind or ()
    ]
    _write_meta(
        plan.run,
        msgspec.structs.replace(
            meta,
            finished_at=timestamp(),
            packages_completed=len(records),
            total_iterations=len(iterations),
            total_duration_s=round(sum(iteration.duration_s for iteration in iterations), 3),
        ),
    )


def _write_meta(run: RunDirectory, meta: FreeThreadedMeta) -> None:
    content = msgspec.json.format(msgspec.json.encode(meta), indent=2) + b"\n"
    run.write_file(Path(META_FILE), content)


def _system_profile() -> dict[str, object]:
    return {
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cpu_count": psutil.cpu_count(),
        "memory_bytes": machine_memory(),
    }


def _python_profile(target: Target) -> dict[str, object]:
    return {
        "python": target.python,
        "version": target.version,
        "version_text": target.version_text,
        "build": target.build,
        "compiler": target.compiler,
        "free_threaded": target.free_threaded,
        "debug": target.debug,
        "sanitizers": list(target.sanitizers),
    }


def _config(plan: FreeThreadedPlan) -> dict[str, object]:
    """The options that decide what the numbers mean."""
    trial = plan.campaign.settings.trial
    manner: dict[str, object] = msgspec.to_builtins(plan.manner, enc_hook=str)
    return manner | {
        "timeout": trial.timeout,
        "stall_threshold": trial.stall_threshold,
        "workers": plan.campaign.slots,
        "source": plan.campaign.settings.sources.source.value,
        "extra_deps": list(plan.campaign.settings.environments.extra_deps),
        "test_command_override": trial.test_command_override,
        "test_command_suffix": trial.test_command_suffix,
        "env": dict(plan.campaign.wishes.env),
    }
