"""Reads a source tree's files: bounded, inside the tree, and a broken one is noted, not raised."""

from __future__ import annotations

import ast
import configparser
import posixpath
import warnings
from typing import TYPE_CHECKING, Any

import tomli

from labeille.projects.model import ProjectError

if TYPE_CHECKING:
    from pathlib import Path

#: Bytes; the longest configuration and test files of well-known projects have a tenth of it.
MAX_BYTES = 8 * 1024 * 1024

Table = dict[str, Any]


class Tree:
    """The files below ``root``, an absolute path. ``problems`` grows with what cannot be read.

    Paths are given and noted relative to the root, with ``/``.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        if not self.root.is_dir():
            raise ProjectError(
                f"{root} is no folder", hint="name the folder of a project's sources, unpacked"
            )
        self.problems: list[str] = []
        self._are_files: dict[str, bool] = {}

    def path(self, name: str) -> Path | None:
        """Where a file or folder of the tree lies; None for one outside, or with an odd name."""
        try:
            path = (self.root / name).resolve()
        except (OSError, ValueError, RuntimeError):  # a loop of links, a NUL in the name
            return None
        return path if path.is_relative_to(self.root) else None

    def name(self, path: Path) -> str:
        """A path below the root as it is noted."""
        return path.relative_to(self.root).as_posix()

    def is_file(self, name: str) -> bool:
        """Whether there is such a file; asked so often that the answers are kept."""
        known = self._are_files.get(name)
        if known is None:
            path = self.root / name
            known = self._are_files[name] = path.is_file() and self.path(name) is not None
        return known

    def text(self, name: str) -> str | None:
        """A file's text, UTF-8 or else Latin-1; None where there is no such file."""
        path = self.path(name)
        if path is None or not path.is_file():
            return None
        try:
            if path.stat().st_size > MAX_BYTES:
                self.problems.append(f"{name} is left out: it has more than {MAX_BYTES:,} bytes")
                return None
            data = path.read_bytes()
        except OSError as error:
            self.problems.append(f"{name} cannot be read: {error.strerror}")
            return None
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError:
            return data.decode("latin-1")

    def toml(self, name: str) -> Table:
        """A TOML file; empty where there is none or it is broken."""
        text = self.text(name)
        if text is None:
            return {}
        try:
            return tomli.loads(text)
        except (tomli.TOMLDecodeError, RecursionError) as error:
            self.problems.append(f"{name} is no TOML: {error}")
            return {}

    def ini(self, name: str, text: str | None = None) -> configparser.RawConfigParser:
        """An INI file, or ``text`` that stands in the file ``name``; empty where it is broken."""
        parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
        parser.optionxform = str  # type: ignore[assignment,method-assign]
        text = self.text(name) if text is None else text
        try:
            parser.read_string(text or "")
        except configparser.Error as error:
            self.problems.append(f"{name} is no INI file: {' '.join(str(error).split())}")
            return configparser.RawConfigParser()
        return parser

    def python(self, name: str) -> ast.Module | None:
        """A Python file's syntax tree; None where there is no file, or one of another Python."""
        text = self.text(name)
        if text is None:
            return None
        try:
            return parse_python(text)
        except SyntaxError as error:
            self.problems.append(f"{name} does not parse: {syntax_fault(error)}")
            return None


def parse_python(text: str) -> ast.Module:
    """Parse source code without its warnings; raises SyntaxError for whatever cannot be parsed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except (ValueError, RecursionError, MemoryError) as error:  # NUL bytes, deep nesting
            raise SyntaxError(str(error) or type(error).__name__) from None


def syntax_fault(error: SyntaxError) -> str:
    """What is wrong with a source file, and where."""
    return f"{error.msg} (line {error.lineno})" if error.lineno else str(error)


def joined(folder: str, name: str) -> str:
    """A path that is written in a file of ``folder``, as a path from the root."""
    return posixpath.normpath(posixpath.join(folder, name))


def table(value: object, *keys: str) -> Table:
    """A table of a parsed TOML file, found by its keys; empty where there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def strings(value: object) -> tuple[str, ...]:
    """The texts of a list, or one text alone; whatever else stands there is left out."""
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list | tuple):
        return tuple(item for item in value if isinstance(item, str))
    return ()
