"""Makes the bare venv of a target, with pip in it, by uv or by virtualenv."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from labeille.environments.model import Phase
from labeille.environments.steps import Step

if TYPE_CHECKING:
    from pathlib import Path

    from labeille.environments.steps import Runner
    from labeille.targets.model import Target

#: Seconds; it takes less than one, but the machine may be busy, and a broken target may hang.
VENV_TIMEOUT = 300.0


def make_venv_with_uv(uv: Path, target: Target, path: Path, runner: Runner) -> None:
    """Make the venv by uv. pip comes from virtualenv's own wheel, so that no index is asked.

    Suites that call pip, and ``python -m pip`` anywhere, find it as in any ordinary venv.
    """
    runner.run(
        Step(
            name="venv-uv",
            title="making the venv with uv",
            phase=Phase.VENV,
            argv=(str(uv), "venv", "--no-project", "--python", target.python, str(path)),
            cwd=path.parent,
            timeout=VENV_TIMEOUT,
        )
    )
    from virtualenv.seed.wheels.embed import get_embed_wheel  # 20 ms that a reused venv saves

    wheel = get_embed_wheel("pip", target.minor_version)
    if wheel is None:
        return
    # Links, unlike for all else: pip's 480 files are a third of a small environment, nobody edits
    # them in place, and copying them takes 80 ms at rest and a second beside other installs.
    install = ("pip", "install", "--offline", "--no-index", "--no-deps", "--link-mode", "hardlink")
    runner.run(
        Step(
            name="pip-uv",
            title="putting pip into the venv",
            phase=Phase.VENV,
            argv=(str(uv), *install, "--python", str(path / "bin" / "python"), str(wheel.path)),
            cwd=path.parent,
            timeout=VENV_TIMEOUT,
        )
    )


def make_venv_with_virtualenv(target: Target, path: Path, runner: Runner) -> None:
    """Make the venv by virtualenv, run by labeille's own Python: some targets lack ensurepip."""
    virtualenv = ("-m", "virtualenv", "--no-periodic-update", "--no-download", "--no-vcs-ignore")
    runner.run(
        Step(
            name="venv-pip",
            title="making the venv with virtualenv",
            phase=Phase.VENV,
            argv=(sys.executable, *virtualenv, "--python", target.python, str(path)),
            cwd=path.parent,
            timeout=VENV_TIMEOUT,
        )
    )
