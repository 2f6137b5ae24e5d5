"""What an environment is made of, as the key that it is reused by, and where it lies."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from labeille.environments.model import EnvironmentRequest

#: Goes up whenever environments are built in another way: older ones are not reused then.
FORMAT = 1

#: For packages that name no install command; what most of the registry's entries say.
DEFAULT_INSTALL_COMMAND = "pip install -e . && pip install pytest"


def install_command(request: EnvironmentRequest) -> str:
    """The install command: the request's, the package's, or the usual one."""
    command = request.install_command
    if command is None:
        command = request.package.install_command
    return command if command.strip() else DEFAULT_INSTALL_COMMAND


def recipe(request: EnvironmentRequest) -> dict[str, object]:
    """Everything that decides what an environment holds."""
    package, target = request.package, request.target
    pins = request.settings.pins
    return {
        "format": FORMAT,
        "target": target.target_id,
        "python": str(target.path.resolve()),
        "install_command": install_command(request),
        "extra_deps": list(request.settings.extra_deps),
        "env": dict(sorted(package.env.items())),
        "import_name": package.import_name,
        "installer": request.settings.installer.value,
        "checkout": request.checkout.key,
        "checkout_path": str(request.checkout.path),
        **({"pins": list(pins)} if pins else {}),
    }


def environment_key(request: EnvironmentRequest) -> str:
    """Sixteen hex digits that change with the recipe."""
    return hashlib.sha256(msgspec.json.encode(recipe(request))).hexdigest()[:16]


def environment_path(request: EnvironmentRequest, key: str) -> Path:
    """The environment's folder, absolute: it is used from other working directories."""
    return Path(request.settings.venvs_dir).absolute() / request.package.name / key
