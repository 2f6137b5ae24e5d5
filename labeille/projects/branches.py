"""Which branch of an ``if`` a CPython on Linux takes, as far as its test says."""

from __future__ import annotations

import ast
import operator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_OPERATORS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
}

#: Names by which packages call such tests (six, attrs, jinja2 and many others).
_FLAGS = {
    "PY2": False,
    "PY3": True,
    "PY3K": True,
    "PYPY": False,
    "IS_PYPY": False,
    "CPYTHON": True,
    "IS_CPYTHON": True,
    "WIN": False,
    "WIN32": False,
    "WINDOWS": False,
    "IS_WINDOWS": False,
    "ON_WINDOWS": False,
    "MACOS": False,
    "IS_MACOS": False,
    "LINUX": True,
    "IS_LINUX": True,
    "IS_PYODIDE": False,
}

_VALUES = {
    "sys.platform": "linux",
    "os.name": "posix",
    "platform.system()": "Linux",
    "platform.python_implementation()": "CPython",
    "sys.implementation.name": "cpython",
}


class _Undecided(Exception):  # noqa: N818 - no fault
    """Only the run will tell."""


def branch_taken(test: ast.expr, python: tuple[int, int]) -> bool | None:
    """Whether a test holds for a CPython of this version on Linux; None where it cannot be told."""
    try:
        return bool(_value(test, python))
    except (_Undecided, TypeError, IndexError):
        return None


def _value(node: ast.expr, python: tuple[int, int]) -> Any:
    match node:
        case ast.Constant():
            return node.value
        case ast.Tuple() | ast.List():
            return tuple(_value(item, python) for item in node.elts)
        case ast.UnaryOp(op=ast.Not()):
            return not _value(node.operand, python)
        case ast.BoolOp():
            return _logic(node, python)
        case ast.Compare(left=left, ops=[compare], comparators=[right]):
            return _compare(_value(left, python), type(compare), _value(right, python))
        case ast.Call(func=ast.Attribute(value=inner, attr="startswith"), args=[prefix]):
            return str(_value(inner, python)).startswith(_value(prefix, python))
        case ast.Subscript(value=inner, slice=ast.Slice() as part):
            bounds = (
                None if bound is None else _value(bound, python)
                for bound in (part.lower, part.upper)
            )
            return _value(inner, python)[slice(*bounds)]
        case ast.Subscript(value=inner, slice=index):
            return _value(inner, python)[_value(index, python)]
        case ast.Name() | ast.Attribute() | ast.Call():
            return _named(node, python)
    raise _Undecided


def _named(node: ast.expr, python: tuple[int, int]) -> Any:
    text = ast.unparse(node)
    if text == "sys.version_info" or text == "version_info":
        return (*python, 0, "final", 0)
    if text.endswith("version_info.major"):
        return python[0]
    if text.endswith("version_info.minor"):
        return python[1]
    if text in _VALUES:
        return _VALUES[text]
    flag = text.rpartition(".")[2].lstrip("_").upper()
    if flag in _FLAGS:
        return _FLAGS[flag]
    raise _Undecided


def _logic(node: ast.BoolOp, python: tuple[int, int]) -> bool:
    """``and`` and ``or``: one operand may decide, whatever the others are."""
    decides = isinstance(node.op, ast.Or)
    undecided = False
    for operand in node.values:
        taken = branch_taken(operand, python)
        if taken is decides:
            return decides
        undecided = undecided or taken is None
    if undecided:
        raise _Undecided
    return not decides


def _compare(left: Any, kind: type[ast.cmpop], right: Any) -> bool:
    if kind not in _OPERATORS:
        raise _Undecided
    return bool(_OPERATORS[kind](left, right))
