"""Edit one field of many package files: all are checked before the first is written."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from labeille.errors import RegistryError, UsageError
from labeille.registry.atomic import remove_leftovers, replace_file
from labeille.registry.fields import check_editable, check_new_name, did_you_mean, render
from labeille.registry.nodes import BadValue, compose_value, line_of
from labeille.registry.problems import RegistryFileError
from labeille.registry.read import take_package
from labeille.registry.splice import Document, meaning, read_document
from labeille.registry.where import KNOWN_FIELDS, Where, check_fields, matches

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from labeille.registry.model import Package
    from labeille.registry.problems import FileProblem
    from labeille.registry.splice import Entry
    from labeille.registry.store import Registry

#: Fields that the index repeats.
INDEXED_FIELDS = frozenset({"extension_type", "enriched", "skip", "skip_versions"})


class Operation(enum.StrEnum):
    """What is done to a field; the values are the commands' names."""

    ADD = "add-field"
    REMOVE = "remove-field"
    RENAME = "rename-field"
    SET = "set-field"


@dataclass(frozen=True, kw_only=True)
class FieldEdit:
    """One change of a field, the same in each file that it is made in.

    ``value`` is for ADD and SET, ``new_name`` for RENAME; ``after`` is the field that a new one is
    put below, by default the one before it in the model's order.

    Raises UsageError for the field ``package``, which is the file's identity, and for new names
    that could be no field's.
    """

    operation: Operation
    field: str
    value: object = None
    new_name: str | None = None
    after: str | None = None

    def __post_init__(self) -> None:
        check_editable(self.field)
        check_editable(self.new_name or "")
        if self.operation is Operation.RENAME and self.field == self.new_name:
            raise UsageError(f"{self.field} is called {self.field} already")
        new = self.new_name if self.operation is Operation.RENAME else self.field
        if new is not None and new not in KNOWN_FIELDS and self.operation is not Operation.REMOVE:
            check_new_name(new)

    @cached_property
    def rendered(self) -> str:
        """``value`` as it is written."""
        return render(self.value)

    @cached_property
    def meant(self) -> object:
        """What ``rendered`` means, to be compared with what files have."""
        node = compose_value(self.rendered)
        assert node is not None
        return meaning(node)

    @property
    def is_indexed(self) -> bool:
        """Whether the index repeats what is edited."""
        return not INDEXED_FIELDS.isdisjoint((self.field, self.new_name))


