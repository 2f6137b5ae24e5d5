"""Change one field in the text of a package file, and no byte of any other line.

A YAML library that writes a file anew folds long lines, and chooses quotes and indentation, in its
own way. So the text is cut and joined where the composed nodes say that a field stands; what comes
out is to be composed again and compared.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from yaml.nodes import CollectionNode, MappingNode, ScalarNode

from labeille.registry.nodes import BOOL, NULL, BadValue, compose_mapping, line_of, yaml_problems
from labeille.registry.read import read_bytes, take_package

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from yaml.nodes import Node

    from labeille.registry.model import Package

_BOM = b"\xef\xbb\xbf"
# What YAML 1.1 takes for a line's end.
_LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_TO_COLON = re.compile(r"\s*:")
_LEADING = re.compile(r"[ \t]*")
_BLOCK_HEADER = re.compile(r"(?:[&!]\S*\s+)*[|>](?P<how>[0-9+-]*)[ \t]*(?P<comment>#[^\n\r]*)?")
_BLANKS = " \t\r\n\x85\u2028\u2029"
_TRUE = ("true", "yes", "on")


@dataclass(frozen=True, slots=True)
class Entry:
    """One field as the file's own lines have it."""

    key: ScalarNode
    value: Node

    @property
    def name(self) -> str:
        return str(self.key.value)


class Document:
    """A package file's text with the places of its fields.

    Raises RegistryFileError for what is no mapping in valid YAML.
    """

    def __init__(self, data: bytes, path: Path) -> None:
        self.data = data
        self.path = path
        self._bom = _BOM if data.startswith(_BOM) else b""
        bare = data.removeprefix(_BOM)
        self.root: MappingNode = compose_mapping(bare, path)
        self._text = bare.decode()
        # taken down at once: merge keys are resolved in place by whoever reads the values
        self.entries = tuple(
            Entry(key, value) for key, value in self.root.value if isinstance(key, ScalarNode)
        )

    def problems(self) -> AbstractContextManager[None]:
        """Turns a BadValue into a RegistryFileError of this file."""
        return yaml_problems(self.data, self.path)

    def entry(self, name: str) -> Entry | None:
        """The field's entry, None if the file has none; raises BadValue where it has two."""
        found = [entry for entry in self.entries if entry.name == name]
        if len(found) > 1:
            first = line_of(found[0].key)
            raise BadValue(f"{name} stands here again, after line {first}", found[1].key)
        return found[0] if found else None

    def replace(self, entry: Entry, rendered: str) -> bytes:
        """The file with another value, which is on one line; its comment stays."""
        self._check_block(entry)
        text = self._text
        colon = self._colon(entry)
        start, end = entry.value.start_mark.index, self._end(entry.value)
        between = text[colon:start]
        header = _BLOCK_HEADER.match(text, start) if _is_block_scalar(entry.value) else None
        comment = header["comment"] if header else None
        if _LINE_END.search(between):
            comment = _LINE_END.split(between, maxsplit=1)[0].strip()
            between = ""
        comment = f" {comment}" if comment else ""
        return self._joined(text[:colon], between or " ", rendered, comment, text[end:])

    def add(self, line: str, after: Iterable[str]) -> bytes:
        """The file with one more line, below the first field of ``after`` that it has.

        Where it has none of them, the line comes below all fields.
        """
        before = next(
            (entry for name in after if (entry := self.entry(name)) is not None), self.entries[-1]
        )
        self._check_block(before)
        text = self._text
        at = self._line_end(self._end(before.value))
        first = self.entries[0].key.start_mark
        indent = _LEADING.match(text, first.index - first.column)
        line = (indent.group() if indent else "") + line
        newline = found.group() if (found := _LINE_END.search(text)) else "\n"
        if _LINE_END.fullmatch(text[at - 1 : at]):
            return self._joined(text[:at], line, newline, text[at:])
        return self._joined(text[:at], newline, line, text[at:])  # the last line had no end

    def remove(self, entry: Entry) -> bytes:
        """The file without the field's lines, and comments on them."""
        self._check_block(entry)
        mark = entry.key.start_mark
        end = self._line_end(self._end(entry.value))
        return self._joined(self._text[: mark.index - mark.column], self._text[end:])

    def rename(self, entry: Entry, name: str) -> bytes:
        """The file with another name for the field."""
        self._check_block(entry)
        key, text = entry.key, self._text
        return self._joined(text[: key.start_mark.index], name, text[key.end_mark.index :])

    def _joined(self, *parts: str) -> bytes:
        return self._bom + "".join(parts).encode()

    def _check_block(self, entry: Entry) -> None:
        if self.root.flow_style:
            raise BadValue("the file is written in { }: edit it by hand", entry.key)
        if entry.value.start_mark.index < entry.key.end_mark.index:
            raise BadValue(f"{entry.name} is an alias (*): edit it by hand", entry.key)

    def _colon(self, entry: Entry) -> int:
        """Where the text behind the key's colon begins."""
        match = _TO_COLON.match(self._text, entry.key.end_mark.index)
        if match is None:
            raise BadValue(f"{entry.name} has no colon behind it: edit it by hand", entry.key)
        return match.end()

    def _line_end(self, index: int) -> int:
        """Where the line that ``index`` is on has ended."""
        match = _LINE_END.search(self._text, index)
        return match.end() if match else len(self._text)

    def _end(self, node: Node) -> int:
        """Where a value's own text ends: blank lines and comments behind it are not part of it.

        PyYAML lets block scalars and block collections end where the next thing begins.
        """
        start, end = node.start_mark.index, int(node.end_mark.index)
        text = self._text[start:end]
        if _is_block_scalar(node):
            header = _BLOCK_HEADER.match(text)
            keeps_blanks = header is not None and "+" in header["how"]
            body = _without_last_end(text) if keeps_blanks else text.rstrip(_BLANKS)
            line_end = _LINE_END.search(text, len(body))
            return start + (line_end.start() if line_end else len(text))
        if isinstance(node, CollectionNode) and not node.flow_style and node.value:
            item = node.value[-1]
            last = item[1] if isinstance(item, tuple) else item
            if last.start_mark.index >= start:
                return self._end(last)
            return start + len(_without_comments(text))  # an alias, whose marks are elsewhere
        return end


