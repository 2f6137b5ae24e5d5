"""Builds what a record was made with once more, and names what could not be made equal."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from labeille.campaigns.campaign import default_workers, pipeline_settings
from labeille.campaigns.investigation.recorded import (
    pins,
    recorded_package,
    version_differences,
)
from labeille.environments.model import InstallerChoice, InstallError, Phase
from labeille.errors import RegistryError, TargetError
from labeille.pipeline.job import Job
from labeille.pipeline.prepare import Unprepared, prepare
from labeille.registry.location import find_registry
from labeille.registry.store import Registry
from labeille.sources.model import SourceChoice
from labeille.targets.conditions import resolve_condition
from labeille.targets.model import Condition
from labeille.targets.recorded import FoundTarget, recorded_target, target_differences

if TYPE_CHECKING:
    from pathlib import Path

    from labeille.campaigns.campaign import Wishes
    from labeille.campaigns.investigation.recorded import Recorded
    from labeille.pipeline.job import PipelineSettings
    from labeille.pipeline.trial import Prepared
    from labeille.registry.model import Package
    from labeille.supervision.cancellation import Cancellation
    from labeille.targets.model import Target


@dataclass(frozen=True, kw_only=True)
class Blueprint:
    """What is to be built to make a recorded trial again; nothing has been fetched yet.

    ``differences`` are sentences on what is known already to be other than recorded. At most
    ``slots`` trials are to run at a time.
    """

    recorded: Recorded
    job: Job
    settings: PipelineSettings
    slots: int
    differences: tuple[str, ...] = ()

    @property
    def target(self) -> Target:
        return self.job.target


@dataclass(frozen=True, kw_only=True)
class Rebuilt:
    """A recorded trial's environment, ready or, as ``Unprepared``, not to be had."""

    blueprint: Blueprint
    ready: Prepared | Unprepared
    settings: PipelineSettings
    differences: tuple[str, ...] = ()


def plan_rebuild(
    recorded: Recorded,
    wishes: Wishes,
    *,
    condition: str | None = None,
    on: Target | None = None,
) -> Blueprint:
    """What a record was made with, as far as this machine has it.

    ``condition`` is one to be used in place of the recorded one, ``on`` another interpreter; what
    ``wishes`` say of target, repository, installer and bounds goes before what was recorded.
    Raises LabeilleError where there is no interpreter, or where it cannot honour the condition.
    """
    if on is None:
        found = recorded_target(recorded.meta, wishes.target_python)
    else:
        found = FoundTarget(target=on, differences=target_differences(recorded.meta, on))
    slots = wishes.workers or default_workers()
    package = recorded_package(recorded, _entry(recorded, wishes))
    chosen, unlike = _condition(recorded, found.target, condition, wishes)
    source, revision = _source(recorded)
    settings = pipeline_settings(wishes, found.target, slots)
    settings = replace(
        settings,
        sources=replace(settings.sources, source=source),
        environments=replace(
            settings.environments,
            installer=_installer(recorded, wishes),
            pins=pins(recorded),
        ),
    )
    unknown = () if revision else ("no revision or version is recorded: the newest is taken",)
    return Blueprint(
        recorded=recorded,
        job=Job(package=package, target=found.target, condition=chosen, revision=revision),
        settings=settings,
        slots=slots,
        differences=(*found.differences, *unlike, *unknown),
    )


def rebuild(blueprint: Blueprint, log_dir: Path, *, cancel: Cancellation) -> Rebuilt:
    """Get the checkout, and an environment with the recorded versions.

    Where these cannot be had, one with whatever can. Raises Interrupted.
    """
    settings = blueprint.settings
    ready = prepare(blueprint.job, settings, log_dir, cancel=cancel)
    differences = list(blueprint.differences)
    if isinstance(ready, Unprepared) and settings.environments.pins and _may_be_pins(ready):
        settings = replace(settings, environments=replace(settings.environments, pins=()))
        free = prepare(blueprint.job, settings, log_dir, cancel=cancel)
        if not isinstance(free, Unprepared):
            differences.append(f"the recorded versions cannot all be installed: {ready.error}")
            ready = free
        else:
            settings = blueprint.settings
    if not isinstance(ready, Unprepared):
        differences += _environment_differences(blueprint.recorded, ready)
    return Rebuilt(
        blueprint=blueprint, ready=ready, settings=settings, differences=tuple(differences)
    )