@dataclass(frozen=True, kw_only=True)
class Files:
    """Which package files: the named ones (none: all), of these what meets each condition."""

    packages: tuple[str, ...] = ()
    where: tuple[Where, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One file's old and new content."""

    path: Path
    before: bytes
    after: bytes


@dataclass(frozen=True, kw_only=True)
class EditPlan:
    """What an edit would do; files in ``problems`` cannot be edited, and are left out.

    ``unchanged`` counts selected files that are as the edit would have them; ``passed_over`` those
    that are not what ``where`` asks for.
    """

    edit: FieldEdit
    folder: Path
    changes: tuple[Change, ...]
    unchanged: int
    passed_over: int
    problems: tuple[FileProblem, ...]

    @property
    def total(self) -> int:
        """How many files were looked at."""
        broken = {problem.path for problem in self.problems}
        return len(self.changes) + self.unchanged + self.passed_over + len(broken)


def plan_edit(registry: Registry, edit: FieldEdit, files: Files) -> EditPlan:
    """Read the files, edit each in memory and check what came out; nothing is written.

    Raises UsageError for a field that nobody knows, RegistryError for an unknown package.
    """
    problems = [] if files.packages else list(registry.misnamed)
    packages: list[Package] = []
    present: set[str] = set()
    changes: list[Change] = []
    unchanged = passed_over = 0
    # One file after the other: nodes of thousands of files at once double the time.
    for name in files.packages or registry.names():
        try:
            document, package = read_document(registry.path(name))
            packages.append(package)
            present.update(entry.name for entry in document.entries)
            if not all(matches(package, where) for where in files.where):
                passed_over += 1
                continue
            after = edit_document(document, edit)
        except RegistryFileError as error:
            problems += error.problems
            continue
        if after is None:
            unchanged += 1
        else:
            changes.append(Change(path=document.path, before=document.data, after=after))
    check_fields(files.where, packages)
    _check_known(edit, present)
    return EditPlan(
        edit=edit,
        folder=registry.packages_dir,
        changes=tuple(changes),
        unchanged=unchanged,
        passed_over=passed_over,
        problems=tuple(problems),
    )


def apply_edit(plan: EditPlan) -> Iterator[Path]:
    """Write the planned files one after the other, each in one step; yields what is written.

    Whatever ends it midway, the same edit planned again has just the rest to do. Raises
    RegistryError for a file that changed since it was planned, and where the disk says no.
    """
    remove_leftovers(plan.folder)
    for done, change in enumerate(plan.changes):
        state = f"{done} of {len(plan.changes)} files are written"
        again = f"{state}; the same command does the rest"
        try:
            if change.path.read_bytes() != change.before:
                raise RegistryError(f"{change.path} was changed by someone else", hint=again)
            replace_file(change.path, change.after)
        except OSError as error:
            raise RegistryError(
                f"{change.path} cannot be written: {error.strerror}", hint=again
            ) from None
        yield change.path


def edit_document(document: Document, edit: FieldEdit) -> bytes | None:
    """The file after the edit, None where it is so already.

    Raises RegistryFileError where the edit cannot be made, or would change more than its field.
    """
    with document.problems():
        after = _edited(document, edit)
        if after is not None:
            _check(document, after, edit)
    return after


def _check_known(edit: FieldEdit, present: set[str]) -> None:
    """Refuse a name that is likely mistyped: no model and no file has it."""
    for name in (edit.after, None if edit.operation is Operation.ADD else edit.field):
        if name is None or name in KNOWN_FIELDS or name in present:
            continue
        hint = did_you_mean(name, present | set(KNOWN_FIELDS))
        gone = edit.operation in (Operation.REMOVE, Operation.RENAME) and name == edit.field
        if gone and (hint is None or edit.new_name in present):
            continue  # an edit that was made already is no mistake
        raise UsageError(
            f"no package file has a field {name!r}",
            hint=hint or "`labeille registry add-field` adds one",
        )


def _edited(document: Document, edit: FieldEdit) -> bytes | None:
    entry = document.entry(edit.field)
    if edit.operation is Operation.REMOVE:
        return None if entry is None else document.remove(entry)
    if edit.operation is Operation.RENAME:
        return _renamed(document, entry, str(edit.new_name))
    if entry is None:
        return document.add(f"{edit.field}: {edit.rendered}", _places(edit))
    if edit.operation is Operation.ADD or meaning(entry.value) == edit.meant:
        return None
    return document.replace(entry, edit.rendered)


def _renamed(document: Document, entry: Entry | None, name: str) -> bytes | None:
    if entry is None:
        return None
    other = document.entry(name)
    if other is not None:
        raise BadValue(f"{name} is there too, in line {line_of(other.key)}", entry.key)
    return document.rename(entry, name)


def _places(edit: FieldEdit) -> list[str]:
    """Fields that a new one is put below, the best place first."""
    asked = [edit.after] if edit.after else []
    if edit.field not in KNOWN_FIELDS:
        return asked
    return asked + list(reversed(KNOWN_FIELDS[: KNOWN_FIELDS.index(edit.field)]))


def _check(before: Document, data: bytes, edit: FieldEdit) -> None:
    """Compose what came out and compare it, field by field; raises for anything unforeseen."""
    after = Document(data, before.path)
    target = edit.new_name or edit.field
    expected: list[tuple[str, object]] = []
    for entry in before.entries:
        if entry.name != edit.field:
            expected.append((entry.name, meaning(entry.value)))
        elif edit.operation is Operation.RENAME:
            expected.append((target, meaning(entry.value)))
    found = [(entry.name, meaning(entry.value)) for entry in after.entries]
    if edit.operation in (Operation.ADD, Operation.SET):
        wanted = (target, edit.meant)
        if wanted in found:
            found.remove(wanted)
        else:
            found.append(("", None))  # is unlike anything expected
    if found != expected:
        place = next((e for e in before.entries if e.name == edit.field), before.entries[0])
        raise BadValue(f"the edit of {edit.field} would change more: do it by hand", place.key)
    take_package(after.root, data, before.path)
