"""What is put into an environment and into a test process's variables."""

from __future__ import annotations

from pathlib import Path

import pytest

from labeille.suites.instrument import install_plugin, instrumented_environ

NAME = "_labeille_evidence.py"


def test_install_is_done_once(tmp_path: Path) -> None:
    install_plugin(tmp_path)
    first = (tmp_path / NAME).stat()
    install_plugin(tmp_path)
    assert (tmp_path / NAME).stat().st_ino == first.st_ino
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_an_older_plugin_is_replaced(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("raise SystemExit\n", encoding="utf-8")
    install_plugin(tmp_path)
    assert "pytest_load_initial_conftests" in (tmp_path / NAME).read_text(encoding="utf-8")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        install_plugin(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "--capture=sys -p _labeille_evidence"),
        ({"PYTEST_ADDOPTS": "-q -k 'a b'"}, "--capture=sys -p _labeille_evidence -q -k 'a b'"),
    ],
)
def test_environ(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, str], expected: str
) -> None:
    monkeypatch.chdir(tmp_path)
    traced = {"COVERAGE_PROCESS_START": "rc", "COV_CORE_SOURCE": "x", "HOME": "/h"}
    result = instrumented_environ({**given, **traced}, Path("log.jsonl"))
    assert result["PYTEST_ADDOPTS"] == expected
    assert result["LABEILLE_TEST_LOG"] == str(tmp_path / "log.jsonl")
    assert result["PYTHONFAULTHANDLER"] == "1"
    assert result["HOME"] == "/h"
    assert not {"COVERAGE_PROCESS_START", "COV_CORE_SOURCE"} & set(result)
