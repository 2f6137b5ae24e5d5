"""Edits and checks over the real registry of 4,999 packages."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from labeille.registry.edit import FieldEdit, Files, Operation, plan_edit
from labeille.registry.findings import Rule
from labeille.registry.splice import Document
from labeille.registry.store import Registry
from labeille.registry.validate import validate

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def copy(shared_data: Path, tmp_path: Path) -> Path:
    """The real registry under git."""
    root = tmp_path / "registry"
    shutil.copytree(shared_data / "registry-5000", root)
    for command in (("init", "-q"), ("add", "."), ("commit", "-q", "-m", "as it is")):
        git(root, *command)
    return root


def git(root: Path, *args: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.test", "-c", "gc.auto=0")
    command = ["git", *identity, *args]
    return subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout


def labeille(root: Path, *args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "labeille", "registry", *args, "--registry-dir", str(root)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


SET = ("set-field", "timeout", "900", "--where", "extension_type=extensions", "--apply")


def test_set_field_changes_one_line_of_each_file(copy: Path) -> None:
    expected = {
        package.name
        for package in Registry(copy).load_all().packages.values()
        if package.extension_type == "extensions" and package.timeout != 900
    }
    assert labeille(copy, *SET).returncode == 0
    stat = [line.split("\t") for line in git(copy, "diff", "--numstat").splitlines()]
    assert {path.removeprefix("packages/").removesuffix(".yaml") for _, _, path in stat} == expected
    assert {(added, removed) for added, removed, _ in stat} == {("1", "1")}
    changed = [
        line
        for line in git(copy, "diff", "-U0").splitlines()
        if line[:1] in "+-" and line[:3] not in ("+++", "---")
    ]
    assert {line[1:].partition(":")[0] for line in changed} == {"timeout"}
    assert {line for line in changed if line.startswith("+")} == {"+timeout: 900"}
    assert labeille(copy, *SET).returncode == 0
    assert len(git(copy, "diff", "--numstat").splitlines()) == len(expected)


def test_a_broken_file_in_the_middle_stops_it_before_the_first_write(copy: Path) -> None:
    files = sorted((copy / "packages").iterdir())
    files[len(files) // 2].write_text("package: [\n")
    before = git(copy, "diff")
    done = labeille(copy, *SET)
    assert done.returncode == 2
    assert f"{files[len(files) // 2]}:1: no valid YAML" in done.stderr
    assert git(copy, "diff") == before


def test_validate_reports_spellings_and_drift(copy: Path) -> None:
    done = labeille(copy, "validate")
    assert done.returncode == 1
    rules = Counter(line.rpartition("[")[2] for line in done.stdout.splitlines() if "[" in line)
    assert rules["extension-spelling]"] == 239
    assert rules["index-drift]"] == 438
    assert labeille(copy, "rebuild-index").returncode == 0
    left = {finding.rule for finding in validate(Registry(copy)).findings}
    assert Rule.INDEX_DRIFT not in left


@pytest.mark.parametrize(
    "edit",
    [
        FieldEdit(operation=Operation.SET, field="notes", value="x: 'y'"),
        FieldEdit(operation=Operation.SET, field="skip_versions", value={"3.15": "x"}),
        FieldEdit(operation=Operation.REMOVE, field="skip_reason"),
        FieldEdit(operation=Operation.REMOVE, field="install_command"),
    ],
    ids=lambda edit: f"{edit.operation}-{edit.field}",
)
def test_only_the_fields_own_lines_change_whoever_wrote_them(
    shared_data: Path, edit: FieldEdit
) -> None:
    """These hold lines folded by another writer, quoted text and mappings over several lines."""
    plan = plan_edit(Registry(shared_data / "registry-5000"), edit, Files())
    assert plan.problems == ()
    assert len(plan.changes) > 4000
    for change in plan.changes:
        before = _others(change.before, edit.field, change.path)
        assert before == _others(change.after, edit.field, change.path)


def _others(data: bytes, field: str, path: Path) -> list[bytes]:
    """A file's lines without those from the field's key up to the next key."""
    entries = Document(data, path).entries
    starts = [entry.key.start_mark.line for entry in entries]
    own: range = range(0)
    for entry, start, end in zip(entries, starts, [*starts[1:], None], strict=True):
        if entry.name == field:
            own = range(start, len(data) if end is None else end)
    return [line for number, line in enumerate(data.split(b"\n")) if number not in own]
