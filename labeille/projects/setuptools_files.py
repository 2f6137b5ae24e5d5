"""What setup.cfg and setup.py declare; setup.py is read, never run."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from labeille.projects.groups import read_list
from labeille.projects.model import Asked, RequirementSet, SetKind
from labeille.projects.static_values import Values
from labeille.projects.tree import strings

if TYPE_CHECKING:
    from labeille.projects.tree import Table, Tree

SETUP_CFG = "setup.cfg"
SETUP_PY = "setup.py"


@dataclass(frozen=True, kw_only=True)
class SetupFile:
    """One of the two files. ``arguments`` are those of ``setup()`` as far as they can be told.

    ``names`` are the names and attributes that setup.py mentions.
    """

    place: str
    arguments: Table = field(default_factory=dict)
    names: frozenset[str] = frozenset()

    def dependencies(self, tree: Tree) -> Asked | None:
        """None where it says nothing of them."""
        required = self.arguments.get("install_requires")
        return None if required is None else read_list(tree, _lines(required))

    def sets(self, tree: Tree) -> list[RequirementSet]:
        found = []
        extras = self.arguments.get("extras_require")
        if isinstance(extras, dict):
            for name, items in extras.items():
                name, _, marker = str(name).partition(":")
                lines = [f"{line}; {marker}" if marker else line for line in _lines(items)]
                if name:
                    found.append(self._set(SetKind.EXTRA, name, read_list(tree, lines)))
        required = self.arguments.get("tests_require")
        if required:
            asks = read_list(tree, _lines(required))
            found.append(self._set(SetKind.TESTS_REQUIRE, "tests", asks))
        return found

    def _set(self, kind: SetKind, name: str, asks: Asked) -> RequirementSet:
        return RequirementSet(kind=kind, name=canonicalize_name(name), place=self.place, asks=asks)


def read_setup_cfg(tree: Tree) -> SetupFile:
    """setup.cfg's declarative metadata, by the names of setup()'s arguments."""
    parser = tree.ini(SETUP_CFG)
    arguments: Table = {}
    for section in ("metadata", "options"):
        if parser.has_section(section):
            arguments |= {key.replace("-", "_"): value for key, value in parser.items(section)}
    if parser.has_section("options.extras_require"):
        arguments["extras_require"] = {
            key: value or "" for key, value in parser.items("options.extras_require")
        }
    if parser.has_section("options.packages.find"):
        arguments["where"] = parser.get("options.packages.find", "where", fallback=None)
    if parser.has_section("pbr"):
        arguments["pbr"] = True
    return SetupFile(place=SETUP_CFG, arguments=arguments)


def read_setup_py(tree: Tree) -> SetupFile:
    """The arguments of the call of setup() in setup.py, wherever in the file it stands."""
    module = tree.python(SETUP_PY)
    if module is None:
        return SetupFile(place=SETUP_PY)
    values = Values(module)
    arguments: Table = {}
    names: set[str] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and _is_setup(node.func):
            arguments |= values.keywords(node)
            names |= {keyword.arg for keyword in node.keywords if keyword.arg}
        elif isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.Attribute):
            names.add(node.attr)
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return SetupFile(place=SETUP_PY, arguments=arguments, names=frozenset(names))


def _is_setup(function: ast.expr) -> bool:
    return (isinstance(function, ast.Name) and function.id == "setup") or (
        isinstance(function, ast.Attribute) and function.attr == "setup"
    )


def _lines(value: object) -> list[str]:
    """setuptools takes a list, or text with a requirement a line (";" ended one long ago)."""
    if isinstance(value, str):
        return [line.partition("#")[0].strip() for line in value.splitlines() if line.strip()]
    return list(strings(value))
