"""Package files that nobody has described yet: written whole, or filled in where they are empty."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from labeille.registry.edit import FieldEdit, Operation, edit_document
from labeille.registry.fields import as_mapping, render
from labeille.registry.model import ExtensionType, Package
from labeille.registry.read import parse_package
from labeille.registry.splice import Document

if TYPE_CHECKING:
    from pathlib import Path

#: What is found out by itself, in the order of the format.
FOUND_FIELDS = ("repo", "pypi_url", "extension_type", "notes")


def format_package(package: Package) -> bytes:
    """A package as a file: every field of docs/registry-format.md in its order, then the others."""
    defaults = _default_lines()
    lines = []
    for field, value in as_mapping(package).items():
        default = defaults.get(field)
        if default is not None and value == default[0]:
            lines.append(default[1])
        else:
            # keys of others may need quotes; known ones never do
            key = field if field in defaults else render(field)
            lines.append(f"{key}: {render(value)}\n")
    return "".join(lines).encode()


def create_file(path: Path, data: bytes) -> None:
    """Write a new file and make the folder; raises FileExistsError, and OSError for the disk's.

    Much quicker than to replace a file in one step, and it never overwrites one: a reader who comes
    at this very moment finds nothing.
    """
    try:
        file = path.open("xb", buffering=0)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("xb", buffering=0)
    try:
        with file:
            file.write(data)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def is_complete(package: Package) -> bool:
    """Whether nothing is left to be found out by itself."""
    return package.repo is not None and package.extension_type is not ExtensionType.UNKNOWN


def fill(data: bytes, path: Path, found: Package) -> tuple[bytes, tuple[str, ...]]:
    """The file at ``path`` with what was found where it is empty, and the fields that were filled.

    ``data`` is its content, in which no other line changes. Notes explain the repository, and come
    with it alone. An enriched file stays as it is. Raises RegistryFileError for a file that cannot
    be read or edited.
    """
    package = parse_package(data, path)
    if package.enriched:
        return data, ()
    before, values = as_mapping(package), as_mapping(found)
    defaults = _default_lines()
    filled: list[str] = []
    for field in FOUND_FIELDS:
        empty = before[field] == defaults[field][0]
        if not empty or values[field] == before[field]:
            continue
        if field == "notes" and "repo" not in filled:
            continue
        edit = FieldEdit(operation=Operation.SET, field=field, value=values[field])
        data = edit_document(Document(data, path), edit) or data
        filled.append(field)
    return data, tuple(filled)


@cache
def _default_lines() -> dict[str, tuple[object, str]]:
    """Each field's default and its line, since rendering twenty takes longer than all the rest."""
    defaults = as_mapping(Package(name="any"))
    return {field: (value, f"{field}: {render(value)}\n") for field, value in defaults.items()}
