"""The shell commands in package files: their words, and options that spoil a trial."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# The pieces of a shell command: quoted text, redirections (whose "&" separates nothing), what ends
# a simple command (a comment does too), blanks, and words.
_SHELL_PIECE = re.compile(
    r"""
    (?P<quoted>'[^']*'? | "(?:\\.|[^"\\])*"? | \\.)
    | (?P<redirection>\d*(?:>>|>\||[<>]&|&>>|&>|<<<|<|>))
    | (?P<end>&&|\|\||[|;&()\n] | (?<!\S)\#[^\n]*)
    | (?P<blank>[^\S\n]+)
    | (?P<word>[^\s'"\\<>|;&()]+)
    """,
    re.VERBOSE | re.DOTALL,
)

#: What runs tests, as a program or as a module.
RUNNER = re.compile(r"(?:.*/)?(?:pytest|py\.test|unittest)")

_QUOTED = re.compile(
    r"""'(?P<single>[^']*)'|"(?P<double>(?:\\.|[^"\\])*)"|\\(?P<escaped>.)""", re.S
)
_ADDOPTS = ("PYTEST_ADDOPTS=", "addopts=", "--override-ini=addopts=")

# pytest's one-letter options that take a value, in the same word or in the next one.
_PYTEST_VALUED = "kmnpcorW"
_UNITTEST_VALUED = "ktsp"
_NO_LIMIT = ("0", "no")  # --maxfail=0 never stops; -n 0 and -n no start no workers


@dataclass(frozen=True)
class SimpleCommand:
    """One simple command of a shell command: its words as they are written, with their quotes.

    ``starts`` are the offsets at which the words begin, ``end`` is where the last one ends.
    """

    words: tuple[str, ...]
    starts: tuple[int, ...]
    end: int


def simple_commands(command: str) -> list[SimpleCommand]:
    """The simple commands of a shell command."""
    commands: list[SimpleCommand] = []
    words: list[str] = []
    starts: list[int] = []
    end = at = 0
    blank = True
    while at < len(command):
        piece = _SHELL_PIECE.match(command, at)
        text = piece.group() if piece else command[at]
        kind = piece.lastgroup if piece else "word"
        at += len(text)
        if kind == "end":
            if words:
                commands.append(SimpleCommand(tuple(words), tuple(starts), end))
            words, starts, blank = [], [], True
            continue
        if kind == "blank":
            blank = True
            continue
        if blank or not words:
            words.append(text)
            starts.append(at - len(text))
        else:
            words[-1] += text
        blank, end = False, at
    if words:
        commands.append(SimpleCommand(tuple(words), tuple(starts), end))
    return commands


def runs_tests(words: Sequence[str]) -> bool:
    """Whether a simple command starts pytest or unittest, rather than installs it."""
    return "install" not in words and any(RUNNER.fullmatch(word) for word in words)


def early_stop(command: str) -> str | None:
    """The option by which a test command ends at the first failures, None if it has none.

    ``-x`` and its like hide every test behind the first failure.
    """
    for name, value, runner in _test_options(command):
        if runner == "unittest":
            if name in ("-f", "--failfast"):
                return name
        elif name in ("-x", "--exitfirst", "--stepwise", "--sw"):
            return name
        elif name == "--maxfail" and value not in _NO_LIMIT:
            return f"--maxfail={value}"
    return None


def worker_option(command: str) -> str | None:
    """The option by which a test command spreads its tests over processes (pytest-xdist)."""
    for name, value, runner in _test_options(command):
        if runner == "unittest":
            continue
        if name in ("-n", "--numprocesses") and value not in _NO_LIMIT:
            return f"{name} {value}"
        if (name == "--dist" and value != "no") or name == "--tx":
            return f"{name} {value}"
    return None


def may_load_xdist(command: str) -> bool:
    """Whether a test command runs pytest, and does not keep pytest-xdist from being loaded."""
    runs = [simple.words for simple in simple_commands(command) if runs_tests(simple.words)]
    if all(any(word.endswith("unittest") for word in words) for words in runs):
        return False
    return ("-p", "no:xdist") not in ((name, value) for name, value, _ in _test_options(command))


def _test_options(command: str) -> Iterator[tuple[str, str, str]]:
    """Each option of each test runner in the command: its name, its value, and the runner's."""
    for simple in simple_commands(command):
        plain = [unquoted(word) for word in simple.words]
        for word in plain:
            if word.startswith(_ADDOPTS[0]):
                yield from _options(word.removeprefix(_ADDOPTS[0]).split(), "pytest")
        if not runs_tests(plain):
            continue
        at = next(i for i, word in enumerate(plain) if RUNNER.fullmatch(word))
        runner = "unittest" if plain[at].endswith("unittest") else "pytest"
        yield from _options(plain[at + 1 :], runner)


def _options(words: Sequence[str], runner: str) -> Iterator[tuple[str, str, str]]:
    valued = _UNITTEST_VALUED if runner == "unittest" else _PYTEST_VALUED
    rest = iter(words)
    for word in rest:
        if word == "--":
            return
        if word.startswith("--"):
            name, equals, value = word.partition("=")
            if name in ("--maxfail", "--numprocesses", "--dist", "--tx") and not equals:
                value = next(rest, "")
            if word.startswith(_ADDOPTS[2]):
                yield from _options(word.removeprefix(_ADDOPTS[2]).split(), runner)
            yield name, value, runner
        elif word.startswith("-"):
            for at, letter in enumerate(word[1:], start=2):
                if letter not in valued:
                    yield f"-{letter}", "", runner
                    continue
                value = word[at:] or next(rest, "")
                if letter == "o" and value.startswith(_ADDOPTS[1]):
                    yield from _options(value.removeprefix(_ADDOPTS[1]).split(), runner)
                yield f"-{letter}", value, runner
                break


def unquoted(word: str) -> str:
    """A word as the shell passes it on, without its quotes; nothing is expanded."""

    def inner(match: re.Match[str]) -> str:
        if match["double"] is not None:
            return re.sub(r"\\(.)", r"\1", match["double"])
        return match["single"] if match["single"] is not None else match["escaped"]

    return _QUOTED.sub(inner, word)
