"""Dependency scans of real releases: what they name is what the suites need, and it installs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from labeille.projects.dependencies import scan_dependencies
from labeille.projects.read import read_project
from labeille.pypi.client import IndexClient
from labeille.registry.model import Package
from labeille.reports.dependencies import pip_text
from labeille.sources.get import get_checkout
from labeille.sources.model import SourceChoice, SourceSettings

pytestmark = pytest.mark.network

#: What each suite imports or uses, looked up by hand (docs/dependency-scan.md).
NEEDED = {
    "requests==2.34.2": {"pytest", "pytest-httpbin", "httpbin", "trustme", "pysocks"},
    "jinja2==3.1.6": {"pytest", "trio"},
    "attrs==26.1.0": {"pytest", "hypothesis", "cloudpickle", "pympler"},
    "click==8.5.1": {"pytest"},
    "werkzeug==3.1.9": {
        "cryptography",
        "ephemeral-port-reserve",
        "pytest",
        "pytest-timeout",
        "watchdog",
    },
}
#: Declared for the tests, and not used by them.
FALSE = {"requests==2.34.2": {"pytest-mock"}, "werkzeug==3.1.9": {"cffi"}}


def test_five_sdists(tmp_path: Path) -> None:
    settings = SourceSettings(repos_dir=tmp_path / "repos", source=SourceChoice.SDIST)
    lines: set[str] = set()
    with IndexClient() as client:
        for release, needed in NEEDED.items():
            name, _, version = release.partition("==")
            checkout = get_checkout(Package(name=name), version, settings, client=client)
            report = scan_dependencies(read_project(checkout.path))
            named = {canonicalize_name(need.package) for need in report.installable}
            assert named == needed | FALSE.get(release, set()), release
            assert report.guesses == (), release
            lines |= set(pip_text(report).splitlines())
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("\n".join(sorted(lines)))
    uv = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", sys.executable]
    installed = subprocess.run(
        [*uv, "--target", str(tmp_path / "target"), "--requirement", str(requirements)],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert installed.returncode == 0, installed.stderr