def _is_block_scalar(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.style in ("|", ">")


def _without_last_end(text: str) -> str:
    """Text without its last line's end; the blank lines before it stay."""
    if text.endswith("\r\n"):
        return text[:-2]
    return text[:-1] if _LINE_END.fullmatch(text[-1:]) else text


def _without_comments(text: str) -> str:
    """Text without the blank lines and the lines of comments at its end."""
    while True:
        text = text.rstrip(_BLANKS)
        start = max(text.rfind("\n"), text.rfind("\r")) + 1
        if not start or not text[start:].lstrip().startswith("#"):
            return text
        text = text[:start]


def read_document(path: Path) -> tuple[Document, Package]:
    """A package file as text with places and as a typed value; raises RegistryFileError."""
    data = read_bytes(path)
    document = Document(data, path)
    return document, take_package(document.root, data, path)


def meaning(node: Node) -> object:
    """What a value says, however it is written: equal for equal values, marks and quotes aside."""
    return _meaning(node, frozenset())


def _meaning(node: Node, above: frozenset[int]) -> object:
    if isinstance(node, ScalarNode):
        if node.tag == NULL:
            return (NULL, None)
        if node.tag == BOOL:
            return (BOOL, node.value.lower() in _TRUE)
        return (node.tag, node.value)
    if id(node) in above:  # a value that holds itself
        return (node.tag, "…")
    above |= {id(node)}
    return (node.tag, tuple(_children(node, above)))


def _children(node: Node, above: frozenset[int]) -> Iterator[object]:
    for item in node.value:
        if isinstance(item, tuple):
            yield tuple(_meaning(part, above) for part in item)
        else:
            yield _meaning(item, above)
