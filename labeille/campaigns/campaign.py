"""What every campaign over packages begins with: wishes, target, selection, settings, run."""

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
from labeille.campaigns.resume import earlier_run
from labeille.environments.model import EnvironmentSettings, InstallerChoice
from labeille.pipeline.job import (
    DEFAULT_STALL_THRESHOLD,
    DEFAULT_TIMEOUT,
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

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from labeille.targets.model import Target, TargetKind

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
class Wishes:
    """What a command line asks of any campaign; every field is an option that they share."""

    selection: Selection
    registry_dir: Path | None = None
    places: Places
    target_python: str | None = None
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
    run_id: str | None = None
    shared_run_id: str | None = None  # that of the nox whose sessions write it at the same time
    skip_completed: bool = False
    cli_args: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """What a campaign works with; nothing has been fetched or written yet.

    At most ``slots`` suites are to run at a time.
    """

    wishes: Wishes
    target: Target
    selected: Selected
    settings: PipelineSettings
    slots: int
    run: RunDirectory


def plan_campaign(
    wishes: Wishes, *, want: TargetKind, prefix: str = "run", report: Callable[[str], None]
) -> Campaign:
    """Check the wishes that all campaigns share, before anything but a target is fetched.

    ``want`` is the kind of target to look for where none is named, ``prefix`` begins a new run's
    id. Raises LabeilleError for whatever cannot be: an unknown package, an empty selection, no
    target.
    """
    registry = Registry(find_registry(wishes.registry_dir))
    target = choose_target(wishes.target_python, want=want, allow_provide=True, report=report)
    selected = select(registry, wishes.selection, python_version=target.minor_version)
    for name in wishes.repo_overrides:
        registry.path(name)  # an override with a slip in its name would be none at all
    slots = wishes.workers or default_workers()
    return Campaign(
        wishes=wishes,
        target=target,
        selected=selected,
        settings=pipeline_settings(wishes, target, slots),
        slots=slots,
        run=RunDirectory(wishes.places.results_dir, _choose_run(wishes, prefix, report)),
    )


def check_places(places: Places) -> None:
    """Raise UsageError where one of the folders that a campaign works in cannot be written."""
    for option, path in (
        ("--work-dir", places.work_dir),
        ("--repos-dir", places.repos_dir),
        ("--venvs-dir", places.venvs_dir),
    ):
        check_writable(option, path)


def new_meta(campaign: Campaign) -> RunMeta:
    """What is known of a run before it starts, but for its conditions."""
    target, wishes = campaign.target, campaign.wishes
    return RunMeta(
        run_id=campaign.run.run_id,
        started_at=timestamp(),
        target_python=target.python,
        python_version=target.version_text,
        cli_args=list(wishes.cli_args),
        hostname=socket.gethostname(),
        platform=platform.platform(),
        installer=wishes.installer.value,
        labeille_version=__version__,
        target_id=target.target_id,
        target=msgspec.to_builtins(target),
        packages=len(campaign.selected.chosen),
        registry_dir=str(wishes.registry_dir.absolute()) if wishes.registry_dir else None,
        repo_overrides=dict(wishes.repo_overrides),
        extra_deps=list(wishes.extra_deps),
        test_command_override=wishes.test_command_override,
        test_command_suffix=wishes.test_command_suffix,
    )


@contextlib.contextmanager
def holding(campaign: Campaign, packages: Iterable[str]) -> Iterator[None]:
    """Make the run's folder and hold what is going to be written in it.

    That is the whole run, or ``packages`` of one that sessions of nox share. Raises ResultsError
    where another process does so, and where it cannot be written.
    """
    campaign.run.create()
    if campaign.wishes.shared_run_id is None:
        held = campaign.run.owned()
    else:
        held = campaign.run.shared(packages)
    with held:
        yield


def default_workers() -> int:
    """One test slot for each CPU that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def machine_memory() -> int:
    """Bytes of the machine's memory; os.sysconf knows, and a library would cost 20 ms a start."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _choose_run(wishes: Wishes, prefix: str, report: Callable[[str], None]) -> str:
    if wishes.run_id is not None:
        return wishes.run_id
    results_dir = wishes.places.results_dir
    if wishes.skip_completed:
        found = earlier_run(results_dir, wishes.cli_args)
        if found is not None:
            return found
        report(f"no run of this command in {results_dir} to go on with: a new one is begun")
    return wishes.shared_run_id or new_run_id(results_dir, prefix=prefix)


def pipeline_settings(wishes: Wishes, target: Target, slots: int) -> PipelineSettings:
    """What a campaign's trials have in common; ``slots`` of them share the machine's memory."""
    places = wishes.places
    memory = wishes.memory_limit or int(machine_memory() * MEMORY_SHARE / slots)
    stall = DEFAULT_STALL_THRESHOLD if wishes.stall_threshold is None else wishes.stall_threshold
    return PipelineSettings(
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
    )
