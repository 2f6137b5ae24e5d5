"""Reads back what runs kept, also where a line is damaged or was written by the original."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from labeille.errors import ResultsError

if TYPE_CHECKING:
    from pathlib import Path

Line = TypeVar("Line", bound=msgspec.Struct)


@dataclass(frozen=True)
class Lines(Generic[Line]):
    """The readable lines of a JSON-lines file in their order; ``unreadable`` counts the others."""

    items: tuple[Line, ...] = ()
    unreadable: int = 0


def read_lines(path: Path, line_type: type[Line]) -> Lines[Line]:
    """Read every line of a file; empty where there is no file.

    A struct with few fields is read five times as fast as a whole record. A field with a value
    that makes no sense, or null where its struct has none, gets its default; a line without its
    required fields is unreadable. Raises ResultsError where the file cannot be read.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Lines()
    except OSError as error:
        raise ResultsError(f"{path} cannot be read: {error.strerror}") from None
    return parse_lines(content, line_type)


def parse_lines(content: bytes, line_type: type[Line]) -> Lines[Line]:
    """The same as ``read_lines``, of a file's content."""
    decoder = _decoder(line_type)
    try:
        items: list[Line] = decoder.decode_lines(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _parse_one_by_one(content, line_type)
    return Lines(tuple(items))


def _parse_one_by_one(content: bytes, line_type: type[Line]) -> Lines[Line]:
    decoder = _decoder(line_type)
    items: list[Line] = []
    unreadable = 0
    for line in content.splitlines():
        if not line.strip():
            continue
        try:
            items.append(decoder.decode(line))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            try:
                items.append(salvage(line, line_type))
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                unreadable += 1
    return Lines(tuple(items), unreadable)


def salvage(document: bytes, struct_type: type[Line], **defaults: object) -> Line:
    """A JSON object as a struct, without the fields whose values make no sense.

    ``defaults`` stand in for required fields. Raises MsgspecError for what is no object, and where
    a required field is missing.
    """
    raw = msgspec.json.decode(document)
    if not isinstance(raw, dict):
        raise msgspec.ValidationError("no JSON object")
    values: dict[str, Any] = dict(defaults)
    for field in msgspec.structs.fields(struct_type):
        value = raw.get(field.encode_name)
        if value is None:
            continue
        try:
            values[field.encode_name] = msgspec.to_builtins(
                msgspec.convert(value, field.type, strict=False)
            )
        except msgspec.ValidationError:
            continue
    return msgspec.convert(values, struct_type)


@functools.cache
def _decoder(line_type: type[Line]) -> msgspec.json.Decoder[Line]:
    return msgspec.json.Decoder(line_type)
