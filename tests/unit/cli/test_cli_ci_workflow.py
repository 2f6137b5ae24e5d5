"""The workflow for GitHub Actions says what labeille and nox understand."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest
from yaml import safe_load

from labeille.cli.analyze import analyze
from labeille.cli.merge import merge
from labeille.cli.report import report
from labeille.cli.run import PACKAGE_COMMAND
from labeille.cli.session_options import SHARD_VARIABLE
from sessions.selected import read_selection

WORKFLOW = Path(__file__).parents[3] / ".github" / "workflows" / "crash-hunt.yml"

COMMANDS: dict[str, click.Command] = {"analyze": analyze, "merge": merge, "report": report}


@pytest.fixture(scope="module")
def jobs() -> dict[str, Any]:
    found: dict[str, Any] = safe_load(WORKFLOW.read_text(encoding="utf-8"))
    return found


def commands(jobs: dict[str, Any], program: str) -> list[list[str]]:
    """The command lines of a program in all steps, up to where the shell's part begins."""
    lines: list[list[str]] = []
    for job in jobs["jobs"].values():
        for step in job["steps"]:
            script = step.get("run", "").replace("\\\n", " ")
            script = re.sub(r"\$\(\w+\)", "2", script)
            lines += map(shlex.split, re.findall(rf"\b{program} ([^\n;|>]*)", script))
    return lines


def test_every_command_of_labeille_is_one(jobs: dict[str, Any]) -> None:
    lines = [line for line in commands(jobs, "labeille") if line]
    assert {line[0] for line in lines} == {"analyze", "merge", "report"}
    for name, *arguments in lines:
        command = COMMANDS[name]
        if isinstance(command, click.Group):
            command = command.commands[arguments.pop(0)]
        with command.make_context(name, arguments):
            pass


def test_every_part_is_hunted(jobs: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    (hunt,) = [line for line in commands(jobs, "nox") if line]
    shards = jobs["jobs"]["hunt"]["strategy"]["matrix"]["shard"]
    assert shards == list(range(1, jobs["env"]["SHARDS"] + 1))
    selected = read_selection(hunt, {})
    assert selected.tags == ("$TAG",)
    assert selected.shard == "${{ matrix.shard }}/$SHARDS"
    monkeypatch.setenv(SHARD_VARIABLE, "1/4")
    options = PACKAGE_COMMAND.parse("idna", hunt[hunt.index("--") + 1 :])
    assert (options["condition"], options["shard"]) == ("$CONDITION", None)


def test_reports_come_after_a_crash_too(jobs: dict[str, Any]) -> None:
    report = jobs["jobs"]["report"]
    assert (report["needs"], report["if"]) == ("hunt", "${{ !cancelled() }}")
    kept = [step for step in jobs["jobs"]["hunt"]["steps"] if "upload-artifact" in str(step)]
    assert [step["if"] for step in kept] == ["${{ !cancelled() }}"]
