"""Values of a module's names, as far as they can be told without running it."""

from __future__ import annotations

import ast
from typing import Any


class Unknown(Exception):  # noqa: N818 - no fault
    """A value that only running the code would tell."""


class Values:
    """The names of a module after its top-level statements; both arms of an ``if`` are taken."""

    def __init__(self, module: ast.Module) -> None:
        self._names: dict[str, Any] = {}
        self._take(module.body)

    def of(self, node: ast.expr) -> Any:
        """The value of an expression; unknown parts of lists and mappings are left out.

        Raises Unknown.
        """
        match node:
            case ast.Constant():
                return node.value
            case ast.List() | ast.Tuple() | ast.Set():
                return self._items(node.elts)
            case ast.Dict():
                return self._mapping(node)
            case ast.Name() if node.id in self._names:
                return self._names[node.id]
            case ast.BinOp(op=ast.Add()):
                return self._sum(node)
            case ast.Subscript():
                return self._subscript(node)
            case ast.Call(func=ast.Name(id="dict")):
                return self._keywords(node.keywords)
            case ast.Call(func=ast.Name(id="list" | "tuple" | "sorted" | "set"), args=[argument]):
                value = self.of(argument)
                return list(value) if isinstance(value, list | dict) else [value]
        raise Unknown

    def keywords(self, call: ast.Call) -> dict[str, Any]:
        """The keyword arguments of a call that can be told, ``**mapping`` among them."""
        return self._keywords(call.keywords)

    def _take(self, body: list[ast.stmt]) -> None:
        for statement in body:
            match statement:
                case ast.Assign(targets=[target], value=value):
                    self._assign(target, value)
                case ast.AnnAssign(target=target, value=ast.expr() as value):
                    self._assign(target, value)
                case ast.AugAssign(op=ast.Add(), target=ast.Name() as target, value=value):
                    self._assign(target, ast.BinOp(left=target, op=ast.Add(), right=value))
                case ast.Expr(value=ast.Call() as call):
                    self._call(call)
                case ast.If() | ast.Try():
                    self._take([*statement.body, *statement.orelse])
                case ast.With():
                    self._take(statement.body)

    def _assign(self, target: ast.expr, node: ast.expr) -> None:
        try:
            value = self.of(node)
            if isinstance(target, ast.Name):
                self._names[target.id] = value
            elif isinstance(target, ast.Subscript):
                holder = self.of(target.value)
                if isinstance(holder, dict):
                    holder[str(self.of(target.slice))] = value
        except Unknown:
            if isinstance(target, ast.Name):
                self._names.pop(target.id, None)

    def _call(self, call: ast.Call) -> None:
        """``names.append("x")``, ``names.extend([...])``, ``mapping.update({...})``."""
        if not isinstance(call.func, ast.Attribute) or len(call.args) != 1:
            return
        try:
            holder, value = self.of(call.func.value), self.of(call.args[0])
        except Unknown:
            return
        if isinstance(holder, list) and call.func.attr == "append":
            holder.append(value)
        elif isinstance(holder, list) and call.func.attr == "extend" and isinstance(value, list):
            holder.extend(value)
        elif isinstance(holder, dict) and call.func.attr == "update" and isinstance(value, dict):
            holder.update(value)

    def _items(self, nodes: list[ast.expr]) -> list[Any]:
        items: list[Any] = []
        for node in nodes:
            try:
                if isinstance(node, ast.Starred):
                    items.extend(self.of(node.value))
                else:
                    items.append(self.of(node))
            except (Unknown, TypeError):
                continue
        return items

    def _mapping(self, node: ast.Dict) -> dict[Any, Any]:
        mapping: dict[Any, Any] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            try:
                if key is None:
                    mapping |= self.of(value)
                else:
                    mapping[self.of(key)] = self.of(value)
            except (Unknown, TypeError):
                continue
        return mapping

    def _keywords(self, keywords: list[ast.keyword]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for keyword in keywords:
            try:
                value = self.of(keyword.value)
            except Unknown:
                continue
            if keyword.arg is not None:
                values[keyword.arg] = value
            elif isinstance(value, dict):
                values |= {str(name): item for name, item in value.items()}
        return values

    def _sum(self, node: ast.BinOp) -> Any:
        """Lists and texts; of two lists one of which is unknown, the other."""
        sides = []
        for side in (node.left, node.right):
            try:
                sides.append(self.of(side))
            except Unknown:
                continue
        if len(sides) == 1 and isinstance(sides[0], list):
            return sides[0]
        if len(sides) == 2:
            for kind in (list, str):
                if all(isinstance(side, kind) for side in sides):
                    return sides[0] + sides[1]
        raise Unknown

    def _subscript(self, node: ast.Subscript) -> Any:
        try:
            return self.of(node.value)[self.of(node.slice)]
        except (TypeError, KeyError, IndexError):
            raise Unknown from None
