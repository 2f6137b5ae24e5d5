"""Tiny projects that build themselves, so that installs need no network and no build tool."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from labeille.environments.model import EnvironmentRequest, EnvironmentSettings, InstallerChoice
from labeille.registry.model import Package, SourceKind
from labeille.sources.model import Checkout
from labeille.targets.model import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

# A PEP 517 and 660 backend: the modules in src/ as a wheel, or a .pth file that points there.
BACKEND = """
import os, pathlib, zipfile

NAME, VERSION = {name!r}, "1.0"
STEM = NAME.replace("-", "_") + "-" + VERSION

def _wheel(folder, files):
    info = STEM + ".dist-info/"
    files[info + "METADATA"] = f"Metadata-Version: 2.1\\nName: {{NAME}}\\nVersion: {{VERSION}}\\n"
    tags = "Root-Is-Purelib: true\\nTag: py3-none-any\\n"
    files[info + "WHEEL"] = "Wheel-Version: 1.0\\nGenerator: x\\n" + tags
    record = "".join(f"{{name}},,\\n" for name in [*files, info + "RECORD"])
    files[info + "RECORD"] = record
    with zipfile.ZipFile(pathlib.Path(folder) / (STEM + "-py3-none-any.whl"), "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)
    return STEM + "-py3-none-any.whl"

def build_wheel(folder, config_settings=None, metadata_directory=None):
    {build}
    src = pathlib.Path("src")
    found = [path for path in src.rglob("*.py")]
    return _wheel(folder, {{str(path.relative_to(src)): path.read_text() for path in found}})

def build_editable(folder, config_settings=None, metadata_directory=None):
    {build}
    return _wheel(folder, {{"_" + STEM.split("-")[0] + ".pth": os.path.abspath("src") + "\\n"}})
"""

PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "{name}"
version = "1.0"
"""


def write_project(
    folder: Path, name: str, modules: Mapping[str, str], *, build: str = "pass"
) -> Path:
    """A project called ``name`` with files below src/; ``build`` is a statement run by builds."""
    for path, text in modules.items():
        file = folder / "src" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "backend.py").write_text(BACKEND.format(name=name, build=build))
    (folder / "pyproject.toml").write_text(PYPROJECT.format(name=name))
    return folder


@pytest.fixture
def make_project(tmp_path: Path) -> Callable[..., Path]:
    """Writes a project: a name, and files below src/ by their paths."""

    def make(
        name: str = "demo", files: Mapping[str, str] | None = None, *, build: str = "pass"
    ) -> Path:
        modules = {"demo/__init__.py": "ANSWER = 42\n"} if files is None else files
        return write_project(tmp_path / f"checkout-{name}", name, modules, build=build)

    return make


@pytest.fixture(scope="session")
def _caches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("caches")


@pytest.fixture(autouse=True)
def _own_caches(_caches: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing outside pytest's temporary folder is written, and no index is asked."""
    for variable in ("LABEILLE_CACHE_DIR", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(variable, str(_caches / variable))
    monkeypatch.setenv("PIP_NO_INDEX", "1")


@pytest.fixture(scope="session")
def host_target() -> Target:
    """The Python that runs the tests, as a target."""
    return Target(
        python=sys.executable,
        version=".".join(map(str, sys.version_info[:3])),
        version_text=sys.version,
        implementation="cpython",
        build="main",
        compiler="gcc",
        platform="linux-x86_64",
        configure_args="",
        jit_available=False,
        jit_works=False,
        jit_default=False,
        jit_variables=(),
        free_threaded=False,
        gil_enabled=True,
        debug=False,
        sanitizers=(),
        has_ensurepip=True,
    )


@pytest.fixture
def make_request(tmp_path: Path, host_target: Target) -> Callable[..., EnvironmentRequest]:
    """Builds a request for a project: keywords are fields of the package, or of the settings."""

    def make(
        project: Path,
        name: str = "demo",
        *,
        installer: InstallerChoice = InstallerChoice.AUTO,
        settings: Mapping[str, object] | None = None,
        **package: object,
    ) -> EnvironmentRequest:
        copy = 'cp -r src/* "$VIRTUAL_ENV"/lib/python*/site-packages/'
        package.setdefault("install_command", copy)
        chosen: dict[str, object] = {"venvs_dir": tmp_path / "venvs", "installer": installer}
        return EnvironmentRequest(
            package=Package(name=name, **package),  # type: ignore[arg-type]
            checkout=Checkout(
                path=project, kind=SourceKind.SDIST, origin=f"{name}-1.0.tar.gz", key="k1"
            ),
            target=host_target,
            settings=EnvironmentSettings(**(chosen | dict(settings or {}))),  # type: ignore[arg-type]
            log_dir=tmp_path / "logs",
        )

    return make
