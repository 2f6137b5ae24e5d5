"""Choosing a target: who is asked first, what a name may be, what relative paths start from."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from labeille.errors import TargetError
from labeille.targets.choose import TARGET_VARIABLE, choose_target
from labeille.targets.model import Target, TargetKind

HOST = Path(sys.executable).resolve()
VERSION = "{}.{}".format(*sys.version_info)


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty machine, and a folder in a project: the current one."""
    folder = tmp_path / "project/sub"
    folder.mkdir(parents=True)
    (folder.parent / "pyproject.toml").touch()
    monkeypatch.chdir(folder)
    monkeypatch.delenv(TARGET_VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    for name in ("PYENV_ROOT", "UV_PYTHON_INSTALL_DIR", "LABEILLE_TARGETS"):
        monkeypatch.setenv(name, str(tmp_path / name))
    return folder.parent


def choose(option: str | None = None) -> Target:
    return choose_target(option, want=TargetKind.JIT, allow_provide=False, report=print)


def link(path: Path) -> Path:
    """A link to the interpreter that runs the tests."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(HOST)
    return path


def write(project: Path, text: str) -> None:
    (project / "pyproject.toml").write_text(text)


def test_the_order(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third = (link(tmp_path / name / "python3") for name in ("1", "2", "3"))
    write(project, f"[tool.labeille]\ntarget-python = {str(third)!r}\n")
    assert choose().path == third
    monkeypatch.setenv(TARGET_VARIABLE, str(second))
    assert choose().path == second
    assert choose(str(first)).path == first


def test_relative_paths_start_where_they_are_written(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_project, of_folder = link(project / "build/python"), link(project / "sub/build/python")
    write(project, "[tool.labeille]\ntarget-python = 'build/python'\n")
    assert choose().path == of_project
    monkeypatch.setenv(TARGET_VARIABLE, "build/python")
    assert choose().path == of_folder
    assert choose("./build/python").path == of_folder
    assert choose("../build/python").path == of_project


def test_a_name_is_a_file_or_a_command(project: Path, tmp_path: Path) -> None:
    command = link(tmp_path / "bin/my-python")
    assert choose("my-python").path == command
    file = link(project / "sub/my-python")
    assert choose("my-python").path == file


def test_a_version_is_looked_for(tmp_path: Path) -> None:
    link(tmp_path / "bin/python3")
    assert choose(VERSION).path == HOST


def test_home_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    python = link(tmp_path / "python")
    assert choose("~/python").path == python


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("/no/such/python", "--target-python: there is no interpreter /no/such/python"),
        ("no-such-python", "--target-python: there is no interpreter 'no-such-python'"),
        ("3.99", "there is no interpreter '3.99'"),
        ("", "--target-python is empty"),
        (".", "is a folder"),
        ("..", "is a folder"),
        ("pyproject\0toml", "there is no interpreter"),
    ],
)
def test_what_names_no_interpreter(option: str, message: str) -> None:
    with pytest.raises(TargetError, match=message) as caught:
        choose(option)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tool.labeille\n", r"pyproject\.toml cannot be read: .*line 1"),
        ("[tool.labeille]\ntarget-python = 3.15\n", "is not a string"),
        ("[tool]\nlabeille = 3\n", "is not a table"),
        ("tool = 3\n", "is not a table"),
        ("[tool.labeille]\ntarget-python = ''\n", "target-python is empty"),
        ("[tool.labeille]\ntarget-python = 'gone/python'\n", "target-python: there is no"),
    ],
)
def test_a_project_file_that_makes_no_sense(project: Path, text: str, message: str) -> None:
    write(project, text)
    with pytest.raises(TargetError, match=message) as caught:
        choose()
    assert "\n" not in str(caught.value)


def test_a_project_file_that_is_no_text(project: Path) -> None:
    (project / "pyproject.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(TargetError, match="cannot be read"):
        choose()


@pytest.mark.parametrize("text", ["", "[tool.other]\n", "[tool.labeille]\nstrict = true\n"])
def test_only_the_nearest_project_file_counts(tmp_path: Path, project: Path, text: str) -> None:
    write(tmp_path, f"[tool.labeille]\ntarget-python = {str(HOST)!r}\n")
    write(project, text)
    with pytest.raises(TargetError, match="there is no jit target"):
        choose()


def test_with_none_at_all_the_error_names_every_way() -> None:
    with pytest.raises(TargetError, match="there is no jit target on this machine") as caught:
        choose()
    hint = caught.value.hint or ""
    for way in (
        "--target-python", TARGET_VARIABLE, "[tool.labeille]", "PATH", "pyenv", "uv",
        "labeille targets get jit",
    ):  # fmt: skip
        assert way in hint


def test_a_target_that_cannot_be_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here without uv and apt-get on PATH, as on a machine that is no Debian."""
    monkeypatch.setitem(sys.modules, "uv", None)
    said: list[str] = []
    with pytest.raises(TargetError, match=r"none could be fetched: .*no Debian") as caught:
        choose_target(None, want=TargetKind.JIT, allow_provide=True, report=said.append)
    assert said[0] == "no jit target on this machine: fetching one"
    assert "--target-python" in (caught.value.hint or "")
    assert os.listdir(os.environ["LABEILLE_TARGETS"]) == [".lock"]  # noqa: PTH208


@pytest.mark.target("jit")
def test_discovery_takes_the_jit(jit_python: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(jit_python.parent))
    assert choose().jit_works
