"""nox's sessions: what they install and run, read from the noxfile without running it."""

from __future__ import annotations

import ast
import shlex
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from labeille.projects.model import Asked, RequirementSet, SetKind
from labeille.projects.requirements import Reader
from labeille.projects.static_values import Unknown, Values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labeille.projects.tree import Tree

NOXFILE = "noxfile.py"
_INSTALLS = frozenset({"install", "run_install"})
_RUNS = frozenset({"run", "run_always"})
_DEEPEST = 4  # helper functions that call each other


def nox_sessions(tree: Tree) -> list[RequirementSet]:
    """Each session with what it installs, also through functions that it hands the session to."""
    module = tree.python(NOXFILE)
    if module is None:
        return []
    functions = {node.name: node for node in ast.walk(module) if isinstance(node, ast.FunctionDef)}
    values = Values(module)
    found = []
    for function in functions.values():
        if (name := _session_name(function, values)) is not None:
            reading = _Session(tree, values, functions)
            reading.take(function)
            found.append(
                RequirementSet(
                    kind=SetKind.NOX,
                    name=name,
                    place=NOXFILE,
                    asks=reading.asked,
                    commands=tuple(reading.commands),
                )
            )
    return found


def _session_name(function: ast.FunctionDef, values: Values) -> str | None:
    """A session's name; None for a function that is none."""
    for decorator in function.decorator_list:
        call = decorator if isinstance(decorator, ast.Call) else None
        what = call.func if call else decorator
        if (isinstance(what, ast.Attribute) and what.attr == "session") or (
            isinstance(what, ast.Name) and what.id == "session"
        ):
            named = values.keywords(call).get("name") if call else None
            return named if isinstance(named, str) else function.name
    return None


class _Session:
    """What a function does with its session."""

    def __init__(self, tree: Tree, values: Values, functions: dict[str, ast.FunctionDef]) -> None:
        self._tree = tree
        self._values = values
        self._functions = functions
        self._entered: set[str] = set()
        self.asked = Asked()
        self.commands: list[str] = []

    def take(self, function: ast.FunctionDef, depth: int = 0) -> None:
        if function.name in self._entered or depth > _DEEPEST or not function.args.args:
            return
        self._entered.add(function.name)
        session = function.args.args[0].arg
        for node in ast.walk(function):
            if isinstance(node, ast.Call):
                self._call(node, session, depth)

    def _call(self, call: ast.Call, session: str, depth: int) -> None:
        match call.func:
            case ast.Attribute(value=ast.Name(id=name), attr=method) if name == session:
                if method in _INSTALLS:
                    self._install(self._words(call.args))
                elif method in _RUNS:
                    self._run(self._words(call.args))
            case ast.Name(id=name) if name in self._functions and any(
                isinstance(argument, ast.Name) and argument.id == session
                for argument in call.args[:1]
            ):
                self.take(self._functions[name], depth + 1)

    def _install(self, words: list[str]) -> None:
        while words and words[0] in ("uv", "pip", "python", "-m", "install", "sync"):
            words = words[1:]
        self.asked += Reader(self._tree).words(words).asked()

    def _run(self, words: list[str]) -> None:
        if "pip" in words[:4] and "install" in words:
            self._install(words[words.index("install") + 1 :])
        elif words:
            self.commands.append(shlex.join(words))

    def _words(self, arguments: list[ast.expr]) -> list[str]:
        return [word for argument in arguments for word in self._argument(argument)]

    def _argument(self, node: ast.expr) -> Iterator[str]:
        """The words of one argument; dependency groups come as ``--group NAME``."""
        if isinstance(node, ast.Starred):
            node = node.value
        match node:
            case ast.Call(func=ast.Attribute(attr="dependency_groups"), args=[_, *names]):
                for group in self._words(names):
                    yield from ("--group", canonicalize_name(group))
                return
        try:
            value = self._values.of(node)
        except Unknown:
            return
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, str):
                yield item
