"""From a command line's wishes to a hunt that can start: target, condition, jobs, settings, run."""

from __future__ import annotations

import contextlib
import os
import platform
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from labeille import __version__
from labeille.cache_dir import cache_dir
from labeille.campaigns.disk import check_writable
from labeille.campaigns.durations import last_durations, longest_first
from labeille.campaigns.resume import earlier_run, still_to_do
from labeille.environments.model import EnvironmentSettings, InstallerChoice
from labeille.errors import UsageError
from labeille.pipeline.job import (
    DEFAULT_STALL_THRESHOLD,
    DEFAULT_TIMEOUT,
    Job,
    PipelineSettings,
    TrialSettings,
)
from labeille.registry.location import find_registry
from labeille.registry.selection import Selected, Selection, select
from labeille.registry.store import Registry
from labeille.results.directory import RunDirectory, new_run_id, timestamp
from labeille.results.model import RunMeta
from labeille.sources.model import SourceChoice, SourceSettings
from labeille.targets.choose import choose_target
from labeille.targets.conditions import kind_for, resolve_condition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from labeille.results.model import Record
    from labeille.targets.model import Condition, Target

#: The share of the machine's memory that all trials together may hold.
MEMORY_SHARE = 0.8


@dataclass(frozen=True, kw_only=True)
class Places:
    """The folders of one run, all absolute (trap: relative ones break as soon as a command runs
    elsewhere)."""

    work_dir: Path
    repos_dir: Path
    venvs_dir: Path
    results_dir: Path

    @classmethod
    def resolve(
        cls,
        *,
        work_dir: Path | None = None,
        repos_dir: Path | None = None,
        venvs_dir: Path | None = None,
        results_dir: Path | None = None,
    ) -> Places:
        """Fill in the defaults: ``work_dir`` in the user's cache, results in ./results."""
        work = (work_dir or cache_dir() / "work").absolute()
        return cls(
            work_dir=work,
            repos_dir=(repos_dir or work / "repos").absolute(),
            venvs_dir=(venvs_dir or work / "venvs").absolute(),
            results_dir=(results_dir or Path("results")).absolute(),
        )


@dataclass(frozen=True, kw_only=True)
class HuntWishes:
    """What a command line asks of a hunt; every field is an option of ``labeille run``."""

    selection: Selection
    registry_dir: Path | None = None
    places: Places
    target_python: str | None = None
    condition: str = "jit"
    env: Mapping[str, str] = field(default_factory=dict)
    source: SourceChoice = SourceChoice.AUTO
    clone_depth: int | None = None
    shallow: bool = True
    repo_overrides: Mapping[str, str] = field(default_factory=dict)
    installer: InstallerChoice = InstallerChoice.AUTO
    extra_deps: tuple[str, ...] = ()
    refresh_venvs: bool = False
    keep_work_dirs: bool = False
    timeout: float | None = None
    stall_threshold: float | None = None
    memory_limit: int | None = None
    test_command_override: str | None = None
    test_command_suffix: str | None = None
    workers: int | None = None
    stop_after_crash: int | None = None
    run_id: str | None = None
    shared_run_id: str | None = None  # that of the nox whose sessions write it at the same time
    skip_completed: bool = False
    cli_args: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class HuntSettings:
    """How a hunt goes: ``slots`` suites at a time, over after ``stop_after_crash`` crashes."""

    pipeline: PipelineSettings
    slots: int = 1
    stop_after_crash: int | None = None


@dataclass(frozen=True, kw_only=True)
class HuntPlan:
    """A hunt that is ready to start; nothing has been fetched or written yet.

    ``jobs`` are those still to be done, longest first; ``completed`` counts those that
    ``skip_completed`` left out.
    """

    target: Target
    condition: Condition
    selected: Selected
    jobs: tuple[Job, ...]
    completed: int
    settings: HuntSettings
    run: RunDirectory
    wishes: HuntWishes

    def records(self) -> list[Record]:
        """The records that the run has of the selected packages, also from before a resume."""
        records = self.run.last_records()
        names = (chosen.package.name for chosen in self.selected.chosen)
        return [records[name] for name in names if name in records]


def plan_hunt(wishes: HuntWishes, *, report: Callable[[str], None]) -> HuntPlan:
    """Check every wish and say what is to be done, before anything is fetched.

    Raises LabeilleError for whatever cannot be: an unknown package, an empty selection, no target,
    a condition that the target cannot honour, a run that another target has begun.
    """
    registry = Registry(find_registry(wishes.registry_dir))
    target = choose_target(
        wishes.target_python, want=kind_for(wishes.condition), allow_provide=True, report=report
    )
    condition = resolve_condition(wishes.condition, target, wishes.env)
    selected = select(registry, wishes.selection, python_version=target.minor_version)
    jobs: Sequence[Job] = [
        Job(package=chosen.package, revision=chosen.revision, target=target, condition=condition)
        for chosen in selected.chosen
    ]
    for name in wishes.repo_overrides:
        registry.path(name)  # an override with a slip in its name would be none at all
    results_dir = wishes.places.results_dir
    run = RunDirectory(results_dir, _choose_run(wishes, report))
    total = len(jobs)
    if wishes.skip_completed:
        jobs = still_to_do(jobs, run.last_records())
    return HuntPlan(
        target=target,
        condition=condition,
        selected=selected,
        jobs=tuple(longest_first(jobs, last_durations(results_dir))),
        completed=total - len(jobs),
        settings=_settings(wishes, target),
        run=run,
        wishes=wishes,
    )


