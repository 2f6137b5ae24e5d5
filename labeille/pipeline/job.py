"""What is to be tested, and how, in one run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from labeille.environments.model import EnvironmentSettings
    from labeille.registry.model import Package
    from labeille.sources.model import SourceSettings
    from labeille.targets.model import Condition, Target

DEFAULT_TIMEOUT = 600.0  # seconds, a whole trial
DEFAULT_STALL_THRESHOLD = 120.0  # seconds without a byte


@dataclass(frozen=True, kw_only=True)
class Job:
    """One package at one revision on one target under one condition.

    ``revision`` is a git ref or a released version; None means the tip, or the newest release.
    """

    package: Package
    target: Target
    condition: Condition
    revision: str | None = None

    @property
    def name(self) -> str:
        return self.package.name


@dataclass(frozen=True, kw_only=True)
class TrialSettings:
    """Bounds and overrides of every trial of a run.

    ``timeout`` and ``stall_threshold`` are seconds; a package's own timeout goes before
    ``timeout``. ``memory`` is bytes resident over all processes of a trial. ``pytest_options`` are
    given to every pytest that the test command starts, and to none that a suite starts inside.
    """

    timeout: float = DEFAULT_TIMEOUT
    stall_threshold: float | None = DEFAULT_STALL_THRESHOLD
    memory: int | None = None
    test_command_override: str | None = None
    test_command_suffix: str | None = None
    pytest_options: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PipelineSettings:
    """Everything that the trials of one run have in common; ``work_dir`` is absolute."""

    work_dir: Path
    sources: SourceSettings
    environments: EnvironmentSettings
    trial: TrialSettings = field(default_factory=TrialSettings)
    keep_work_dirs: bool = False
