"""Errors that a user can cause: a sentence, a hint what to do next, and an exit code."""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """What a command's exit code means, the same for every command."""

    OK = 0
    CRASH_FOUND = 1
    USAGE = 2
    INTERRUPTED = 130


class LabeilleError(Exception):
    """Base of everything that is reported as one line instead of a traceback.

    ``str(error)`` is a sentence that names what is wrong; ``hint`` says what to do about it.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.USAGE

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(LabeilleError):
    """A command line, a setting or a value in it that cannot be taken."""


class RegistryError(LabeilleError):
    """A registry that is missing, or a file of it that cannot be read."""


class TargetError(LabeilleError):
    """No target, a target that is no Python, or a condition that it cannot honour."""


class PackageIndexError(LabeilleError):
    """The package index is out of reach or gave an answer that makes no sense."""


class SourceError(LabeilleError):
    """A package's source could not be got; the status of its record is ``clone_error``."""


class ResultsError(LabeilleError):
    """A run directory that is locked, damaged or cannot be written."""


class Interrupted(LabeilleError):  # noqa: N818 - not a fault
    """The user, or a signal, asked to stop."""

    exit_code = ExitCode.INTERRUPTED
