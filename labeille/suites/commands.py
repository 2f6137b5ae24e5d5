"""Test commands: how one is composed, and what pytest's exit statuses say."""

from __future__ import annotations

import re
from itertools import zip_longest
from typing import TYPE_CHECKING

from labeille.errors import UsageError
from labeille.registry.commands import runs_tests, simple_commands
from labeille.registry.model import TestFramework

if TYPE_CHECKING:
    from labeille.registry.model import Package

_DEFAULT_COMMANDS = {
    TestFramework.PYTEST: "python -m pytest",
    TestFramework.UNITTEST: "python -m unittest",
}

# https://docs.pytest.org/en/stable/reference/exit-codes.html
_PYTEST_EXITS = {
    2: "pytest was interrupted, or could not collect every test (exit 2)",
    3: "pytest had an internal error (exit 3)",
    4: "pytest was used wrongly, or could not load a conftest or plugin (exit 4)",
    5: "pytest found no tests to run (exit 5)",
}

_MISSING = re.compile(
    r"(?:ModuleNotFoundError|Error importing plugin \"[^\"\n]*\"): No module named "
    r"['\"](?P<name>[^'\"\n]+)['\"]"
    r"|: No module named (?P<bare>[\w.]+)$",
    re.MULTILINE,
)

# What Python prints between an exception and the one that came of it.
_CHAIN = re.compile(r"[Tt]he above exception(?:,| was)")


def compose_test_command(package: Package, *, override: str | None, suffix: str | None) -> str:
    """The shell command that runs a package's tests.

    ``override`` replaces the package's own command; a package without one gets its framework's
    plainest. ``suffix`` becomes further arguments of the last pytest or unittest in the command
    (``cd tests && pytest -q | tee log`` gets it before the pipe), or, where there is none, of the
    last command. Quoted commands (``sh -c "pytest"``) are not looked into.

    Raises UsageError when there is no command to run.
    """
    command = package.test_command if override is None else override
    command = command.strip() or ("" if override is not None else _default_command(package))
    if not command:
        raise UsageError(
            f"there is no test command for {package.name}",
            hint="set test_command in its package file, or give --test-command-override",
        )
    if suffix is None or not suffix.strip():
        return command
    at = _suffix_position(command)
    return f"{command[:at]} {suffix.strip()}{command[at:]}"


def _default_command(package: Package) -> str:
    return _DEFAULT_COMMANDS.get(package.test_framework, "")


def _suffix_position(command: str) -> int:
    """Where the last command that runs tests ends, else the last command."""
    last = runner = None
    for simple in simple_commands(command):
        last = simple.end
        if runs_tests(simple.words):
            runner = simple.end
    return runner or last or len(command)


def pytest_exit_reason(exit_status: int) -> str | None:
    """What an exit status of pytest means where it is no verdict on a test; None for the others."""
    return _PYTEST_EXITS.get(exit_status)


def missing_module(output: str) -> str | None:
    """The first module in ``output`` that was missing, None if there was none.

    Of a chain of exceptions the last counts: suites import a fallback when the first is missing.
    """
    found = list(_MISSING.finditer(output))
    for match, following in zip_longest(found, found[1:]):
        if following is not None and _CHAIN.search(output, match.end(), following.start()):
            continue
        return match["name"] or match["bare"]
    return None
