"""What stands in for pip and git while an install command runs: real shells, tools that echo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from labeille.environments.install import served_by_uv, shims_folder, write_shims
from labeille.supervision.capture import capture

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from labeille.environments.model import EnvironmentRequest

ECHO = '#!/bin/sh\nprintf "{name}"; for word; do printf " <%s>" "$word"; done\n'


@pytest.fixture
def shims(tmp_path: Path, make_request: Callable[..., EnvironmentRequest]) -> Path:
    """Shims in an environment whose uv and Python say how they were called."""
    environment = tmp_path / "environment"
    for path in (tmp_path / "uv", environment / "bin" / "python", tmp_path / "bin" / "git"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(ECHO.format(name=path.name))
        path.chmod(0o755)
    write_shims(make_request(tmp_path), environment, tmp_path / "uv")
    return shims_folder(environment)


def called(*argv: str, path: str = "") -> str:
    return capture(argv, env={"PATH": f"{path}:/usr/bin:/bin"}).stdout.decode()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["install", "-e", "."], "<-e> <.>"),
        (["install", "pytest", "x<4", "a b"], "<pytest> <x<4> <a b>"),
        (["install", "-r", "requirements/test.txt", "--pre", "-U"],
         "<-r> <requirements/test.txt> <--pre> <-U>"),
        (["install", "--no-build-isolation", "-e", ".[test]"],
         "<--no-build-isolation> <-e> <.[test]>"),
        # Options that uv has no word for and no need of.
        (["install", "--progress-bar", "off", "--no-input", "x"], "<x>"),
        (["install", "--progress-bar=off", "--use-pep517", "--timeout=9", "x"], "<x>"),
        (["install", "--upgrade-strategy", "eager", "-U", "x", "--retries"], "<-U> <x>"),
        (["install", "--", "-x"], "<--> <-x>"),
        (["uninstall", "-y", "x"], "<x>"),
    ],
)  # fmt: skip
def test_pip_by_uv(shims: Path, words: list[str], expected: str) -> None:
    python = shims / ".." / ".." / "bin" / "python"
    assert called(str(shims / "pip"), *words) == f"uv <pip> <{words[0]}> <--python> <{python}> " + (
        expected
    )


@pytest.mark.parametrize(
    "words",
    [
        ["install", "--global-option=x", "."],
        ["install", "-I", "x"],
        ["install", "--target", "vendored", "x"],
        ["download", "x"],
        ["list", "--outdated"],
        ["--version"],
        [],
    ],
)
def test_what_uv_does_not_do_goes_to_real_pip(shims: Path, words: list[str]) -> None:
    assert called(str(shims / "pip3"), *words).split(" ", 1) == [
        "python",
        " ".join(f"<{word}>" for word in ("-m", "pip", *words)),
    ]


def test_pip_freeze_is_found_on_path_by_its_versioned_name(
    shims: Path, make_request: Callable[..., EnvironmentRequest], tmp_path: Path
) -> None:
    name = f"pip{make_request(tmp_path).target.minor_version}"
    said = called("/bin/sh", "-c", f"{name} freeze", path=str(shims))
    assert said.startswith("uv <pip> <freeze> <--python>")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("fetch --tags --depth 1", ""),
        ("submodule update --init", ""),
        ("describe --tags", "git <describe> <--tags>"),
    ],
)
def test_git_in_a_released_source(shims: Path, tmp_path: Path, words: str, expected: str) -> None:
    path = f"{shims}:{tmp_path / 'bin'}"
    assert called("/bin/sh", "-c", f"git {words}", path=path) == expected


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("python -m pip install -e .", "pip install -e ."),
        ("cd a && python3.15 -m  pip install . && pip3 install x",
         "cd a && pip install . && pip3 install x"),
        ("FOO=1 python3 -m pip install .", "FOO=1 pip install ."),
        ("./python -m pip install .", "./python -m pip install ."),
        ("python -m pipx install x", "python -m pipx install x"),
        ("python -m build && pip install dist/*.whl", "python -m build && pip install dist/*.whl"),
    ],
)  # fmt: skip
def test_python_m_pip_is_served_too(command: str, expected: str) -> None:
    assert served_by_uv(command) == expected
