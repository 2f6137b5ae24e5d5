"""A package's test command, narrowed to some of its tests."""

from __future__ import annotations

import os
import re
import shlex
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from labeille.registry.commands import RUNNER, SimpleCommand, runs_tests, simple_commands, unquoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from labeille.suites.model import Invocation

# pytest's options that take a value in the next word (pytest 9.2, pytest-cov, pytest-timeout,
# pytest-xdist, hypothesis). Behind any other long option, a word that looks like a path is one.
_VALUED_LETTERS = "kmnpcorW"
_VALUED_OPTIONS = (
    "--assert --basetemp --capture --code-highlight --color --confcutdir --config-file "
    "--cov-config --cov-report --deselect --dist --durations --durations-min --hypothesis-profile "
    "--hypothesis-seed --ignore --ignore-glob --import-mode --junit-prefix --junit-xml --junitxml "
    "--log-cli-level --log-file --log-file-level --log-level --maxfail --max-worker-restart "
    "--numprocesses --override-ini --pastebin --pdbcls --pythonwarnings --rootdir --rsyncdir "
    "--show-capture --tb --timeout --timeout-method --tx --verbosity"
)
_VALUED = frozenset(_VALUED_OPTIONS.split())
_REDIRECTION = re.compile(r"\d*(?:>>|[<>]|&>)")


def narrow_command(
    command: str, tests: Sequence[str], invocation: Invocation | None = None
) -> str | None:
    """``command`` with exactly ``tests`` in place of the paths that it names, in their order.

    ``tests`` are ids as the per-test log and records have them, or files; ``invocation`` is where
    pytest ran when they were read, None where nothing is known: ids then are taken to start from
    where it is called. Of several commands that run tests the last is narrowed and the others left
    out; what surrounds them (``cd``, ``export``) stays, a selection by ``-k`` or ``-m`` too.

    None for a command in which no pytest or unittest is seen.
    """
    runners = [simple for simple in simple_commands(command) if runs_tests(simple.words)]
    if not runners or not tests:
        return None
    last = runners[-1]
    at = max(i for i, word in enumerate(last.words) if RUNNER.fullmatch(word))
    if last.words[at].endswith("unittest"):
        # -k finds tests by their full names, those of named modules and discovered ones alike.
        patterns = " ".join(f"-k {shlex.quote(test)}" for test in tests)
        text = f"{command[last.starts[0] : last.end]} {patterns}"
    else:
        text = _narrow_pytest(last, at, tests, invocation)
    for simple in reversed(runners):
        new = text if simple is last else "true"
        command = command[: simple.starts[0]] + new + command[simple.end :]
    return command


def _narrow_pytest(
    simple: SimpleCommand, at: int, tests: Sequence[str], invocation: Invocation | None
) -> str:
    kept = [*simple.words[: at + 1], *_options(simple.words[at + 1 :], invocation)]
    plain = [unquoted(word) for word in kept]
    rooted = any(word.split("=")[0] == "--rootdir" for word in plain)
    if invocation is not None and not (invocation.configured or rooted):
        # Without a configuration file, the rootdir, from which ids start, follows from the paths.
        relative = os.path.relpath(invocation.rootdir, invocation.directory)
        kept.append(f"--rootdir={shlex.quote(relative)}")
    return " ".join([*kept, *(shlex.quote(_argument(test, invocation)) for test in tests)])


def _options(words: Sequence[str], invocation: Invocation | None) -> Iterator[str]:
    """The options among a pytest's words, each with its value, as they are written."""
    rest = iter(words)
    unknown = False  # the word before is an option that may take this one as its value
    for word in rest:
        plain = unquoted(word)
        if plain == "--":
            return
        if plain.startswith("--"):
            yield word
            unknown = "=" not in plain and plain not in _VALUED
            if plain in _VALUED:
                yield from islice(rest, 1)
            continue
        if plain.startswith("-") and len(plain) > 1:
            yield word
            valued = [i for i, letter in enumerate(plain) if i and letter in _VALUED_LETTERS]
            if valued and valued[0] == len(plain) - 1:
                yield from islice(rest, 1)
        elif _REDIRECTION.match(plain):
            yield word
            if plain.endswith((">", "<")):
                yield from islice(rest, 1)
        elif unknown and not _is_path(plain, invocation):
            yield word
        unknown = False


def _is_path(word: str, invocation: Invocation | None) -> bool:
    """Whether a word names tests: a path that exists, or what looks like one."""
    if "::" in word or word.endswith((".py", "/")) or word.startswith(("test", "./")):
        return True
    return invocation is not None and Path(invocation.directory, word).exists()


def _argument(test: str, invocation: Invocation | None) -> str:
    """A test id as an argument of the pytest that is started where ``invocation`` was."""
    if invocation is None:
        return test
    path, separator, rest = test.partition("::")
    absolute = Path(invocation.rootdir) / path
    return os.path.relpath(absolute, invocation.directory) + separator + rest
