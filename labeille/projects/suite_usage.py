"""What a test file takes from pytest's plugins: fixtures, markers, options, plugin modules."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from labeille.projects.static_values import Unknown, Values

if TYPE_CHECKING:
    from collections.abc import Mapping

_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, kw_only=True)
class SuiteUsage:
    """One file's use of pytest; the mappings go from a name to the first line that has it.

    ``defined_*`` are what the file brings itself.
    """

    fixtures: Mapping[str, int] = field(default_factory=dict)
    markers: Mapping[str, int] = field(default_factory=dict)
    plugins: Mapping[str, int] = field(default_factory=dict)
    defined_fixtures: frozenset[str] = frozenset()
    defined_markers: frozenset[str] = frozenset()
    defined_options: frozenset[str] = frozenset()  # of the command line and of the settings
    test_functions: bool = False  # outside of unittest's classes
    unittest_cases: bool = False


def find_usage(module: ast.Module) -> SuiteUsage:
    """Read a test file or conftest."""
    finder = _Finder()
    finder.visit(module)
    return SuiteUsage(
        fixtures=finder.fixtures,
        markers=finder.markers,
        plugins=_declared_plugins(module),
        defined_fixtures=frozenset(finder.defined_fixtures),
        defined_markers=frozenset(finder.defined_markers),
        defined_options=frozenset(finder.defined_options),
        test_functions=finder.test_functions,
        unittest_cases=finder.unittest_cases,
    )


class _Finder(ast.NodeVisitor):
    def __init__(self) -> None:
        self.fixtures: dict[str, int] = {}
        self.markers: dict[str, int] = {}
        self.defined_fixtures: set[str] = set()
        self.defined_markers: set[str] = set()
        self.defined_options: set[str] = set()
        self.test_functions = False
        self.unittest_cases = False
        self._given: list[set[str]] = [set()]  # arguments that decorators fill, by nesting
        self._in_unittest = False
        self._plain = True  # neither in a class that may be unittest's nor in a function

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        outer = self._in_unittest, self._plain
        if any(_dotted(base).endswith("TestCase") for base in node.bases):
            self.unittest_cases = self._in_unittest = True
        # a class without bases that pytest collects; what others inherit cannot be told
        self._plain = self._plain and node.name.startswith("Test") and not node.bases
        self._given.append(_given_arguments(node.decorator_list))
        self.generic_visit(node)
        self._given.pop()
        self._in_unittest, self._plain = outer

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._function(node)

    def visit_Call(self, node: ast.Call) -> None:
        words = [word for word in map(_text, node.args) if word is not None]
        called = _dotted(node.func).rpartition(".")[2]
        if called == "usefixtures" or called in ("getfixturevalue", "getfuncargvalue"):
            for word in words:
                self.fixtures.setdefault(word, node.lineno)
        elif called in ("addoption", "addini", "_addoption"):
            self.defined_options |= {word.lstrip("-").replace("_", "-") for word in words}
        elif called == "addinivalue_line" and words[:1] == ["markers"]:
            self.defined_markers |= {_marker_name(word) for word in words[1:]}
        elif called == "fixture" and (name := _keyword(node, "name")):
            self.defined_fixtures.add(name)
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        owner = _dotted(node.value)
        if owner in ("pytest.mark", "mark", "py.test.mark"):
            self.markers.setdefault(node.attr, node.lineno)
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        """``name = pytest.fixture(function)``, and names bound in conftest files by hand."""
        if isinstance(node.value, ast.Call) and _makes_fixtures(node.value):
            self.defined_fixtures |= {
                target.id for target in node.targets if isinstance(target, ast.Name)
            }
        self.generic_visit(node)

    def _function(self, node: _Function) -> None:
        is_fixture = any(map(_makes_fixtures, node.decorator_list))
        is_test = node.name.startswith("test")
        if is_fixture:
            self.defined_fixtures.add(node.name)
        if is_test and self._plain:
            self.test_functions = True
        if is_fixture or (is_test and not self._in_unittest):
            given = _given_arguments(node.decorator_list).union(*self._given)
            for name in _plain_arguments(node):
                if name not in given:
                    self.fixtures.setdefault(name, node.lineno)
        outer, self._plain = self._plain, False
        self.generic_visit(node)
        self._plain = outer


def _plain_arguments(node: _Function) -> list[str]:
    """Names of arguments without a default: those that pytest fills with fixtures."""
    positional = [*node.args.posonlyargs, *node.args.args]
    required = positional[: len(positional) - len(node.args.defaults)]
    required += [
        argument
        for argument, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
        if default is None
    ]
    return [argument.arg for argument in required if argument.arg not in ("self", "cls")]


def _given_arguments(decorators: list[ast.expr]) -> set[str]:
    """Arguments that parametrize, hypothesis' given and the like fill."""
    given: set[str] = set()
    for decorator in decorators:
        if not isinstance(decorator, ast.Call):
            continue
        called = _dotted(decorator.func).rpartition(".")[2]
        if called == "parametrize" and decorator.args:
            for node in ast.walk(decorator.args[0]):
                if (text := _text(node)) is not None:
                    given |= {name.strip() for name in text.split(",")}
        elif called in ("given", "example"):
            given |= {keyword.arg for keyword in decorator.keywords if keyword.arg}
    return given


def _declared_plugins(module: ast.Module) -> dict[str, int]:
    """``pytest_plugins``, a text or a list of texts, at the top of a file."""
    found: dict[str, int] = {}
    for node in module.body:
        match node:
            case ast.Assign(targets=[ast.Name(id="pytest_plugins")], value=value):
                pass
            case ast.AnnAssign(target=ast.Name(id="pytest_plugins"), value=ast.expr() as value):
                pass
            case _:
                continue
        try:
            names = Values(module).of(value)
        except Unknown:
            continue
        for name in names if isinstance(names, list) else [names]:
            if isinstance(name, str):
                for part in name.split(","):
                    found[part.strip()] = node.lineno
    return found


def _marker_name(line: str) -> str:
    return line.partition(":")[0].partition("(")[0].strip()


def _makes_fixtures(decorator: ast.expr) -> bool:
    """pytest.fixture and its like: yield_fixture, pytest_asyncio.fixture, with arguments or not."""
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return _dotted(called).lower().endswith("fixture")


def _dotted(node: ast.AST) -> str:
    match node:
        case ast.Name():
            return node.id
        case ast.Attribute():
            return f"{_dotted(node.value)}.{node.attr}"
    return ""


def _text(node: ast.AST) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _keyword(call: ast.Call, name: str) -> str | None:
    values = (keyword.value for keyword in call.keywords if keyword.arg == name)
    return next((text for value in values if (text := _text(value)) is not None), None)
