"""Runs the steps of building an environment, and says in one sentence why one failed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeille.environments.model import InstallError, Phase
from labeille.errors import Interrupted
from labeille.pypi.credentials import redact
from labeille.supervision.model import Command, Ending, Limits, SupervisionError
from labeille.supervision.run import supervise

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from labeille.supervision.model import Outcome
    from labeille.supervision.run import Cancellation

#: Bytes of a failed step's output that are searched for the sentence that tells why.
_TELLING_BYTES = 16 * 1024
#: Characters of that sentence.
_TELLING_LENGTH = 300

#: faulthandler's first line: a crash of the interpreter itself.
_FATAL = re.compile(r"\s*Fatal Python error: ")
_ERROR = re.compile(r"error:|fatal:|× ", re.IGNORECASE)
_INNER_ERROR = re.compile(r"\s*(?:error:|fatal:|× )", re.IGNORECASE)
_CAUSE = re.compile(r"\s*(?:cause:|[├╰]─▶) ")
_EXCEPTION = re.compile(r"\s*(?:\w+\.)*\w+(?:Error|Exception|Exit): ")
_COMPILER_ERROR = re.compile(r": (?:fatal )?error: ")
# What a build's own tools (cargo, cmake, meson) say below pip's "subprocess-exited-with-error".
_TOOL_ERROR = re.compile(
    r"\s+(?:error(?:\[\w+\])?|ERROR|CMake Error[^:]*): (?!subprocess-exited-with)"
)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One process on the way to an environment.

    ``name`` is what its logs are called, ``title`` what the user reads; ``timeout`` is seconds.
    """

    name: str
    title: str
    phase: Phase
    argv: tuple[str, ...]
    cwd: Path
    timeout: float


@dataclass(frozen=True, kw_only=True)
class Runner:
    """Runs steps with one environment, their logs in one folder."""

    env: Mapping[str, str]
    log_dir: Path
    cancel: Cancellation | None = None

    def run(self, step: Step) -> Outcome:
        """Run a step to its end; raises InstallError if it failed, Interrupted if cancelled."""
        command = Command(
            argv=step.argv,
            cwd=step.cwd,
            env=self.env,
            stdout=self.log_dir / f"{step.name}.stdout.log",
            stderr=self.log_dir / f"{step.name}.stderr.log",
            limits=Limits(timeout=step.timeout),
        )
        try:
            outcome = supervise(command, cancel=self.cancel)
        except SupervisionError as error:
            raise InstallError(
                f"{step.title} did not start: {error}", phase=step.phase, hint=error.hint
            ) from error
        if outcome.ending is Ending.CANCELLED:
            raise Interrupted(f"interrupted during {step.title}")
        if outcome.ending is Ending.EXITED and outcome.exit_code == 0:
            return outcome
        raise InstallError(
            f"{step.title} {describe_failure(outcome, step)}",
            phase=step.phase,
            outcome=outcome,
            hint=f"the whole output is in {self.log_dir / step.name}.*.log",
        )


def describe_failure(outcome: Outcome, step: Step) -> str:
    """How a step ended, with the line of its output that says most: "exited with 1: error: …"."""
    if outcome.ending is Ending.LIMIT:
        return f"took longer than {step.timeout:g} s"
    ended_by = outcome.signal
    how = f"was killed by {ended_by.name}" if ended_by else f"exited with {outcome.exit_code}"
    line = telling_line(outcome.stderr.tail(_TELLING_BYTES)) or telling_line(
        outcome.stdout.tail(_TELLING_BYTES)
    )
    return f"{how}: {line}" if line else how


def telling_line(text: str) -> str:
    """What an output says of why: its last error at the margin, else its last error, or last line.

    With the causes that uv lists below it ("cause: …", in older releases "╰─▶ …"), and with what
    ended a build: an exception, or a compiler's first error.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        return ""
    fatal = _last(lines, _FATAL)
    if fatal is not None:
        return lines[fatal].strip()  # its stacks follow, and say less
    at = _last(lines, _ERROR) if _last(lines, _ERROR) is not None else _last(lines, _INNER_ERROR)
    at = len(lines) - 1 if at is None else at
    telling = [lines[at].strip().removeprefix("× ")]
    for line in lines[at + 1 :]:
        cause = _CAUSE.match(line)
        if cause is None:
            break
        telling.append(line[cause.end() :])
    raised = _last(lines, _EXCEPTION)
    if raised is not None:
        telling.append(lines[raised].strip())
    else:
        found = [line for line in lines if _COMPILER_ERROR.search(line)]
        found = found or [line for line in lines if _TOOL_ERROR.match(line)]
        telling += [line.strip() for line in found[:1]]
    return redact(": ".join(dict.fromkeys(telling)))[:_TELLING_LENGTH]


def _last(lines: list[str], pattern: re.Pattern[str]) -> int | None:
    """The index of the last line that a pattern matches at its start."""
    return next((i for i in reversed(range(len(lines))) if pattern.match(lines[i])), None)
