"""``--where FIELD=VALUE``: conditions on the fields of package files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    import enum
    from collections.abc import Iterable

_SHAPE = re.compile(
    r"\s*(?P<field>[^\s=:!][^=:!]*?)\s*(?P<operator>!=|==?|:)\s*(?P<value>.*?)\s*", re.DOTALL
)
_BOOLEANS = {"true": True, "yes": True, "false": False, "no": False}
_NULLS = ("", "null", "~")
_ENUMS: dict[str, type[enum.StrEnum]] = {
    "extension_type": ExtensionType,
    "install_method": InstallMethod,
    "test_framework": TestFramework,
    "source": SourceKind,
}
_FLAGS = ("uses_xdist", "skip", "enriched")
_NUMBERS = ("timeout", "clone_depth")
_NEVER_NULL = ("package", "extension_type", "install_method", "test_framework", *_FLAGS)
_MAPPINGS = ("skip_versions", "env")

#: Every key of a package file that this version knows.
KNOWN_FIELDS = (
    "package",
    *(name for name in Package.__struct_fields__ if name not in ("name", "extra")),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Where:
    """One condition: ``field`` as it is spelled in package files, dots for entries of mappings."""

    field: str
    value: str
    negated: bool = False

    @property
    def is_known(self) -> bool:
        """Whether the field is one of KNOWN_FIELDS, so that no file has to be read to tell."""
        return _head(self.field) in KNOWN_FIELDS

    def __str__(self) -> str:
        return f"{self.field}{'!=' if self.negated else '='}{self.value}"


def parse_where(text: str) -> Where:
    """Read ``FIELD=VALUE``, ``FIELD:VALUE`` or ``FIELD!=VALUE``; raises UsageError.

    A value that the field can never have is an error too: it would silently select nothing.
    """
    match = _SHAPE.fullmatch(text)
    if match is None:
        raise UsageError(
            f"--where: {text!r} is no condition",
            hint="write FIELD=VALUE or FIELD!=VALUE, for example --where extension_type=pure",
        )
    field, value = match["field"], match["value"]
    return Where(field=field, value=_checked(field, value), negated=match["operator"] == "!=")


def _checked(field: str, value: str) -> str:
    if value in _NULLS and field not in _NEVER_NULL:
        return ""
    expected: str | None = None
    if field in _ENUMS:
        if field == "extension_type" and value in EXTENSION_SPELLINGS:
            return ExtensionType.EXTENSIONS.value
        members = [member.value for member in _ENUMS[field]]
        expected = None if value in members else f"one of {', '.join(members)}"
    elif field in _FLAGS:
        expected = None if value.lower() in _BOOLEANS else "true or false"
    elif field in _NUMBERS:
        expected = None if _number(value) is not None else "a number or null"
    elif field == "package":
        return parse_package_name(value)
    if expected is not None:
        raise UsageError(f"--where: {field} is {expected}, never {value!r}")
    return value


def check_fields(conditions: Iterable[Where], packages: Iterable[Package]) -> None:
    """Raise UsageError for a field that neither this version nor any of the packages knows."""
    unknown = [where for where in conditions if not where.is_known]
    if not unknown:
        return
    import difflib  # 10 ms that only this error needs

    extra = {key for package in packages for key in package.extra}
    for where in unknown:
        if where.field in extra or any(where.field.startswith(f"{key}.") for key in extra):
            continue
        fields = [*KNOWN_FIELDS, *sorted(extra)]
        close = difflib.get_close_matches(where.field, fields, n=3, cutoff=0.6)
        raise UsageError(
            f"--where: no package file has a field {where.field!r}",
            hint=f"did you mean {' or '.join(close)}?" if close else f"fields: {', '.join(fields)}",
        )


def matches(package: Package, where: Where) -> bool:
    """Whether a package meets a condition.

    A list or a mapping meets it by one of its items or keys; ``null`` and an empty value stand for
    whatever is null, empty or not there.
    """
    return _equals(_value(package, where.field), where.value) is not where.negated


def _value(package: Package, field: str) -> object:
    head = _head(field)
    if head == "package":
        return package.name
    if head in KNOWN_FIELDS:
        value: object = getattr(package, head)
        return value if field == head else _entry(value, field[len(head) + 1 :])
    return _entry(package.extra, field)


def _head(field: str) -> str:
    """The field itself, or for ``env.NAME`` and its like the mapping's name."""
    head, dot, _ = field.partition(".")
    return head if dot and head in _MAPPINGS else field


def _entry(value: object, path: str) -> object:
    """The entry of nested mappings that a dotted path names; keys may contain dots themselves."""
    if not isinstance(value, dict):
        return None
    if path in value:
        found: object = value[path]
        return found
    for dot in re.finditer(r"\.", path):
        inner = value.get(path[: dot.start()])
        found = _entry(inner, path[dot.end() :])
        if found is not None:
            return found
    return None


def _equals(value: object, wanted: str) -> bool:
    if wanted in _NULLS:
        return value is None or value == "" or value == () or value == {} or value == []
    if isinstance(value, bool):
        return _BOOLEANS.get(wanted.lower()) is value
    if isinstance(value, (int, float)):
        return _number(wanted) == value
    if isinstance(value, (list, tuple)):
        return any(_equals(item, wanted) for item in value)
    if isinstance(value, dict):
        return wanted in value
    return value == wanted


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
