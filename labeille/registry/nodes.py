"""YAML as nodes that know their lines: the way from a registry's file to typed values.

Values are taken from nodes, not from PyYAML's own constructor: a node keeps the text as it was
written (an unquoted ``3.10`` is not the number 3.1) and its line, and saves a third of the time.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import yaml
from yaml.constructor import SafeConstructor

from labeille.registry.problems import FileProblem, RegistryFileError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from yaml.nodes import MappingNode, Node

NULL = "tag:yaml.org,2002:null"
BOOL = "tag:yaml.org,2002:bool"
INT = "tag:yaml.org,2002:int"
FLOAT = "tag:yaml.org,2002:float"
_MERGE = "tag:yaml.org,2002:merge"

# PyYAML's composer over libyaml recurses in C and overflows the stack somewhere above 20,000
# levels, which ends the process; the pure-Python one raises RecursionError.
_MAX_DEPTH = 2_000

_LOADER: type[yaml.SafeLoader | yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

#: Deeper values than this are taken for a mistake; a value that holds itself is one.
MAX_VALUE_DEPTH = 32

_INT64 = range(-(2**63), 2**63)

# Its construct_object remembers every node; these methods of it keep nothing.
_CONSTRUCTOR = SafeConstructor()
_SCALARS: dict[str, Callable[[Any], bool | int | float]] = {
    BOOL: _CONSTRUCTOR.construct_yaml_bool,
    INT: _CONSTRUCTOR.construct_yaml_int,
    FLOAT: _CONSTRUCTOR.construct_yaml_float,
}


class BadValue(ValueError):  # noqa: N818 - always turned into a RegistryFileError
    """A node that is not what its place wants; ``node`` names the line."""

    def __init__(self, message: str, node: Node) -> None:
        super().__init__(message)
        self.node = node


def line_of(node: Node) -> int:
    """The line a node begins at, from 1."""
    return int(node.start_mark.line) + 1


@contextmanager
def yaml_problems(data: bytes, path: Path) -> Iterator[None]:
    """Turn what PyYAML raises over ``data`` into a RegistryFileError that names file and line."""
    try:
        yield
    except yaml.MarkedYAMLError as error:
        # what is never closed is only missed at the end: where it opens says more
        lines = data.count(b"\n") + (not data.endswith(b"\n"))
        marks = [mark for mark in (error.problem_mark, error.context_mark) if mark is not None]
        inside = [mark.line + 1 for mark in marks if mark.line < lines]
        line = inside[0] if inside else max(lines, 1)
        message = f"no valid YAML: {error.problem or error.context}"
    except yaml.reader.ReaderError as error:
        line = data.count(b"\n", 0, error.position) + 1
        message = f"no valid YAML: {error.reason}"
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"no valid UTF-8: byte 0x{data[error.start]:02x}"
    except RecursionError:
        line, message = 1, "nested too deeply"
    except BadValue as error:
        line, message = line_of(error.node), str(error)
    else:
        return
    raise RegistryFileError((FileProblem(path, line, message),)) from None


def compose_mapping(data: bytes, path: Path) -> MappingNode:
    """The file's one document, which is to be a mapping; raises RegistryFileError otherwise."""
    with yaml_problems(data, path):
        node = _compose(data)
    if isinstance(node, yaml.MappingNode):
        return node
    line = line_of(node) if node is not None else 1
    message = "no mapping of keys to values" if node is not None else "the file is empty"
    raise RegistryFileError((FileProblem(path, line, message),))


def compose_value(text: str) -> Node | None:
    """The value that a text is in YAML; None where it is none, or nested too deeply."""
    try:
        node = _compose(text.encode())
        if node is not None:
            plain(node)
    except (yaml.YAMLError, BadValue, RecursionError):
        return None
    return node


def _compose(data: bytes) -> Node | None:
    data.decode("utf-8")  # positions in PyYAML's own errors count characters or bytes
    if _deepest(data) > _MAX_DEPTH:
        raise RecursionError
    loader = _LOADER(data)
    try:
        node: Node | None = loader.get_single_node()
    finally:
        loader.dispose()
    return node


def _deepest(data: bytes) -> int:
    """About how deep brackets and ``- - -`` nest; 0 where there are too few to matter."""
    if sum(map(data.count, (b"[", b"{", b"- ", b"? "))) <= _MAX_DEPTH:
        return 0
    steps = (1 if bracket in b"[{" else -1 for bracket in re.findall(rb"[\[\]{}]", data))
    dashes = (len(run) // 2 for run in re.findall(rb"(?:[-?] )+", data))
    return max(*accumulate(steps, initial=0), *dashes, 0)


def pairs(node: MappingNode) -> Iterator[tuple[str, Node, Node]]:
    """Key text, key and value of each entry, merge keys (``<<``) resolved; BadValue on odd keys."""
    if any(key.tag == _MERGE for key, _ in node.value):
        _CONSTRUCTOR.flatten_mapping(node)
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise BadValue("a key that is no text", key)
        yield key.value, key, value


def scalar(node: Node) -> bool | int | float | str | None:
    """A scalar as YAML means it; dates, and numbers that no 64 bits hold, stay text."""
    text = str(node.value)
    if node.tag == NULL:
        return None
    construct = _SCALARS.get(node.tag)
    if construct is None:
        return text
    try:
        value = construct(node)
    except (ValueError, LookupError):  # "!!bool x", "!!int ''"
        return text
    if isinstance(value, int) and value not in _INT64:
        return text
    return value


def plain(node: Node, depth: int = 0) -> object:
    """A value of an unknown key as dicts with text keys, lists and scalars."""
    if depth > MAX_VALUE_DEPTH:
        raise BadValue("nested too deeply", node)
    if isinstance(node, yaml.MappingNode):
        return {key: plain(value, depth + 1) for key, _, value in pairs(node)}
    if isinstance(node, yaml.SequenceNode):
        return [plain(item, depth + 1) for item in node.value]
    return scalar(node)
