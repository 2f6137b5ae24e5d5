"""What a validation of a registry finds: rules, levels, places."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from labeille.registry.problems import FileProblem


class Level(enum.StrEnum):
    """How bad a finding is: an error is in the way of running or believing a trial."""

    ERROR = "error"
    WARNING = "warning"


class Rule(enum.StrEnum):
    """What was checked; the values stand behind each message, and are counted."""

    UNREADABLE = "unreadable"
    DUPLICATE_KEY = "duplicate-key"
    EARLY_STOP = "early-stop"
    XDIST = "xdist"
    INDEX_DRIFT = "index-drift"
    EXTENSION_SPELLING = "extension-spelling"
    FRAMEWORK_SPELLING = "framework-spelling"
    UNKNOWN_KEY = "unknown-key"
    NO_COMMAND = "no-command"
    NO_REASON = "no-reason"
    VERSION = "version"
    REPO = "repo"

    @property
    def level(self) -> Level:
        """Errors make ``validate`` fail, warnings only with ``--strict``."""
        return Level.ERROR if self in _ERRORS else Level.WARNING


_ERRORS = (Rule.UNREADABLE, Rule.DUPLICATE_KEY, Rule.EARLY_STOP, Rule.XDIST, Rule.INDEX_DRIFT)


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One remark on one file; ``line`` counts from 1, None for the whole file."""

    path: Path
    line: int | None
    rule: Rule
    message: str

    @classmethod
    def unreadable(cls, problem: FileProblem) -> Finding:
        """A file, or a field of it, that cannot be taken at all."""
        return cls(
            path=problem.path, line=problem.line, rule=Rule.UNREADABLE, message=problem.message
        )

    @property
    def level(self) -> Level:
        return self.rule.level


@dataclass(frozen=True, kw_only=True, slots=True)
class Validation:
    """What was found in ``files`` package files, and in the index where all were checked."""

    files: int
    findings: tuple[Finding, ...]

    def count(self, level: Level) -> int:
        """How many findings are of a level."""
        return sum(finding.level is level for finding in self.findings)
