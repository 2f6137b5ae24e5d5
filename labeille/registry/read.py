"""One package file: from its bytes to a typed Package, or to every problem with file and line."""

from __future__ import annotations

import enum
import math
import re
from typing import TYPE_CHECKING, Any, TypeVar

from yaml.nodes import MappingNode, ScalarNode, SequenceNode

from labeille.errors import UsageError
from labeille.names import parse_package_name
from labeille.registry.model import (
    EXTENSION_SPELLINGS,
    ExtensionType,
    InstallMethod,
    Package,
    SourceKind,
    TestFramework,
)
from labeille.registry.nodes import (
    NULL,
    BadValue,
    compose_mapping,
    line_of,
    pairs,
    plain,
    scalar,
    yaml_problems,
)
from labeille.registry.problems import FileProblem, RegistryFileError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from yaml.nodes import Node

_E = TypeVar("_E", bound=enum.StrEnum)

_IMPORT_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


def read_package(path: Path) -> Package:
    """Read one package file; raises RegistryFileError with file and line."""
    return parse_package(read_bytes(path), path)


def read_bytes(path: Path) -> bytes:
    """A file's bytes; raises RegistryFileError."""
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise RegistryFileError((FileProblem(path, None, reason),)) from None


def parse_package(data: bytes, path: Path) -> Package:
    """Turn a package file's bytes into a Package; raises RegistryFileError with every problem.

    ``path`` names the file in problems, and its stem is what the ``package`` field must say.
    """
    return take_package(compose_mapping(data, path), data, path)


def take_package(root: MappingNode, data: bytes, path: Path) -> Package:
    """Turn the composed ``data`` into a Package, as ``parse_package`` does."""
    values: dict[str, Any] = {}
    extra: dict[str, object] = {}
    problems: list[FileProblem] = []
    named = False
    with yaml_problems(data, path):
        for key, key_node, node in pairs(root):
            convert = _FIELDS.get(key)
            try:
                if key == "package":
                    named = True
                    values["name"] = _name(node, path.stem)
                elif convert is None:
                    extra[key] = plain(node)
                elif node.tag == NULL:
                    values.pop(key, None)  # null means the default, as if the key were missing
                else:
                    values[key] = convert(node)
            except BadValue as error:
                line = line_of(error.node) if error.node is not node else line_of(key_node)
                problems.append(FileProblem(path, line, f"{key}: {error}"))
    if not named:
        problems.append(FileProblem(path, line_of(root), "the key 'package' is missing"))
    if problems:
        raise RegistryFileError(tuple(problems))
    return Package(**values, extra=extra)


def _name(node: Node, stem: str) -> str:
    try:
        name = parse_package_name(_text(node))
    except UsageError as error:
        raise BadValue(str(error), node) from None
    try:
        file_name = parse_package_name(stem)
    except UsageError:
        raise BadValue(f"the file's own name, {stem!r}, is not a package name", node) from None
    if name != file_name:
        raise BadValue(f"{node.value!r} is not the name of the file, {stem!r}", node)
    return name


def _text(node: Node) -> str:
    """Text, or a number or date as it is written."""
    if not isinstance(node, ScalarNode):
        raise BadValue(f"expected text, not {_kind(node)}", node)
    value = str(node.value)
    if "\0" in value:  # no command, path or environment variable can hold one
        raise BadValue("text must not contain a NUL character", node)
    return value


def _optional_text(node: Node) -> str | None:
    return _text(node).strip() or None


def _texts(node: Node) -> tuple[str, ...]:
    if not isinstance(node, SequenceNode):
        raise BadValue(f"expected a list, not {_kind(node)}", node)
    return tuple(_text(item) for item in node.value if item.tag != NULL)


def _text_map(node: Node) -> dict[str, str]:
    if not isinstance(node, MappingNode):
        raise BadValue(f"expected a mapping, not {_kind(node)}", node)
    return {key: "" if value.tag == NULL else _entry(key, value) for key, _, value in pairs(node)}


def _entry(key: str, node: Node) -> str:
    try:
        return _text(node)
    except BadValue as error:
        raise BadValue(f"{key}: {error}", node) from None


def _env(node: Node) -> dict[str, str]:
    env = _text_map(node)
    for name in env:
        if not name or "=" in name or "\0" in name:
            raise BadValue(f"{name!r} is not the name of an environment variable", node)
    return env


def _flag(node: Node) -> bool:
    value = scalar(node) if isinstance(node, ScalarNode) else None
    if isinstance(value, bool):
        return value
    raise BadValue(f"expected true or false, not {_kind(node)}", node)


def _seconds(node: Node) -> float:
    value = scalar(node) if isinstance(node, ScalarNode) else None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if value > 0 and math.isfinite(value):
            return float(value)
        raise BadValue(f"expected more than 0 seconds, not {node.value}", node)
    raise BadValue(f"expected a number of seconds, not {_kind(node)}", node)


def _count(node: Node) -> int:
    value = scalar(node) if isinstance(node, ScalarNode) else None
    if isinstance(value, int) and not isinstance(value, bool):
        if value >= 1:
            return value
        raise BadValue(f"expected a whole number from 1, not {node.value}", node)
    raise BadValue(f"expected a whole number, not {_kind(node)}", node)


def _repo(node: Node) -> str | None:
    repo = _optional_text(node)
    if repo is None:
        return None
    if repo.startswith("-"):
        raise BadValue(f"{repo!r} starts with '-': git would take it for an option", node)
    if not repo.isprintable():
        raise BadValue(f"{repo!r} contains a control character", node)
    return repo


def _import_name(node: Node) -> str | None:
    name = _optional_text(node)
    if name is not None and not _IMPORT_NAME.fullmatch(name):
        raise BadValue(f"{name!r} is not a module's dotted name", node)
    return name


def _extension_type(node: Node) -> ExtensionType:
    text = _text(node)
    if text in EXTENSION_SPELLINGS:
        return ExtensionType.EXTENSIONS
    return _member(ExtensionType, node) if text else ExtensionType.UNKNOWN


def _install_method(node: Node) -> InstallMethod:
    return _member(InstallMethod, node) if _text(node) else InstallMethod.PIP


def _test_framework(node: Node) -> TestFramework:
    # Real files say django, nose, stestr, none, …: the test command says how, the word is custom.
    text = _text(node)
    if not text:
        return TestFramework.PYTEST
    try:
        return TestFramework(text)
    except ValueError:
        return TestFramework.CUSTOM


def _source(node: Node) -> SourceKind | None:
    return _member(SourceKind, node) if _text(node) else None


def _member(kind: type[_E], node: Node) -> _E:
    text = _text(node)
    try:
        return kind(text)
    except ValueError:
        allowed = ", ".join(member.value for member in kind)
        raise BadValue(f"{node.value!r} is none of {allowed}", node) from None


_FIELDS: dict[str, Callable[[Node], object]] = {
    "repo": _repo,
    "pypi_url": _text,
    "extension_type": _extension_type,
    "python_versions": _texts,
    "install_method": _install_method,
    "install_command": _text,
    "test_command": _text,
    "test_framework": _test_framework,
    "uses_xdist": _flag,
    "timeout": _seconds,
    "skip": _flag,
    "skip_reason": _optional_text,
    "skip_versions": _text_map,
    "notes": _text,
    "enriched": _flag,
    "clone_depth": _count,
    "import_name": _import_name,
    "source": _source,
    "env": _env,
}


def _kind(node: Node) -> str:
    """What a node is, in the words of an error message."""
    if isinstance(node, MappingNode):
        return "a mapping"
    if isinstance(node, SequenceNode):
        return "a list"
    return repr(node.value)
