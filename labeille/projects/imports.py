"""What a Python file imports, and under which conditions."""

from __future__ import annotations

import ast
import enum
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from labeille.projects.branches import branch_taken

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Condition(enum.StrEnum):
    """Why an import may not happen, or do no harm when it fails. The text is for people."""

    TRY = "in a try that survives its absence"
    SKIP = "importorskip"
    BRANCH = "under an if"
    LAZY = "in a function, of something optional"
    EXTRA = "a part that the package calls optional"
    SPARE = "with another one in its place"
    LEFT = "in a function, and not among what the project tests with"
    FALLBACK = "in place of another that is missing"
    TYPING = "for type checkers alone"
    MAIN = "when the file is run as a script"
    UNREACHED = "in a file that no test imports"

    @property
    def may_run(self) -> bool:
        """Whether having the package can make more of the suite run."""
        return self not in _IDLE


@dataclass(frozen=True, kw_only=True)
class Import:
    """One imported module. ``names`` are what is taken from it, modules maybe.

    ``level`` counts the dots of a relative import. ``fallback_for`` are the modules that a FALLBACK
    stands in for, ``instead`` those that stand in for a TRY. ``in_function``: it happens when a
    function is called, not with the file.
    """

    module: str
    names: tuple[str, ...] = ()
    level: int = 0
    line: int = 0
    condition: Condition | None = None
    fallback_for: tuple[str, ...] = ()
    instead: tuple[str, ...] = ()
    in_function: bool = False

    def __str__(self) -> str:
        module = "." * self.level + self.module
        return f"from {module} import {', '.join(self.names)}" if self.names else f"import {module}"


def find_imports(text: str, module: ast.Module, python: tuple[int, int]) -> list[Import]:
    """Every import of a file, in the order of its lines, those of other Pythons left out.

    ``module`` is the tree of ``text``.
    ``python`` is the version of CPython, on Linux, that branches are decided for. What a file can
    do without where it is loaded, its functions can do without, too; and where importorskip may
    skip all of it, nothing after that is sure.
    """
    calls = any(name in text for name in _IMPORTING_CALLS)  # to look for them doubles the time
    found = list(_Finder(python, calls=calls).block(module.body, None))
    optional = {_top(each) for each in found if each.condition in (Condition.TRY, Condition.SKIP)}
    whole = (each.line for each in found if each.condition is Condition.SKIP)
    skipped = min((each for each in whole if _is_at_top(module, each)), default=sys.maxsize)

    def condition(each: Import) -> Condition | None:
        if each.condition is not None or each.level:
            return each.condition
        if each.line > skipped:
            return Condition.SKIP
        return Condition.LAZY if each.in_function and _top(each) in optional else None

    return [replace(each, condition=condition(each)) for each in found]


_IDLE = frozenset(
    {
        Condition.SPARE,
        Condition.LEFT,
        Condition.FALLBACK,
        Condition.TYPING,
        Condition.MAIN,
        Condition.UNREACHED,
    }
)
_IMPORT_ERRORS = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})
_IMPORTING_CALLS = ("importorskip", "import_module", "__import__")
_SKIPS = frozenset({"skip", "SkipTest", "Skipped", "exit", "_exit", "importorskip"})


