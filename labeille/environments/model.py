"""What environment is wanted, the one that was built, and how building one fails."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from labeille.errors import LabeilleError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from labeille.registry.model import Package
    from labeille.sources.model import Checkout
    from labeille.supervision.model import Outcome
    from labeille.targets.model import Target


class InstallerChoice(enum.StrEnum):
    """What ``--installer`` may say."""

    AUTO = "auto"  # uv where present, real pip when uv fails
    UV = "uv"
    PIP = "pip"


class Phase(enum.StrEnum):
    """The step of building an environment that failed."""

    VENV = "venv"
    INSTALL = "install"
    IMPORT = "import"


@dataclass(frozen=True, kw_only=True)
class EnvironmentSettings:
    """How environments are built in one run. ``venvs_dir`` is absolute; ``timeout`` is seconds.

    ``pins`` are exact versions ("idna==3.10") that every install keeps to, and that an environment
    holds in the end, whatever the install command asks for.
    """

    venvs_dir: Path
    installer: InstallerChoice = InstallerChoice.AUTO
    extra_deps: tuple[str, ...] = ()
    pins: tuple[str, ...] = ()
    refresh: bool = False
    timeout: float = 1800.0


@dataclass(frozen=True, kw_only=True)
class EnvironmentRequest:
    """One environment: a venv of the target with the checkout installed by the package's rules.

    ``log_dir`` gets the logs of every step, also of those that failed and were tried otherwise.
    ``install_command`` overrides the package's. ``import_again`` has the import checked also where
    the environment stands already: the checkout's files may be others than when it was built.
    """

    package: Package
    checkout: Checkout
    target: Target
    settings: EnvironmentSettings
    log_dir: Path
    install_command: str | None = None
    import_again: bool = False


@dataclass(frozen=True, kw_only=True)
class Environment:
    """A complete environment: installed, its import checked, its marker written.

    ``installed`` maps distribution names to versions. ``backend`` is what served the install:
    "uv" or "pip". ``install_seconds`` is 0 where ``reused``.
    """

    path: Path
    python: Path
    bin_dir: Path
    site_packages: Path
    key: str
    backend: str
    installed: Mapping[str, str] = field(default_factory=dict)
    import_name: str | None = None
    package_version: str | None = None
    reused: bool = False
    install_seconds: float = 0.0


class InstallError(LabeilleError):
    """An environment could not be built; the status is ``install_error``, or ``crash`` if it did.

    ``outcome`` is the failing step's, None if none could be started.
    """

    def __init__(
        self, message: str, *, phase: Phase, outcome: Outcome | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.phase = phase
        self.outcome = outcome
