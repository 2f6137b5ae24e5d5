"""How long `nox -s run-idna` takes where nox itself has to see to labeille's dependencies.

    python benchmarks/script_mode.py

Three environments of their own, made from the package index: with nox alone, as README's first
commands make it; with uv beside nox; with labeille's dependencies beside nox. In the first two, nox
(its "script mode", by the noxfile's PEP 723 header) keeps an environment in .nox, has each start
checked by pip or uv, and starts itself again in there.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import tomli
from measuring import REPOSITORY, environ, seconds_of, show

ROUNDS = 7

#: Without any uv but the environment's own.
PATH = "/usr/local/bin:/usr/bin:/bin"


def main() -> None:
    """Print the figures."""
    print("nox -s run-idna, to the session's first line, by what stands beside nox")
    project = tomli.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        for title, requirements in (
            ("nox alone", ["nox"]),
            ("nox and uv", ["nox", "uv"]),
            ("labeille's dependencies", project["dependencies"]),
        ):
            _measure(title, requirements, scratch)


def _measure(title: str, requirements: list[str], scratch: Path) -> None:
    home = scratch / title.replace(" ", "-")
    subprocess.run((sys.executable, "-m", "venv", home), check=True)
    pip = (home / "bin" / "pip", "--disable-pip-version-check", "install", "-qq")
    subprocess.run((*pip, *requirements), check=True)
    argv = (
        str(home / "bin" / "nox"),
        *("-f", str(REPOSITORY / "noxfile.py"), "--envdir", str(home / "nox")),
        *("-s", "run-idna", "--", "--dry-run"),
    )
    env = environ(scratch / "cache", PATH=PATH, PIP_DISABLE_PIP_VERSION_CHECK="1")
    show(f"{title}: the first time", [seconds_of(argv, env, until="idna on ")])
    times = [seconds_of(argv, env, until="idna on ") for _ in range(ROUNDS)]
    show(f"{title}: from then on", times)


if __name__ == "__main__":
    main()
