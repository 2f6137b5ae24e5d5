"""pytest's configuration of a source tree, from the file that pytest itself would take."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement

from labeille.projects.model import PytestSettings
from labeille.projects.tree import strings, table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from labeille.projects.tree import Table, Tree

Options = dict[str, "str | tuple[str, ...]"]

#: INI options that are lists of lines; pytest's other lists are of words.
_LINES = frozenset({"markers", "filterwarnings", "required_plugins"})


def read_pytest_settings(tree: Tree, pyproject: Table) -> PytestSettings | None:
    """The settings of the first file that has some; None where no file has.

    The order is pytest 9's: pytest.toml, pytest.ini, pyproject.toml, tox.ini, setup.cfg; the first
    two count even when they are empty
    (https://docs.pytest.org/en/stable/reference/customize.html).
    """
    for name in ("pytest.toml", ".pytest.toml"):
        if tree.is_file(name):
            return _settings(tree, name, _from_toml(table(tree.toml(name), "pytest")))
    for name in ("pytest.ini", ".pytest.ini"):
        if tree.is_file(name):
            return _settings(tree, name, _from_ini(tree, name, "pytest"))
    tool = table(pyproject, "tool", "pytest")
    for options in ({k: v for k, v in tool.items() if k != "ini_options"}, tool.get("ini_options")):
        if options:
            return _settings(tree, "pyproject.toml", _from_toml(table(options)))
    for name, section in (("tox.ini", "pytest"), ("setup.cfg", "tool:pytest")):
        if tree.ini(name).has_section(section):
            return _settings(tree, name, _from_ini(tree, name, section))
    return None


def split_addopts(value: str | tuple[str, ...]) -> tuple[str, ...]:
    """Words of addopts, as pytest splits them."""
    if isinstance(value, tuple):
        return value
    try:
        return tuple(shlex.split(value))
    except ValueError:
        return tuple(value.split())


def option_values(words: Iterable[str], *names: str) -> list[str]:
    """The values that options have in a command line: ``-p x``, ``-px`` and ``--name=x``."""
    found = []
    rest = iter(words)
    for word in rest:
        for name in names:
            if word == name:
                found.append(next(rest, ""))
            elif name.startswith("--") and word.startswith(f"{name}="):
                found.append(word.partition("=")[2])
            elif not name.startswith("--") and word.startswith(name):
                found.append(word[len(name) :])
    return [value for value in found if value]


def _from_toml(options: Table) -> Options:
    found: Options = {}
    for name, value in options.items():
        found[name] = strings(value) if isinstance(value, list) else str(value)
    return found


def _from_ini(tree: Tree, name: str, section: str) -> Options:
    parser = tree.ini(name)
    if not parser.has_section(section):
        return {}
    return {key: value or "" for key, value in parser.items(section)}


def _settings(tree: Tree, place: str, options: Options) -> PytestSettings:
    addopts = split_addopts(options.get("addopts", ""))
    plugins = option_values(addopts, "-p")
    return PytestSettings(
        place=place,
        addopts=addopts,
        testpaths=_list(options, "testpaths"),
        python_files=_list(options, "python_files") or PytestSettings.python_files,
        pythonpath=_list(options, "pythonpath"),
        markers=tuple(
            re.split(r"[:(\s]", text, maxsplit=1)[0] for text in _list(options, "markers")
        ),
        filterwarnings=_list(options, "filterwarnings"),
        required_plugins=_required(tree, place, options),
        plugins=tuple(name for name in plugins if not name.startswith("no:")),
        minversion=_text(options, "minversion"),
        strict_markers=_flag(addopts, options, "strict_markers"),
        strict_config=_flag(addopts, options, "strict_config"),
        options=options,
    )


def _list(options: Options, name: str) -> tuple[str, ...]:
    value = options.get(name, ())
    if isinstance(value, tuple):
        return value
    parts = value.splitlines() if name in _LINES else value.split()
    stripped = (part.strip() for part in parts)
    return tuple(part for part in stripped if part and not part.startswith("#"))


def _text(options: Options, name: str) -> str | None:
    value = options.get(name)
    return value.strip() or None if isinstance(value, str) else None


def _flag(addopts: tuple[str, ...], options: Options, name: str) -> bool:
    """Strictness, by its own option or by ``strict`` (pytest 9) for all of it."""
    if f"--{name.replace('_', '-')}" in addopts or ("--strict" in addopts and "markers" in name):
        return True
    value = options.get(name, options.get("strict", ""))
    return isinstance(value, str) and value.strip().lower() in ("true", "1", "yes", "on")


def _required(tree: Tree, place: str, options: Options) -> tuple[Requirement, ...]:
    """required_plugins: words in which a version may stand apart ("pytest-x >= 1")."""
    found = []
    for line in _list(options, "required_plugins"):
        text = re.sub(r"\s*([<>=!~]=?=?)\s*", r"\1", line)
        for word in text.split():
            try:
                found.append(Requirement(word))
            except InvalidRequirement:
                tree.problems.append(f"{place}: required_plugins has {word!r}, no requirement")
    return tuple(found)
