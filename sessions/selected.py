"""What nox's command line selects, read before nox does: it decides what gets registered.

nox's cost grows with the square of the registered sessions, so that a registry of 5,000 packages
times several families would take seconds at every start. Whatever this module is not sure about
comes out as "everything".
"""

from __future__ import annotations

import argparse
import ast
import os
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, kw_only=True)
class Selected:
    """``names`` and ``tags`` are None where the command line says nothing of them.

    ``listing``: sessions are only shown, to a person. ``everything``: all sessions may be needed.
    ``shard`` is the value of a ``--shard`` behind ``--``, where sessions are selected by tags.
    """

    names: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None
    listing: bool = False
    everything: bool = False
    shard: str | None = None


class SelectionError(Exception):
    """A combination of options that nox would quietly take for something else."""


class _Unsure(Exception):  # noqa: N818 - no fault, only a reason to register everything
    """The command line is one that this module does not understand."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _Unsure(message)


def read_selection(
    argv: Sequence[str] | None = None, environ: Mapping[str, str] | None = None
) -> Selected:
    """What nox's arguments and NOXSESSION ask for. Raises SelectionError, see there."""
    argv = sys.argv[1:] if argv is None else argv
    environ = os.environ if environ is None else environ
    own = list(argv[: argv.index("--")] if "--" in argv else argv)
    try:
        options = _parser().parse_args(own)
    except _Unsure:
        return Selected(everything=True)
    names = options.sessions
    if names is None and environ.get("NOXSESSION"):
        names = [name.strip() for name in environ["NOXSESSION"].split(",")]
    _check(options)
    if options.keywords is not None:
        return Selected(everything=True)
    machine_list = options.list_sessions and options.json and not (names or options.tags)
    return Selected(
        names=None if names is None or options.tags is not None else tuple(names),
        tags=None if options.tags is None else tuple(options.tags),
        listing=options.list_sessions and not options.json,
        everything=machine_list,
        shard=None if options.tags is None else posargs_value("--shard", argv),
    )


def posargs_value(option: str, argv: Sequence[str] | None = None) -> str | None:
    """The value of an option behind ``--``, the last one's; empty where the value is missing.

    Every other option is a session's business.
    """
    argv = sys.argv if argv is None else argv
    parser = _Parser(add_help=False, allow_abbrev=False)
    parser.add_argument(option, dest="value")
    try:
        found: str | None = parser.parse_known_args(list(_behind(argv)))[0].value
    except _Unsure:
        return ""
    return found


def _behind(argv: Sequence[str]) -> Sequence[str]:
    return argv[argv.index("--") + 1 :] if "--" in argv else ()


def _check(options: argparse.Namespace) -> None:
    if options.sessions is not None and options.tags is not None:
        raise SelectionError(
            "-s and -t do not go together: nox ignores -s then. Give one of them, or two commands"
        )
    if options.keywords is not None and _is_arithmetic(options.keywords):
        raise SelectionError(
            f"-k takes an expression, in which {options.keywords!r} is arithmetic. "
            f"For sessions by name say -s {options.keywords}"
        )


def _is_arithmetic(text: str) -> bool:
    try:
        expression = ast.parse(text, mode="eval").body
    except SyntaxError:
        # nox has its own words for that, but for a name such as run-async-timeout
        return re.fullmatch(r"[\w.]+(-[\w.]+)+", text) is not None
    return any(isinstance(node, ast.BinOp) for node in ast.walk(expression))


def _parser() -> argparse.ArgumentParser:
    """nox's options as far as they take values or matter here (nox 2026.10).

    Abbreviations are left to nox: an abbreviated option is one that this parser is unsure about.
    """
    parser = _Parser(add_help=False, allow_abbrev=False)
    parser.add_argument("-s", "-e", "--sessions", "--session", dest="sessions", nargs="*")
    parser.add_argument("-t", "--tags", dest="tags", nargs="*")
    parser.add_argument("-k", "--keywords", dest="keywords")
    parser.add_argument(
        "-l", "--list", "--list-sessions", dest="list_sessions", action="store_true"
    )
    parser.add_argument("--json", action="store_true")
    for flags in (
        ("-f", "--noxfile"),
        ("-j", "--parallel"),
        ("-db", "--default-venv-backend"),
        ("-fb", "--force-venv-backend"),
        ("--download-python",),
        ("--envdir",),
        ("--report",),
        ("--reuse-venv",),
        ("--script-mode",),
        ("--script-venv-backend",),
    ):
        parser.add_argument(*flags)
    for flags in (
        ("-r", "--reuse-existing-virtualenvs"),
        ("-N", "--no-reuse-existing-virtualenvs"),
        ("-R",),
        ("-x", "--stop-on-first-error"),
        ("--no-stop-on-first-error",),
        ("-v", "--verbose"),
        ("--no-verbose",),
        ("--non-interactive",),
        ("-ts", "--add-timestamp"),
        ("--nocolor", "--no-color"),
        ("--forcecolor", "--force-color"),
        ("--no-venv",),
        ("--no-install",),
        ("--install-only",),
        ("--no-dependencies",),
        ("--parallel-worker",),
        ("--allow-parallel",),
        ("--no-allow-parallel",),
        ("--error-on-missing-interpreters",),
        ("--no-error-on-missing-interpreters",),
        ("--error-on-external-run",),
        ("--no-error-on-external-run",),
    ):
        parser.add_argument(*flags, action="store_true")
    return parser
