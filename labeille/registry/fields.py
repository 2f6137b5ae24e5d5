"""The fields of package files: their types, and values of them from and to text."""

from __future__ import annotations

import difflib
import enum
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec.inspect
import yaml

from labeille.errors import UsageError
from labeille.registry.model import Package
from labeille.registry.nodes import NULL, compose_value, pairs, plain
from labeille.registry.problems import RegistryFileError
from labeille.registry.read import parse_package
from labeille.registry.where import KNOWN_FIELDS

if TYPE_CHECKING:
    from collections.abc import Collection

    from yaml.nodes import Node

_NEW_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
#: What versions look like in python_versions and skip_versions: major.minor.
MINOR_VERSION = r"[0-9]+\.[0-9]+"
_VERSION_FIELDS = ("python_versions", "skip_versions")

_NULLS = ("null", "Null", "NULL", "~")
# What YAML 1.1 takes for a line's end.
_BREAK = re.compile("[\n\r\x85\u2028\u2029]")


class Kind(enum.StrEnum):
    """What a value is, in the words of ``--type``."""

    STR = "str"
    INT = "int"
    FLOAT = "float"
    BOOL = "bool"
    LIST = "list"
    DICT = "dict"


_EMPTY: dict[Kind, object] = {
    Kind.STR: "",
    Kind.INT: 0,
    Kind.FLOAT: 0.0,
    Kind.BOOL: False,
    Kind.LIST: [],
    Kind.DICT: {},
}
_WORDS = {
    Kind.STR: "text",
    Kind.INT: "a whole number",
    Kind.FLOAT: "a number",
    Kind.BOOL: "true or false",
    Kind.LIST: "a list, for example [a, b]",
    Kind.DICT: "a mapping, for example {a: b}",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldType:
    """``members`` are the words of a closed set; empty where any text goes."""

    kind: Kind
    nullable: bool = False
    members: tuple[str, ...] = ()

    def __str__(self) -> str:
        words = f"one of {', '.join(self.members)}" if self.members else _WORDS[self.kind]
        return f"{words}, or null" if self.nullable else words


@cache
def known_types() -> dict[str, FieldType]:
    """The types of KNOWN_FIELDS, as the model has them."""
    info = msgspec.inspect.type_info(Package)
    assert isinstance(info, msgspec.inspect.StructType)
    types = {field.name: _field_type(field.type) for field in info.fields if field.name != "extra"}
    return {"package": types.pop("name"), **types}


def _field_type(info: msgspec.inspect.Type) -> FieldType:
    inspect = msgspec.inspect
    parts = info.types if isinstance(info, inspect.UnionType) else (info,)
    nullable = any(isinstance(part, inspect.NoneType) for part in parts)
    (part,) = (part for part in parts if not isinstance(part, inspect.NoneType))
    if isinstance(part, inspect.EnumType):
        members = tuple(str(member.value) for member in part.cls)
        return FieldType(kind=Kind.STR, nullable=nullable, members=members)
    kinds: dict[type[msgspec.inspect.Type], Kind] = {
        inspect.StrType: Kind.STR,
        inspect.IntType: Kind.INT,
        inspect.FloatType: Kind.FLOAT,
        inspect.BoolType: Kind.BOOL,
        inspect.VarTupleType: Kind.LIST,
        inspect.DictType: Kind.DICT,
    }
    return FieldType(kind=kinds[type(part)], nullable=nullable)


def as_mapping(package: Package) -> dict[str, object]:
    """A package's fields, as they are called in its file: known ones first, then the others."""
    known = msgspec.to_builtins(package)
    extra = known.pop("extra")
    if package.timeout is not None and package.timeout.is_integer():
        known["timeout"] = int(package.timeout)  # as people write it
    return {"package": known.pop("name"), **known, **extra}


def did_you_mean(name: str, names: Collection[str]) -> str | None:
    """A hint that names what is spelled nearly like ``name``; None where nothing is."""
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.7)
    return f"did you mean {' or '.join(close)}?" if close else None


def check_new_name(name: str) -> str:
    """Return a name that a field may get; raises UsageError for others."""
    if not _NEW_NAME.fullmatch(name) or name.lower() in ("null", "true", "false", "yes", "no"):
        raise UsageError(
            f"{name!r} is no name for a field",
            hint="a letter, then letters, digits, '_' and '-', at most 64",
        )
    return name


def check_editable(name: str) -> None:
    """Raise UsageError for the one field that no edit may touch."""
    if name == "package":
        raise UsageError(
            "the field 'package' cannot be edited: it is the file's name",
            hint="rename the file and write the name by hand, then `registry rebuild-index`",
        )


