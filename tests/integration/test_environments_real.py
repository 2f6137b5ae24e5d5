"""Real packages of the index in environments of the real JIT target, by uv and by real pip."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from labeille.environments.build import get_environment
from labeille.environments.model import EnvironmentRequest, EnvironmentSettings, InstallerChoice
from labeille.environments.variables import header_environ
from labeille.registry.model import Package
from labeille.sources.get import get_checkout
from labeille.sources.model import SourceChoice, SourceSettings
from labeille.supervision.capture import capture

if TYPE_CHECKING:
    from pathlib import Path

    from labeille.targets.model import Target

pytestmark = [pytest.mark.network, pytest.mark.target("jit")]


def build_request(
    tmp_path: Path, target: Target, name: str, installer: InstallerChoice
) -> EnvironmentRequest:
    command = "pip install -e . && pip install pytest hypothesis"
    package = Package(name=name, install_command=command)
    sources = SourceSettings(repos_dir=tmp_path / "repos", source=SourceChoice.SDIST)
    return EnvironmentRequest(
        package=package,
        checkout=get_checkout(package, None, sources),
        target=target,
        settings=EnvironmentSettings(venvs_dir=tmp_path / "venvs", installer=installer),
        log_dir=tmp_path / "logs",
    )


@pytest.mark.parametrize("installer", [InstallerChoice.AUTO, InstallerChoice.PIP])
def test_idna_from_the_index(
    tmp_path: Path, jit_target: Target, installer: InstallerChoice
) -> None:
    request = build_request(tmp_path, jit_target, "idna", installer)
    made = get_environment(request)
    assert made.backend == ("pip" if installer is InstallerChoice.PIP else "uv")
    assert made.import_name == "idna"
    assert made.package_version == request.checkout.version == made.installed["idna"]
    assert {"pytest", "pip"} <= set(made.installed)
    tests = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests")
    ran = capture(
        (str(made.python), *tests),
        cwd=request.checkout.path,
        env={"PATH": f"{made.bin_dir}:{os.defpath}", "PYTHON_JIT": "0"},
        timeout=300,
    )
    assert ran.exit_code == 0, ran.text
    assert get_environment(request).reused


@pytest.mark.parametrize("kind", ["jit_target", "jit_debug_target"])
def test_an_extension_is_compiled_for_the_target(
    tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    target: Target = request.getfixturevalue(kind)
    made = get_environment(build_request(tmp_path, target, "markupsafe", InstallerChoice.UV))
    asked = (
        "import markupsafe._speedups as m, sysconfig;"
        "print(m.__file__.endswith(sysconfig.get_config_var('EXT_SUFFIX')))"
    )
    assert capture((str(made.python), "-c", asked)).text == "True"


def test_headers_of_an_unpacked_debian_build(jit_target: Target) -> None:
    include = header_environ(jit_target).get("C_INCLUDE_PATH")
    root = jit_target.path.resolve().parent.parent
    assert include == (None if root.as_posix() == "/usr" else str(root / "include"))
