"""labeille targets: what the commands print."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from labeille.cli.targets import targets
from labeille.errors import TargetError


def run(*args: str) -> str:
    result = CliRunner().invoke(targets, args, catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_list(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    python = Path(sys.executable).resolve()
    monkeypatch.setenv("PATH", str(python.parent))
    for name in ("PYENV_ROOT", "UV_PYTHON_INSTALL_DIR", "LABEILLE_TARGETS"):
        monkeypatch.setenv(name, str(tmp_path / name))
    head, *rows = run("list").splitlines()
    assert head.split() == ["VERSION", "JIT", "GIL", "BUILD", "PYTHON"]
    assert any(row.endswith(str(python)) for row in rows)


def test_list_on_an_empty_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("PATH", "PYENV_ROOT", "UV_PYTHON_INSTALL_DIR", "LABEILLE_TARGETS"):
        monkeypatch.setenv(name, str(tmp_path / name))
    with pytest.raises(TargetError, match="no interpreter was found"):
        run("list")


def test_probe() -> None:
    facts = dict(line.split(None, 1) for line in run("probe", sys.executable).splitlines())
    assert facts["python"] == sys.executable
    assert facts["debug"] in ("yes", "no")


def test_probe_as_json() -> None:
    facts = json.loads(run("probe", sys.executable, "--json"))
    assert facts["python"] == sys.executable
    assert facts["jit_variables"] == []
    assert len(facts["target_id"]) == 12


def test_probe_of_what_is_no_python(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="is a folder"):
        run("probe", str(tmp_path))


def test_get_keeps_what_is_there(jit_python: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = next(parent for parent in jit_python.parents if parent.name.endswith("-jit")).parent
    monkeypatch.setenv("LABEILLE_TARGETS", str(folder))
    assert run("get", "jit").splitlines()[-1] == str(jit_python)


def test_get_takes_known_kinds_only() -> None:
    result = CliRunner().invoke(targets, ["get", "fast"])
    assert result.exit_code == 2
    assert "'jit', 'jit-debug', 'free-threaded'" in result.output