def default_value(field: str, declared: Kind | None) -> object:
    """What a new field holds when nobody says: the model's default, or the type's empty value."""
    check_editable(field)
    if field in KNOWN_FIELDS:
        return as_mapping(Package(name="any"))[field]
    return _EMPTY[declared or Kind.STR]


def parse_value(field: str, text: str, declared: Kind | None = None) -> object:
    """The value that ``text`` means for ``field``; raises UsageError for one it cannot have.

    Text fields take ``text`` as it is, or what a whole quoted YAML scalar says, or null where they
    can be; other fields take a YAML scalar or flow collection. ``declared`` is the type of a field
    that the model does not know; without one, YAML says it.
    """
    check_editable(field)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UsageError(f"the value for {field} is no valid UTF-8") from None
    known = known_types().get(field)
    if known is None:
        expected = FieldType(kind=declared, nullable=True) if declared else None
        return _typed(field, text, expected)
    if declared not in (None, known.kind, Kind.INT if known.kind is Kind.FLOAT else None):
        raise UsageError(f"{field} is {known}, never --type {declared}", hint="leave --type out")
    value = _typed(field, text, known)
    if field in _VERSION_FIELDS and isinstance(value, (list, dict)):
        for version in value:
            if not re.fullmatch(MINOR_VERSION, str(version)):
                raise UsageError(f"{field}: {version!r} is no version like '3.15'")
    try:
        parse_package(f"package: any\n{field}: {render(value)}\n".encode(), Path("any.yaml"))
    except RegistryFileError as error:
        raise UsageError(error.problems[0].message) from None
    return value


def render(value: object) -> str:
    """A value as YAML on one line, quoted where YAML would take it for something else."""
    flow = isinstance(value, (list, tuple, dict))
    text: str = yaml.dump(
        value if flow else [value],
        Dumper=_Dumper,
        width=-1,
        allow_unicode=True,
        sort_keys=False,
        default_flow_style=flow,
    )
    return text.removeprefix("- ").rstrip("\n")


def _typed(field: str, text: str, expected: FieldType | None) -> object:
    if expected is not None and expected.kind is Kind.STR:
        return _text(field, text, expected)
    node = compose_value(text)
    if node is None:
        raise UsageError(
            f"{text!r} is no value for {field}: it is no valid YAML",
            hint=f"{field} is {expected}" if expected else "quote it, or say --type str",
        )
    value = plain(node)
    if expected is None:
        if isinstance(value, (int, float)) and render(value).lower() != text.strip().lower():
            raise UsageError(
                f"{text!r} for {field} may be a number or text",
                hint="say which: --type str, --type int or --type float",
            )
        return value
    if value is None and expected.nullable:
        return None
    if not _fits(value, expected.kind):
        raise UsageError(f"{field} is {expected}, never {text!r}")
    if field in known_types() and isinstance(node, yaml.SequenceNode):
        return [_as_written(item) for item in node.value if item.tag != NULL]
    if field in known_types() and isinstance(node, yaml.MappingNode):
        return {key: _as_written(item) for key, _, item in pairs(node)}
    return value


def _text(field: str, text: str, expected: FieldType) -> str | None:
    if text in _NULLS and expected.nullable:
        return None
    if text[:1] in ("'", '"'):
        node = compose_value(text)
        if isinstance(node, yaml.ScalarNode) and node.style == text[0]:
            text = str(node.value)
    if expected.members and text not in expected.members:
        hint = did_you_mean(text, expected.members)
        raise UsageError(f"{field} is {expected}, never {text!r}", hint=hint)
    return text


def _as_written(node: Node) -> object:
    """An item of a known list or mapping, all of which hold text: ``3.10`` is no number there."""
    if node.tag == NULL:
        return ""
    return node.value if isinstance(node, yaml.ScalarNode) else plain(node)


def _fits(value: object, kind: Kind) -> bool:
    wanted: dict[Kind, tuple[type, ...]] = {
        Kind.INT: (int,),
        Kind.FLOAT: (int, float),
        Kind.BOOL: (bool,),
        Kind.LIST: (list,),
        Kind.DICT: (dict,),
    }
    return isinstance(value, wanted[kind]) and (kind is Kind.BOOL) is isinstance(value, bool)


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Writes text with line ends in double quotes, on one line."""


def _represent_text(dumper: yaml.SafeDumper, text: str) -> Node:
    style = '"' if _BREAK.search(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _represent_text)
