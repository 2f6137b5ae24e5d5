"""Reads install commands: what they install, and what of a suite's needs they leave out."""

from __future__ import annotations

import posixpath
import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from labeille.projects.model import Asked, SetKind
from labeille.projects.requirements import Reader
from labeille.projects.suite_sets import applicable, expand
from labeille.projects.tree import Tree, joined

if TYPE_CHECKING:
    from labeille.projects.model import Project
    from labeille.projects.needs import DependencyReport, Need

_PYTEST = "pytest"
_PYTHON = re.compile(r"(?:.*/)?python[\d.]*")
_OPERATORS = frozenset("();<>|&\n")
#: Commands of tools that install the project itself with what their own groups hold.
_PROJECT_TOOLS = {("uv", "sync"), ("poetry", "install"), ("pdm", "install"), ("pdm", "sync")}


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """An install command beside a scan.

    ``installs`` are the normalised names that it asks for, the project's direct requirements among
    them; what these bring in turn is known only once they are installed. ``missing`` are needs that
    are sure to matter, ``missing_conditional`` those that may. ``unread`` was not understood.
    """

    command: str
    installs: tuple[str, ...]
    missing: tuple[Need, ...]
    missing_conditional: tuple[Need, ...]
    unread: tuple[str, ...]


def compare(
    project: Project, report: DependencyReport, command: str, python: tuple[int, int]
) -> Comparison:
    """Which of a scan's needs an install command does not name."""
    asked = read_install_command(project, command)
    requirements = [*expand(project, asked), *project.dependencies]
    installs: set[str] = {canonicalize_name(each.name) for each in applicable(requirements, python)}
    if any(name.startswith(f"{_PYTEST}-") for name in installs):
        installs.add(_PYTEST)  # no plugin comes without it
    missing = [need for need in report.installable if need.package not in installs]
    return Comparison(
        command=command,
        installs=tuple(sorted(installs)),
        missing=tuple(need for need in missing if not need.conditional),
        missing_conditional=tuple(need for need in missing if need.conditional),
        unread=asked.unread,
    )


def read_install_command(project: Project, command: str) -> Asked:
    """What a shell command asks pip, uv and the like to install; ``cd`` is followed."""
    tree = Tree(project.root)
    folder = "."
    asked = Asked()
    for words in simple_commands(command):
        if words[0] == "cd" and len(words) == 2:
            folder = joined(folder, words[1])
            continue
        arguments = _pip_arguments(words)
        if arguments is not None:
            asked += Reader(tree, folder).words(arguments).asked()
        elif tuple(words[:2]) in _PROJECT_TOOLS:
            asked += _project_tool(project, words)
        elif posixpath.basename(words[-2] if len(words) > 1 else "") == "setup.py":
            asked += Asked(project=True)
    return asked


def simple_commands(command: str) -> list[list[str]]:
    """The words of each command in a shell command, without its redirections' operators."""
    lexer = shlex.shlex(command.replace("\\\n", " "), posix=True, punctuation_chars="();<>|&\n")
    lexer.whitespace = " \t\r"
    lexer.commenters = ""
    lexer.whitespace_split = True
    commands: list[list[str]] = [[]]
    try:
        for word in lexer:
            if set(word) <= _OPERATORS:
                commands.append([])
            elif commands[-1] or not re.fullmatch(r"[A-Za-z_]\w*=.*", word):  # a variable's value
                commands[-1].append(word)
    except ValueError:  # a quotation that does not end
        commands.append(command.split())
    return [words for words in commands if words]


def _pip_arguments(words: list[str]) -> list[str] | None:
    """What stands behind ``pip install``, in whichever way pip or uv is called."""
    if _PYTHON.fullmatch(words[0]) and words[1:2] == ["-m"]:
        words = words[2:]
    if words[:2] == ["uv", "pip"] or words[:2] == ["uv", "run"]:
        words = words[1:]
    if words and re.fullmatch(r"(?:.*/)?pip[\d.]*", words[0]) and "install" in words[1:]:
        return words[words.index("install") + 1 :]
    if words[:2] in (["uv", "add"], ["poetry", "add"], ["pipenv", "install"], ["easy_install"]):
        return words[2:]
    return None


def _project_tool(project: Project, words: list[str]) -> Asked:
    """``uv sync``, ``poetry install``, ``pdm install``: the project with its development groups."""
    options = Reader(Tree(project.root)).words(
        word.replace("--only-group", "--group").replace("--with", "--group") for word in words[2:]
    )
    named = options.asked()
    extras = project.extras if "--all-extras" in words else named.extras
    tool_groups = project.named(SetKind.TOOL_GROUP)
    asked = Asked(project=True, extras=extras, groups=named.groups)
    if words[0] == "uv":
        groups = project.groups if "--all-groups" in words else ("dev",)
        return asked + Asked(groups=() if "--no-dev" in words else groups)
    for declared in tool_groups.values():
        asked += declared.asks
    return asked