def begin(plan: HuntPlan) -> RunMeta:
    """Note the beginning of the run, which exists on disk, and return its metadata as written.

    Raises UsageError when the run was begun on another target or under another condition (one run
    answers one question), and where one of the folders cannot be written.
    """
    target, places = plan.target, plan.wishes.places
    for option, path in (
        ("--work-dir", places.work_dir),
        ("--repos-dir", places.repos_dir),
        ("--venvs-dir", places.venvs_dir),
    ):
        check_writable(option, path)
    before = plan.run.read_meta()
    if before is not None:
        _check_same(before, plan)
    meta = RunMeta(
        run_id=plan.run.run_id,
        started_at=before.started_at if before else timestamp(),
        target_python=target.python,
        python_version=target.version_text,
        jit_enabled=condition_enables_jit(plan.condition, target),
        cli_args=list(plan.wishes.cli_args),
        env_overrides=dict(plan.condition.env),
        hostname=socket.gethostname(),
        platform=platform.platform(),
        installer=plan.wishes.installer.value,
        condition=plan.condition.name,
        labeille_version=__version__,
        target_id=target.target_id,
        target=msgspec.to_builtins(target),
        packages=len(plan.selected.chosen),
    )
    plan.run.write_meta(meta)
    return meta


def finish(plan: HuntPlan, meta: RunMeta) -> None:
    """Note the end of the run."""
    plan.run.write_meta(msgspec.structs.replace(meta, finished_at=timestamp()))


@contextlib.contextmanager
def holding(plan: HuntPlan) -> Iterator[None]:
    """Make the run's folder and hold what is going to be written in it.

    Raises ResultsError where another process does so, and where it cannot be written.
    """
    plan.run.create()
    if plan.wishes.shared_run_id is None:
        held = plan.run.owned()
    else:
        held = plan.run.shared(job.name for job in plan.jobs)
    with held:
        yield


def condition_enables_jit(condition: Condition, target: Target) -> bool:
    """Whether the JIT is on in the test process: what the build can do under the variables."""
    setting = condition.env.get("PYTHON_JIT")
    if setting is None:
        return target.jit_default
    return setting != "0" and target.jit_works


def default_workers() -> int:
    """One test slot for each CPU that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def machine_memory() -> int:
    """Bytes of the machine's memory; os.sysconf knows, and a library would cost 20 ms a start."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _choose_run(wishes: HuntWishes, report: Callable[[str], None]) -> str:
    if wishes.run_id is not None:
        return wishes.run_id
    results_dir = wishes.places.results_dir
    if wishes.skip_completed:
        found = earlier_run(results_dir, wishes.cli_args)
        if found is not None:
            return found
        report(f"no run of this command in {results_dir} to go on with: a new one is begun")
    return wishes.shared_run_id or new_run_id(results_dir)


def _settings(wishes: HuntWishes, target: Target) -> HuntSettings:
    places = wishes.places
    slots = wishes.workers or default_workers()
    memory = wishes.memory_limit or int(machine_memory() * MEMORY_SHARE / slots)
    stall = DEFAULT_STALL_THRESHOLD if wishes.stall_threshold is None else wishes.stall_threshold
    return HuntSettings(
        slots=slots,
        stop_after_crash=wishes.stop_after_crash,
        pipeline=PipelineSettings(
            work_dir=places.work_dir,
            keep_work_dirs=wishes.keep_work_dirs,
            sources=SourceSettings(
                repos_dir=places.repos_dir,
                source=wishes.source,
                clone_depth=wishes.clone_depth,
                shallow=wishes.shallow,
                repo_overrides=wishes.repo_overrides,
                variant=target.target_id,
            ),
            environments=EnvironmentSettings(
                venvs_dir=places.venvs_dir,
                installer=wishes.installer,
                extra_deps=wishes.extra_deps,
                refresh=wishes.refresh_venvs,
            ),
            trial=TrialSettings(
                timeout=wishes.timeout or DEFAULT_TIMEOUT,
                stall_threshold=stall or None,
                memory=memory,
                test_command_override=wishes.test_command_override,
                test_command_suffix=wishes.test_command_suffix,
            ),
        ),
    )


def _check_same(before: RunMeta, plan: HuntPlan) -> None:
    same_target = before.target_id in (None, plan.target.target_id)
    same_condition = before.condition in (None, plan.condition.name)
    if not (same_target and same_condition):
        begun = f"{before.target_python} under {before.condition}"
        raise UsageError(
            f"run {before.run_id} was begun with {begun}, not with "
            f"{plan.target.python} under {plan.condition.name}",
            hint="give this one another --run-id",
        )
