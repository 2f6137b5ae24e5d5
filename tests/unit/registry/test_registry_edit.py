"""Edits of many files: all are checked before the first is written, and a kill loses nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from registry_samples import make_registry

from labeille.errors import RegistryError, UsageError
from labeille.registry.edit import FieldEdit, Files, Operation, apply_edit, plan_edit
from labeille.registry.store import Registry
from labeille.registry.where import parse_where

if TYPE_CHECKING:
    from pathlib import Path

    from labeille.registry.edit import EditPlan

SET = FieldEdit(operation=Operation.SET, field="timeout", value=900)


def contents(registry: Registry) -> dict[str, str]:
    return {path.stem: path.read_text() for path in registry.packages_dir.glob("*.yaml")}


def applied(registry: Registry, edit: FieldEdit, files: Files | None = None) -> EditPlan:
    plan = plan_edit(Registry(registry.root), edit, files or Files())
    assert plan.problems == ()
    assert len(list(apply_edit(plan))) == len(plan.changes)
    return plan


def test_planning_writes_nothing(tmp_path: Path) -> None:
    registry = make_registry(tmp_path, {"a": "timeout: 1\n", "b": "", "c": "timeout: 900\n"})
    before = contents(registry)
    plan = plan_edit(registry, SET, Files())
    assert [change.path.stem for change in plan.changes] == ["a", "b"]
    assert (plan.unchanged, plan.passed_over, plan.total) == (1, 0, 3)
    assert contents(registry) == before


@pytest.mark.parametrize(
    ("files", "chosen"),
    [
        (Files(), "abcd"),
        (Files(packages=("b", "d")), "bd"),
        (Files(where=(parse_where("extension_type=extensions"),)), "bc"),
        (Files(where=(parse_where("extension_type!=extensions"),)), "ad"),
        (Files(packages=("c", "d"), where=(parse_where("owner:me"),)), "d"),
    ],
)
def test_which_files(tmp_path: Path, files: Files, chosen: str) -> None:
    texts = {"a": "", "b": "extension_type: rust\n", "c": "extension_type: extensions\n"}
    registry = make_registry(tmp_path, {**texts, "d": "owner: me\n"})
    plan = plan_edit(registry, SET, files)
    assert "".join(change.path.stem for change in plan.changes) == chosen


def test_a_named_package_is_the_only_file_read(tmp_path: Path) -> None:
    registry = make_registry(tmp_path, {"a": "", "broken": "x: [\n"})
    assert plan_edit(registry, SET, Files(packages=("a",))).problems == ()
    with pytest.raises(RegistryError, match="no package 'gone'"):
        plan_edit(registry, SET, Files(packages=("gone",)))


@pytest.mark.parametrize("where", [(), (parse_where("skip=false"),)])
def test_every_broken_file_is_told(tmp_path: Path, where: tuple[()]) -> None:
    files = {"a": "", "b": "x: [\n", "c": "skip: 3\n", "d": "timeout: 1\ntimeout: 2\n", "e": ""}
    registry = make_registry(tmp_path, files)
    (registry.packages_dir / "-x.yaml").touch()
    plan = plan_edit(registry, SET, Files(where=where))
    assert [(problem.path.stem, problem.line) for problem in plan.problems] == [
        ("-x", None),
        ("b", 2),
        ("c", 2),
        ("d", 3),
    ]
    assert [change.path.stem for change in plan.changes] == ["a", "e"]
    assert plan.total == 6


def test_a_second_time_changes_nothing(tmp_path: Path) -> None:
    registry = make_registry(tmp_path, {"a": "old: 1\n", "b": "notes: x\nold: [2]\n"})
    for edit in (
        SET,
        FieldEdit(operation=Operation.ADD, field="owner", value=[], after="package"),
        FieldEdit(operation=Operation.RENAME, field="old", new_name="new"),
        FieldEdit(operation=Operation.REMOVE, field="notes"),
    ):
        applied(registry, edit)
        after = contents(registry)
        assert applied(registry, edit).changes == ()
        assert contents(registry) == after
    assert after == {
        "a": "package: a\nowner: []\ntimeout: 900\nnew: 1\n",
        "b": "package: b\nowner: []\ntimeout: 900\nnew: [2]\n",
    }


def test_an_edit_that_was_killed_goes_on(tmp_path: Path) -> None:
    registry = make_registry(tmp_path, dict.fromkeys("abcde", "timeout: 1\n"))
    child = os.fork()
    if child == 0:  # dies in the middle, with a temporary file beside the packages
        done = apply_edit(plan_edit(registry, SET, Files()))
        next(done), next(done)
        (registry.packages_dir / f".c.yaml.{os.getpid()}.tmp").write_text("half")
        os.kill(os.getpid(), 9)
    os.waitpid(child, 0)
    assert sum("900" in text for text in contents(registry).values()) == 2
    assert len(applied(registry, SET).changes) == 3
    assert all("timeout: 900" in text for text in contents(registry).values())
    assert list(registry.packages_dir.glob(".*")) == []


def test_a_file_changed_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    registry = make_registry(tmp_path, {"a": "", "b": "", "c": ""})
    plan = plan_edit(registry, SET, Files())
    registry.path("b").write_text("package: b\nnotes: mine\n")
    with pytest.raises(RegistryError, match=r"b\.yaml was changed") as caught:
        list(apply_edit(plan))
    assert caught.value.hint is not None
    assert "1 of 3 files are written" in caught.value.hint
    assert contents(registry)["b"] == "package: b\nnotes: mine\n"


def test_permissions_and_links_stay(tmp_path: Path) -> None:
    registry = make_registry(tmp_path / "r", {"a": "", "b": ""})
    registry.path("a").chmod(0o640)
    elsewhere = registry.path("b").rename(tmp_path / "b.yaml")
    registry.path("a").with_name("b.yaml").symlink_to(elsewhere)
    applied(registry, SET)
    assert registry.path("a").stat().st_mode & 0o777 == 0o640
    assert registry.path("b").is_symlink()
    assert elsewhere.read_text() == "package: b\ntimeout: 900\n"


@pytest.mark.parametrize(
    ("edit", "message", "hint"),
    [
        (("set-field", "timeuot"), "no package file has a field 'timeuot'", "mean timeout"),
        (("set-field", "unheard"), "no package file has a field 'unheard'", "add-field"),
        (("remove-field", "ownre"), "no package file has a field 'ownre'", "mean owner"),
        (("rename-field", "nots", "remarks"), "no package file has a field 'nots'", "mean notes"),
        (("add-field", "new", None, "owenr"), "has a field 'owenr'", "mean owner"),
    ],
)
def test_mistyped_fields(
    tmp_path: Path, edit: tuple[str | None, ...], message: str, hint: str
) -> None:
    operation, field, new_name, after = (*edit, None, None)[:4]
    assert operation is not None
    assert field is not None
    registry = make_registry(tmp_path, {"a": "owner: me\n"})
    asked = FieldEdit(
        operation=Operation(operation), field=field, new_name=new_name, after=after, value="x"
    )
    with pytest.raises(UsageError) as caught:
        plan_edit(registry, asked, Files())
    assert message in str(caught.value)
    assert hint in (caught.value.hint or "")


def test_where_asks_for_a_field_that_nobody_has(tmp_path: Path) -> None:
    registry = make_registry(tmp_path, {"a": "owner: me\n"})
    with pytest.raises(UsageError, match="no package file has a field 'ownre'"):
        plan_edit(registry, SET, Files(where=(parse_where("ownre=me"),)))


@pytest.mark.parametrize(
    ("operation", "field", "new_name"),
    [
        ("set-field", "package", None),
        ("add-field", "package", None),
        ("remove-field", "package", None),
        ("rename-field", "package", "name"),
        ("rename-field", "notes", "package"),
        ("rename-field", "notes", "notes"),
        ("rename-field", "notes", "a: b"),
        ("add-field", "- x", None),
        ("add-field", "null", None),
        ("add-field", "3.10", None),
    ],
)
def test_names_that_no_edit_may_touch_or_make(
    operation: str, field: str, new_name: str | None
) -> None:
    with pytest.raises(UsageError):
        FieldEdit(operation=Operation(operation), field=field, new_name=new_name)
