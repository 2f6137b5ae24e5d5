"""From evidence to a verdict: the one place that decides what happened to a package.

The order of the rules is the contract (docs/verdicts.md): source, install and import, limit or
stall, crash, end from outside, exit code.
"""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeille.crashes.evidence import read_crash
from labeille.environments.model import InstallError, Phase
from labeille.registry.model import TestFramework
from labeille.results.model import Status, TimeoutKind
from labeille.suites.commands import missing_module, pytest_exit_reason
from labeille.supervision.model import Ending, Outcome, exit_signal

if TYPE_CHECKING:
    from labeille.errors import LabeilleError
    from labeille.pipeline.trial import Trial
    from labeille.results.model import Crash

#: What of each stream is searched for crash evidence; a crash speaks last.
EVIDENCE_BYTES = 2 * 1024 * 1024

#: Signals that somebody else sent: no verdict on the interpreter.
OUTSIDE_SIGNALS = frozenset({signal.SIGKILL, signal.SIGTERM})

GIB = 1024**3

#: CPU seconds a second from which a silent trial counts as busy. A wait uses none, a loop that
#: polls once a millisecond 0.025 (measured); a spin 1, but less where other work has the CPUs.
BUSY_SHARE = 0.05


#: Where a crash happened when it was not while the environment was built.
TEST_PHASE = "test"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A status with what it rests on.

    ``reason`` explains a status that its name does not; ``crash`` is set for ``crash`` alone, with
    the ``phase`` it happened in: test, venv, install or import.
    """

    status: Status
    reason: str | None = None
    timeout_kind: TimeoutKind | None = None
    crash: Crash | None = None
    phase: str = TEST_PHASE


def judge_trial(trial: Trial, framework: TestFramework) -> Verdict:
    """The verdict on a trial that was run."""
    outcome = trial.outcome
    if outcome.ending is Ending.LIMIT:
        return Verdict(
            status=Status.TIMEOUT,
            timeout_kind=TimeoutKind.LIMIT,
            reason=f"still running after {outcome.duration_seconds:.0f} s",
        )
    if outcome.ending is Ending.STALL:
        return Verdict(
            status=Status.TIMEOUT,
            timeout_kind=TimeoutKind.STALL,
            reason=_stall_reason(trial),
        )
    if outcome.ending is Ending.MEMORY:
        return Verdict(
            status=Status.ERROR,
            reason=f"ended by labeille: it held {outcome.max_rss_bytes / GIB:.1f} GiB of memory",
        )
    crash = read_crash(evidence_text(outcome), exit_code=outcome.exit_code)
    if crash is not None:
        return Verdict(status=Status.CRASH, crash=crash, reason=_collecting_reason(trial))
    ended_by = outcome.signal
    if ended_by in OUTSIDE_SIGNALS:
        return Verdict(
            status=Status.ERROR,
            reason=f"ended from outside by {ended_by.name}{_oom_hint(ended_by)}",
        )
    if outcome.exit_code == 0:
        return Verdict(status=Status.PASS, reason=_unfinished_reason(trial))
    return Verdict(status=Status.FAIL, reason=_failure_reason(trial, framework))


def judge_failure(error: LabeilleError) -> Verdict:
    """The verdict on a package whose source or environment could not be had."""
    if not isinstance(error, InstallError):
        return Verdict(status=Status.CLONE_ERROR, reason=str(error))
    outcome = error.outcome
    if outcome is not None and outcome.ending is Ending.EXITED:
        crash = read_crash(unwrap_installer(evidence_text(outcome)), exit_code=outcome.exit_code)
        if crash is not None:
            return Verdict(
                status=Status.CRASH, crash=crash, phase=error.phase.value, reason=str(error)
            )
    verb = "import" if error.phase is Phase.IMPORT else "install"
    return Verdict(status=Status.INSTALL_ERROR, reason=f"{verb}: {error}", phase=error.phase.value)


def evidence_text(outcome: Outcome) -> str:
    """Both streams' ends, standard error last: an interpreter dies on standard error."""
    return outcome.stdout.tail(EVIDENCE_BYTES) + "\n" + outcome.stderr.tail(EVIDENCE_BYTES)


# pip shows a failed subprocess's output indented under "╰─> [12 lines of output]"; uv puts it after
# a line "[stderr]", indented too in some releases. What the process itself wrote is underneath.
_INDENTED_FATAL = re.compile(r"^[ \t│|]+Fatal Python error: ", re.MULTILINE)


def unwrap_installer(text: str) -> str:
    """An installer's output with the output of the subprocesses that it quotes at the margin.

    Only blocks that are quoted as a whole are moved: a stack's frames stay indented behind it.
    """
    lines = text.splitlines()
    unwrapped: list[str] = []
    indent = ""
    for line in lines:
        fatal = _INDENTED_FATAL.match(line)
        if fatal:
            indent = line[: line.index("Fatal")]
        if indent and line.startswith(indent):
            unwrapped.append(line[len(indent) :])
        elif indent and not line.strip(" \t│|"):
            unwrapped.append("")
        else:
            indent = ""
            unwrapped.append(line)
    return "\n".join(unwrapped)


def _stall_reason(trial: Trial) -> str:
    running = trial.log.running_test
    where = f" in {running}" if running else ""
    how = "busy" if is_spinning(trial.outcome) else "idle"
    return f"no sign of life{where} ({how}: {trial.outcome.cpu_seconds:.0f} s of CPU time)"


def is_spinning(outcome: Outcome) -> bool:
    """Whether a stalled trial was at work while it was silent, rather than waiting."""
    share = outcome.silent_cpu_share
    if share is None:
        share = outcome.cpu_seconds / max(outcome.duration_seconds, 0.001)
    return share >= BUSY_SHARE


def _collecting_reason(trial: Trial) -> str | None:
    """Where it happened, if it was before the first test."""
    if not trial.log.collecting:
        return None
    return f"while pytest collected {trial.log.collecting_path or 'tests'}"


def _unfinished_reason(trial: Trial) -> str | None:
    """A word of warning where the exit code says pass and the per-test log breaks off."""
    if trial.log.pid is None or trial.log.finished:
        return None
    where = trial.log.running_test or "between two tests"
    return f"ended with exit code 0 in the middle of its suite: {where}"


def _oom_hint(ended_by: signal.Signals) -> str:
    return " (the kernel's, when memory runs out)" if ended_by is signal.SIGKILL else ""


def _failure_reason(trial: Trial, framework: TestFramework) -> str | None:
    """Why a suite failed, where its exit code says more than that tests failed."""
    exit_code = trial.outcome.exit_code
    ended_by = exit_signal(exit_code)
    if ended_by is not None:
        return f"ended by {ended_by.name}"
    is_pytest = framework is TestFramework.PYTEST or trial.log.pid is not None
    reason = pytest_exit_reason(exit_code) if is_pytest else None
    module = missing_module(evidence_text(trial.outcome)) if exit_code != 1 else None
    if module is not None:
        return f"{reason or f'exit code {exit_code}'}: no module named {module!r}"
    if reason is None and exit_code != 1:
        return f"exit code {exit_code}"
    return reason
