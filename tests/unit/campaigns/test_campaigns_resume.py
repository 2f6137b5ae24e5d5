"""Which run the same command goes on with."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from labeille.campaigns.resume import earlier_run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Runs, the newest first."""
    runs: dict[str, object] = {
        "damaged": None,
        "c": ["run", "--top", "5"],
        "a": ["run", "--top", "9", "--skip-completed"],
        "b": ["run", "--top", "9"],
        "original": {"top": 9},
        "old": ["run", "--top", "7"],
    }
    for age, (name, cli_args) in enumerate(runs.items()):
        path = tmp_path / name / "run_meta.json"
        path.parent.mkdir()
        path.write_text(json.dumps({"run_id": name, "cli_args": cli_args}) if cli_args else "{")
        os.utime(path, (1e9 - age, 1e9 - age))
    return tmp_path


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("run --top 5 --skip-completed", "c"),
        ("run --skip-completed --top 9", "a"),
        ("run --top 9", "a"),
        ("run --top 7 --skip-completed", "old"),
        ("run --top 8 --skip-completed", None),
        ("run", None),
    ],
)
def test_the_newest_run_of_the_same_command(
    results: Path, command: str, expected: str | None
) -> None:
    assert earlier_run(results, command.split()) == expected


def test_no_results(tmp_path: Path) -> None:
    assert earlier_run(tmp_path / "missing", ["run"]) is None