def under(rebuilt: Rebuilt, condition: Condition) -> Rebuilt:
    """The same environment under another condition, which the test process alone sees."""
    job = replace(rebuilt.blueprint.job, condition=condition)
    return replace(
        rebuilt,
        blueprint=replace(rebuilt.blueprint, job=job),
        ready=replace(rebuilt.ready, job=job),
    )


def other_condition(recorded: Recorded, target: Target, name: str) -> Condition:
    """Another condition, with what ``--env`` added to the recorded one.

    Raises TargetError where ``target`` cannot honour it.
    """
    return resolve_condition(name, target, _own_variables(recorded, target))


def _own_variables(recorded: Recorded, target: Target) -> dict[str, str]:
    """The recorded variables that are not the condition's."""
    try:
        named = resolve_condition(recorded.condition_name, target, {}).env
    except TargetError:
        named = {}
    return {
        name: value
        for name, value in recorded.env.items()
        if name not in named and not name.startswith(("PYTHON_JIT", "PYTHON_GIL"))
    }


def _condition(
    recorded: Recorded, target: Target, name: str | None, wishes: Wishes
) -> tuple[Condition, tuple[str, ...]]:
    """The condition to run under, and in what it is not the recorded one."""
    if name is not None:
        chosen = other_condition(recorded, target, name)
        chosen = replace(chosen, env={**chosen.env, **wishes.env})
        was = recorded.condition_name
        return chosen, () if name == was else (f"the condition is {name} and was {was}",)
    env = {**recorded.env, **wishes.env}
    if env.get("PYTHON_GIL") == "0" and not target.free_threaded:
        resolve_condition("nogil", target, {})  # raises: the build would not even start
    added = tuple(f"{name}={value} is set and was not" for name, value in wishes.env.items())
    unknown = tuple(
        f"{target.python} does not know {name}, which the condition sets"
        for name in env
        if name.startswith("PYTHON_JIT") and name not in target.jit_variables
    )
    if unknown and not target.jit_available:
        unknown = (f"{target.python} has no JIT, and the condition sets PYTHON_JIT",)
    if env.get("PYTHON_JIT") == "0" and not target.jit_available:
        unknown = ()
    return Condition(name=recorded.condition_name, env=env), (*added, *unknown)


def _source(recorded: Recorded) -> tuple[SourceChoice, str | None]:
    """Where the source came from, and the commit or version of it."""
    record = recorded.record
    version = record.sdist_version or record.package_version
    if record.install_from == SourceChoice.SDIST:
        return SourceChoice.SDIST, version
    if record.sdist_version and not record.git_revision:
        return SourceChoice.SDIST, version
    if record.git_revision:
        return SourceChoice.GIT, record.git_revision
    return SourceChoice.AUTO, record.requested_revision or record.package_version


def _installer(recorded: Recorded, wishes: Wishes) -> InstallerChoice:
    """The installer that served it, unless another one is asked for; auto falls back to pip."""
    if wishes.installer is not InstallerChoice.AUTO:
        return wishes.installer
    pip = recorded.record.installer_backend == InstallerChoice.PIP
    return InstallerChoice.PIP if pip else InstallerChoice.AUTO


def _entry(recorded: Recorded, wishes: Wishes) -> Package | None:
    """What the registry says today; nothing is lost where it has no such package."""
    try:
        return Registry(find_registry(wishes.registry_dir)).get(recorded.name)
    except RegistryError:
        return None


def _may_be_pins(unprepared: Unprepared) -> bool:
    error = unprepared.error
    return isinstance(error, InstallError) and error.phase is Phase.INSTALL


def _environment_differences(recorded: Recorded, ready: Prepared) -> tuple[str, ...]:
    record, checkout, environment = recorded.record, ready.checkout, ready.environment
    sentences = []
    if record.git_revision and checkout.revision != record.git_revision:
        sentences.append(f"the source is {checkout.revision} and was {record.git_revision}")
    if record.sdist_version and checkout.version != record.sdist_version:
        sentences.append(f"the source is version {checkout.version} and was {record.sdist_version}")
    if checkout.note:
        sentences.append(f"the source: {checkout.note}")
    if record.installer_backend and environment.backend != record.installer_backend:
        sentences.append(f"{environment.backend} installed it and {record.installer_backend} did")
    return (*sentences, *version_differences(recorded, environment.installed))
