"""Installs a checkout into a venv: the registry's install command, served by uv or by real pip."""

from __future__ import annotations

import re
from importlib import resources
from typing import TYPE_CHECKING

from labeille.environments.key import install_command
from labeille.environments.marker import OWN_FOLDER
from labeille.environments.model import Phase
from labeille.environments.steps import Step
from labeille.environments.variables import constraints_file
from labeille.registry.model import SourceKind
from labeille.supervision.shell import shell_argv

if TYPE_CHECKING:
    from pathlib import Path

    from labeille.environments.model import EnvironmentRequest
    from labeille.environments.steps import Runner

# "python -m pip", whose pip no shim on PATH can be.
_PYTHON_M_PIP = re.compile(r"(?<![\w./-])python(?:3(?:\.\d+)?)?\s+-m\s+pip(?=\s)")


def shims_folder(path: Path) -> Path:
    """The folder of an environment that is first on PATH while it is built, and never later."""
    return path / OWN_FOLDER / "shims"


def write_shims(request: EnvironmentRequest, path: Path, uv: Path | None) -> None:
    """Put what install commands see instead of the real tools in front of these.

    pip, served by uv where one is given. git, for a released source: many commands begin with
    ``git fetch --tags`` for the version's sake, and without a repository would end there.
    """
    folder = shims_folder(path)
    folder.mkdir(parents=True, exist_ok=True)
    shims: dict[str, str] = {}
    if uv is not None:
        (folder / "uv").symlink_to(uv)
        names = ("pip", "pip3", f"pip{request.target.minor_version}")
        shims |= dict.fromkeys(names, "pip.sh")
    if request.checkout.kind is SourceKind.SDIST:
        shims["git"] = "git.sh"
    for name, source in shims.items():
        text = resources.files("labeille.environments").joinpath("shims", source).read_text("utf-8")
        shim = folder / name
        shim.write_text(text, encoding="utf-8")
        shim.chmod(0o755)


def write_constraints(request: EnvironmentRequest, tmp: Path) -> None:
    """Write the file that PIP_CONSTRAINT and UV_CONSTRAINT name, where the run pins versions.

    Without pip, of which a new venv gets the version that there is here.
    """
    pins = [pin for pin in request.settings.pins if not pin.startswith("pip==")]
    if request.settings.pins:
        constraints_file(tmp).write_text("".join(f"{pin}\n" for pin in pins), encoding="utf-8")


def served_by_uv(command: str) -> str:
    """An install command whose ``python -m pip`` is the shim's ``pip`` too."""
    return _PYTHON_M_PIP.sub("pip", command)


def run_install(request: EnvironmentRequest, path: Path, backend: str, runner: Runner) -> None:
    """Run the install command in the checkout, then install extra dependencies and pins."""
    command = install_command(request)
    if backend == "uv":
        command = served_by_uv(command)
    runner.run(
        Step(
            name=f"install-{backend}",
            title=f"the install command ({backend})",
            phase=Phase.INSTALL,
            argv=shell_argv(command),
            cwd=request.checkout.path,
            timeout=request.settings.timeout,
        )
    )
    own_pip = (str(path / "bin" / "python"), "-m", "pip")
    pip = (str(shims_folder(path) / "pip"),) if backend == "uv" else own_pip
    # What is pinned was a whole environment once: nothing has to be resolved.
    for name, title, options, requirements in (
        ("extra-deps", "the extra dependencies", (), request.settings.extra_deps),
        ("pins", "the pinned versions", ("--no-deps",), request.settings.pins),
    ):
        if requirements:
            runner.run(
                Step(
                    name=f"{name}-{backend}",
                    title=f"installing {title} ({backend})",
                    phase=Phase.INSTALL,
                    argv=(*pip, "install", *options, "--", *requirements),
                    cwd=path.parent,
                    timeout=request.settings.timeout,
                )
            )
