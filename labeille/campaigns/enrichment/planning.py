"""From a command line's wishes to an enrichment that can start: registry, packages, target."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from labeille.campaigns.campaign import MEMORY_SHARE, Places, default_workers, machine_memory
from labeille.campaigns.disk import check_writable
from labeille.campaigns.enrichment.attempt import Bench
from labeille.campaigns.enrichment.enrich import DEFAULT_ATTEMPTS, Rounds
from labeille.environments.model import EnvironmentSettings, InstallerChoice
from labeille.errors import RegistryError, UsageError
from labeille.pipeline.job import (
    DEFAULT_STALL_THRESHOLD,
    DEFAULT_TIMEOUT,
    PipelineSettings,
    TrialSettings,
)
from labeille.registry.index import read_index, update_index, write_index
from labeille.registry.location import registry_to_write
from labeille.registry.problems import RegistryFileError
from labeille.registry.store import Registry
from labeille.sources.model import SourceChoice, SourceSettings
from labeille.targets.choose import choose_target
from labeille.targets.conditions import kind_for, resolve_condition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from labeille.registry.model import Package
    from labeille.supervision.cancellation import Cancellation

#: Seconds of one install: what builds for longer is tried otherwise, or left to a person.
DEFAULT_INSTALL_TIMEOUT = 900.0


@dataclass(frozen=True, kw_only=True)
class EnrichWishes:
    """What a command line asks for; every field is an option of ``labeille enrich``."""

    packages: tuple[str, ...] = ()
    all_unenriched: bool = False
    force: bool = False
    registry_dir: Path | None = None
    places: Places
    target_python: str | None = None
    condition: str = "jit"
    source: SourceChoice = SourceChoice.AUTO
    installer: InstallerChoice = InstallerChoice.AUTO
    timeout: float | None = None
    install_timeout: float = DEFAULT_INSTALL_TIMEOUT
    stall_threshold: float | None = None
    memory_limit: int | None = None
    workers: int | None = None
    attempts: int = DEFAULT_ATTEMPTS
    dry_run: bool = False


@dataclass(frozen=True, kw_only=True)
class EnrichPlan:
    """An enrichment that is ready to start; ``passed_over`` says who is left alone, and why."""

    packages: tuple[Package, ...]
    passed_over: tuple[str, ...]
    rounds: Rounds
    slots: int


def plan_enrichment(
    wishes: EnrichWishes,
    cancel: Cancellation,
    *,
    report: Callable[[str], None],
    tell: Callable[[str], None],
) -> EnrichPlan:
    """Check every wish before anything is fetched; raises LabeilleError for what cannot be."""
    registry = Registry(registry_to_write(wishes.registry_dir))
    _check(wishes)
    target = choose_target(
        wishes.target_python, want=kind_for(wishes.condition), allow_provide=True, report=report
    )
    packages, passed_over = _choose(registry, wishes, target.minor_version)
    places = wishes.places
    for option, path in (
        ("--work-dir", places.work_dir),
        ("--repos-dir", places.repos_dir),
        ("--venvs-dir", places.venvs_dir),
    ):
        check_writable(option, path)
    slots = wishes.workers or default_workers()
    stall = DEFAULT_STALL_THRESHOLD if wishes.stall_threshold is None else wishes.stall_threshold
    settings = PipelineSettings(
        work_dir=places.work_dir,
        sources=SourceSettings(
            repos_dir=places.repos_dir, source=wishes.source, variant=target.target_id
        ),
        environments=EnvironmentSettings(
            venvs_dir=places.venvs_dir,
            installer=wishes.installer,
            timeout=wishes.install_timeout,
        ),
        trial=TrialSettings(
            timeout=wishes.timeout or DEFAULT_TIMEOUT,
            stall_threshold=stall or None,
            memory=wishes.memory_limit or int(machine_memory() * MEMORY_SHARE / slots),
        ),
    )
    bench = Bench(
        target=target,
        condition=resolve_condition(wishes.condition, target, {}),
        settings=settings,
        logs=places.work_dir / "enrich-logs",
        cancel=cancel,
    )
    return EnrichPlan(
        packages=packages,
        passed_over=passed_over,
        rounds=Rounds(
            registry=registry,
            bench=bench,
            attempts=wishes.attempts,
            dry_run=wishes.dry_run,
            tell=tell,
        ),
        slots=slots,
    )


def refresh_index(registry: Registry, names: Iterable[str]) -> None:
    """Put what became of packages into the index; raises RegistryError where that cannot be."""
    packages = [registry.get(name) for name in names]
    try:
        old = read_index(registry.index_path)
        new = update_index(old, packages, {}, now=datetime.now(UTC))
        if new is not old:
            write_index(registry.index_path, new)
    except OSError as error:
        raise RegistryError(
            f"{registry.index_path} cannot be written: {error.strerror or error}",
            hint="`labeille registry rebuild-index` makes it anew",
        ) from None


def _check(wishes: EnrichWishes) -> None:
    if bool(wishes.packages) == wishes.all_unenriched:
        raise UsageError(
            "name packages, or say --all-unenriched", hint="`labeille registry show` shows one"
        )


def _choose(
    registry: Registry, wishes: EnrichWishes, python_version: str
) -> tuple[tuple[Package, ...], tuple[str, ...]]:
    """The packages to enrich, the most downloaded first, and a line for each one left alone."""
    if wishes.packages:
        names: Iterable[str] = dict.fromkeys(wishes.packages)
    else:
        names, _ = registry.by_downloads()
    chosen: list[Package] = []
    passed_over: list[str] = []
    for name in names:
        try:
            package = registry.get(name)
        except RegistryFileError as error:
            passed_over += [str(problem) for problem in error.problems]
            continue
        if package.enriched and not (wishes.packages and wishes.force):
            if wishes.packages:
                passed_over.append(f"{package.name}: enriched already, left alone (--force)")
        elif package.skip and wishes.all_unenriched:
            passed_over.append(f"{package.name}: skip: {package.skip_reason or 'no reason given'}")
        elif python_version in package.skip_versions and wishes.all_unenriched:
            reason = package.skip_versions[python_version]
            passed_over.append(f"{package.name}: skipped on {python_version}: {reason}")
        else:
            chosen.append(package)
    return tuple(chosen), tuple(passed_over)