class _Finder:
    def __init__(self, python: tuple[int, int], *, calls: bool) -> None:
        self._python = python
        self._look_for_calls = calls

    def block(self, body: Sequence[ast.stmt], condition: Condition | None) -> Iterator[Import]:
        for statement in body:
            yield from self._statement(statement, condition)

    def _statement(self, node: ast.stmt, condition: Condition | None) -> Iterator[Import]:
        match node:
            case ast.Import():
                for alias in node.names:
                    yield Import(module=alias.name, line=node.lineno, condition=condition)
            case ast.ImportFrom():
                yield Import(
                    module=node.module or "",
                    names=tuple(alias.name for alias in node.names),
                    level=node.level,
                    line=node.lineno,
                    condition=condition,
                )
            case ast.If():
                yield from self._if(node, condition)
            case ast.Try() | ast.TryStar():
                yield from self._try(node, condition)
            case ast.With() | ast.AsyncWith():
                yield from self._with(node, condition)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                for found in self._others(node, condition):
                    yield replace(found, in_function=True)
            case _:
                yield from self._others(node, condition)

    def _others(self, node: ast.stmt, condition: Condition | None) -> Iterator[Import]:
        """Whatever has statements or calls in it: functions, classes, loops, expressions."""
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.stmt):
                yield from self._statement(child, condition)
            elif isinstance(child, ast.match_case):
                yield from self.block(child.body, condition or Condition.BRANCH)
            elif isinstance(child, ast.expr):
                yield from self._calls(child, condition)
            elif isinstance(child, ast.arguments):
                for default in (*child.defaults, *filter(None, child.kw_defaults)):
                    yield from self._calls(default, condition)

    def _calls(self, expression: ast.expr, condition: Condition | None) -> Iterator[Import]:
        """importorskip("x"), import_module("x") and __import__("x")."""
        if not self._look_for_calls:
            return
        for node in ast.walk(expression):
            match node:
                case ast.Call(func=function, args=[ast.Constant(value=str(name)), *_]):
                    called = _last_name(function)
                    if called not in _IMPORTING_CALLS:
                        continue
                    how = Condition.SKIP if called == "importorskip" else condition
                    if name and all(part.isidentifier() for part in name.split(".")):
                        yield Import(module=name, line=node.lineno, condition=how)

    def _if(self, node: ast.If, condition: Condition | None) -> Iterator[Import]:
        yield from self._calls(node.test, condition)
        if _is_main(node.test):
            yield from self.block(node.body, condition or Condition.MAIN)
            yield from self.block(node.orelse, condition)
            return
        if _is_type_checking(node.test):
            yield from self.block(node.body, Condition.TYPING)
            yield from self.block(node.orelse, condition)
            return
        taken = branch_taken(node.test, self._python)
        unsure = condition or Condition.BRANCH
        if taken is not False:
            yield from self.block(node.body, condition if taken else unsure)
        if taken is not True:
            yield from self.block(node.orelse, unsure if taken is None else condition)

    def _try(self, node: ast.Try | ast.TryStar, condition: Condition | None) -> Iterator[Import]:
        guards = [handler for handler in node.handlers if _catches_import_errors(handler)]
        survives = any(not _gives_up(handler) for handler in guards)
        first = condition or (Condition.TRY if survives else None)
        tried = list(self.block(node.body, first))
        spares = [each for guard in guards for each in self.block(guard.body, None)]
        instead = tuple(each.module for each in spares if each.module and not each.level)
        yield from (replace(each, instead=instead) for each in tried)
        stands_for = tuple(each.module for each in tried if not each.level and each.module)
        for handler in node.handlers:
            is_fallback = handler in guards and stands_for
            for found in self.block(handler.body, condition):
                if not is_fallback:
                    yield found
                elif found.condition in (None, Condition.FALLBACK):
                    yield replace(found, condition=Condition.FALLBACK, fallback_for=stands_for)
                else:
                    yield replace(found, fallback_for=stands_for)
        yield from self.block(node.orelse, first)
        yield from self.block(node.finalbody, condition)

    def _with(
        self, node: ast.With | ast.AsyncWith, condition: Condition | None
    ) -> Iterator[Import]:
        for item in node.items:
            yield from self._calls(item.context_expr, condition)
            if not isinstance(item.context_expr, ast.Call):
                continue
            names = {_last_name(argument) for argument in item.context_expr.args}
            called = _last_name(item.context_expr.func)
            if called in ("raises", "assertRaises", "assertRaisesRegex", "RaisesGroup"):
                return  # the import is there to fail
            if called == "suppress" and names & _IMPORT_ERRORS:
                condition = condition or Condition.TRY
        yield from self.block(node.body, condition)


def _top(found: Import) -> str:
    return "." * found.level + found.module.partition(".")[0]


def _is_at_top(module: ast.Module, line: int) -> bool:
    """Whether a line belongs to a plain statement of the file itself."""
    return any(
        node.lineno <= line <= (node.end_lineno or line)
        for node in module.body
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.Expr)
    )


def _last_name(node: ast.expr) -> str:
    """The last part of a dotted name, of an exception type or of what is called."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _is_main(test: ast.expr) -> bool:
    return any(isinstance(node, ast.Name) and node.id == "__name__" for node in ast.walk(test))


def _is_type_checking(test: ast.expr) -> bool:
    return _last_name(test) in ("TYPE_CHECKING", "MYPY", "MYPY_CHECK_RUNNING", "typecheck_mode")


def _catches_import_errors(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(_last_name(node) in _IMPORT_ERRORS for node in types)


def _gives_up(handler: ast.ExceptHandler) -> bool:
    """Whether a handler only raises on; skipping the tests is no such thing."""
    if any(
        isinstance(node, ast.Call | ast.Name | ast.Attribute)
        and _last_name(node.func if isinstance(node, ast.Call) else node) in _SKIPS
        for node in ast.walk(handler)
    ):
        return False
    return isinstance(handler.body[-1], ast.Raise)
