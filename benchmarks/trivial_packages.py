"""What a package costs beyond its own suite: ten packages with one trivial test each.

    python benchmarks/trivial_packages.py

Local git repositories, whose builds need nothing; pytest comes from uv's cache. What labeille's own
start costs is taken out: figures are the difference between ten packages and one, by nine.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from measuring import LABEILLE, REPOSITORY, environ, seconds_of, show

if TYPE_CHECKING:
    from collections.abc import Sequence

PACKAGES = 10
WARM_ROUNDS = 7
COLD_ROUNDS = 3
ONE = ("--packages", "trivial-0")
TEMPLATE = REPOSITORY / "tests" / "minipackages" / "passes"
BACKEND = REPOSITORY / "tests" / "minipackages" / "_backend.py"

_ENTRY = """\
package: {name}
repo: {repo}
pypi_url: ""
extension_type: pure
python_versions: []
install_method: pip
install_command: pip install -e . && pip install pytest
test_command: {command}
test_framework: {framework}
uses_xdist: false
enriched: true
import_name: mini_passes
"""

#: Suites: pytest with one file of four tests, and nothing at all, which leaves labeille's own part.
SUITES = (
    ("pytest, four tests", "python -m pytest", "pytest"),
    ("no suite: true", "true", "custom"),
)


def main() -> None:
    """Print the figures."""
    print(f"a trivial package, one worker; per package: ({PACKAGES} packages - 1) / {PACKAGES - 1}")
    for title, command, framework in SUITES:
        with tempfile.TemporaryDirectory() as folder:
            _measure(title, _Place(Path(folder), command, framework))


def _measure(title: str, place: _Place) -> None:
    place.run("fill-caches")  # uv's, and the probe's
    cold, cold_ones = [], []
    for turn in range(COLD_ROUNDS):
        place.forget()
        cold_ones.append(place.run(f"cold-one-{turn}", *ONE))
        place.forget()
        cold.append((place.run(f"cold-{turn}") - cold_ones[-1]) / (PACKAGES - 1))
    place.run("settle")
    ones, alls = [], []
    for turn in range(WARM_ROUNDS):
        ones.append(place.run(f"one-{turn}", *ONE))
        alls.append(place.run(f"all-{turn}"))
    warm = [(all_ - one) / (PACKAGES - 1) for one, all_ in zip(ones, alls, strict=True)]
    suites = [statistics.median(place.durations(f"all-{turn}")) for turn in range(WARM_ROUNDS)]
    show(f"{title}: warm", warm)
    show("  of that the suite's own process", suites)
    show(f"{title}: cold, environment built", cold)
    show("labeille run with one such package: warm", ones)
    show("labeille run with one such package: cold", cold_ones)


class _Place:
    """A registry of trivial packages, and where they are run."""

    def __init__(self, root: Path, command: str, framework: str) -> None:
        self.root = root
        self._env = environ(root / "cache")
        packages = root / "registry" / "packages"
        packages.mkdir(parents=True)
        for number in range(PACKAGES):
            name = f"trivial-{number}"
            repository = root / "upstream" / name
            _make_repository(repository)
            entry = _ENTRY.format(name=name, repo=repository, command=command, framework=framework)
            (packages / f"{name}.yaml").write_text(entry)

    def run(self, run_id: str, *options: str) -> float:
        """Seconds of one ``labeille run``; all suites have to pass."""
        argv = (
            *LABEILLE, "run",
            "--registry-dir", str(self.root / "registry"),
            "--work-dir", str(self.root / "work"),
            "--results-dir", str(self.root / "results"),
            "--run-id", run_id,
            "--source", "git",
            "--workers", "1",
            "--strict",
            *options,
        )  # fmt: skip
        return seconds_of(argv, self._env)

    def forget(self) -> None:
        """Remove checkouts and environments; the caches of what is downloaded stay."""
        shutil.rmtree(self.root / "work", ignore_errors=True)

    def durations(self, run_id: str) -> Sequence[float]:
        """What the records of a run say that each suite took, in seconds."""
        lines = (self.root / "results" / run_id / "results.jsonl").read_text().splitlines()
        records: list[dict[str, Any]] = [json.loads(line) for line in lines]
        return [record["duration_seconds"] for record in records]


def _make_repository(repository: Path) -> None:
    ignored = shutil.ignore_patterns("package.yaml", "__pycache__")
    shutil.copytree(TEMPLATE, repository, ignore=ignored)
    shutil.copy(BACKEND, repository / "backend.py")
    who = {
        f"GIT_{role}_{field}": value
        for role in ("AUTHOR", "COMMITTER")
        for field, value in (("NAME", "Trivial"), ("EMAIL", "trivial@example.org"))
    }
    for arguments in (
        ("init", "-q"),
        ("add", "-A"),
        ("commit", "-q", "--no-gpg-sign", "-m", "Start"),
    ):
        subprocess.run(("git", *arguments), cwd=repository, env=os.environ | who, check=True)


if __name__ == "__main__":
    main()
