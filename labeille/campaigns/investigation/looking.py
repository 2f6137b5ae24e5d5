"""Looks at a crash in one way: so many runs of a test command in an environment, counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from labeille.campaigns.investigation.observe import Observation, in_parallel, observe, repeats
from labeille.campaigns.investigation.reproduce import narrowed
from labeille.crashes.evidence import read_c_stack
from labeille.crashes.frames import crashing_frame
from labeille.environments.model import InstallError
from labeille.pipeline.prepare import Unprepared
from labeille.pipeline.verdict import TEST_PHASE, evidence_text, unwrap_installer
from labeille.results.triage import Look, Place, Repeats

if TYPE_CHECKING:
    from labeille.campaigns.investigation.rebuild import Rebuilt
    from labeille.results.directory import RunDirectory
    from labeille.results.triage import LookKind
    from labeille.supervision.cancellation import Cancellation
    from labeille.supervision.model import Outcome

#: Bytes of a crash's output that are kept as evidence.
_EVIDENCE = 512 * 1024


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way to look at a crash: an environment and its condition, and the tests to run in it.

    No ``tests`` are the whole suite. ``label`` parts ways that are of one kind.
    """

    kind: LookKind
    rebuilt: Rebuilt
    tests: tuple[str, ...] = ()
    label: str = ""

    @property
    def name(self) -> str:
        """What its logs and its evidence are called."""
        name = f"{self.kind}-{self.rebuilt.blueprint.target.target_id}"
        return f"{name}-{self.label}" if self.label else name

    @property
    def command(self) -> str | None:
        """The test command, None for the package's own."""
        return narrowed(self.rebuilt, self.tests) if self.tests else None

    @property
    def in_tests(self) -> bool:
        """Whether the crash came in the tests, and not while the environment was built."""
        crash = self.rebuilt.blueprint.recorded.record.crash
        return crash is None or crash.phase == TEST_PHASE

    def look(self, counted: Repeats | None = None, *, reason: str | None = None) -> Look:
        """The facts of this way, with what was counted."""
        job = self.rebuilt.blueprint.job
        return Look(
            kind=self.kind,
            condition=job.condition.name,
            env=dict(job.condition.env),
            target_python=job.target.python,
            python_version=job.target.version_text,
            target_id=job.target.target_id,
            tests=self.tests,
            repeats=counted,
            reason=reason,
        )


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a number of runs came to: the counts, and the first crash, where there was one."""

    repeats: Repeats
    signature: str | None = None
    detail: str | None = None
    evidence: str | None = None
    crashed_in: Place | None = None


def look_at(way: Way, signature: str, runs: int, home: RunDirectory, cancel: Cancellation) -> Seen:
    """Make ``runs`` runs in one way; the first crash's text is written to ``home``.

    Raises Interrupted.
    """
    command = way.command
    seen = in_parallel(
        lambda number: observe(
            way.rebuilt, home.log_dir(f"{way.name}/{number}"), cancel=cancel, command=command
        ),
        range(runs),
        slots=way.rebuilt.blueprint.slots if way.in_tests else 1,
        cancel=cancel,
    )
    counted = repeats(signature, seen)
    telling = next((each for each in seen if each.signature == signature), None)
    telling = telling or next((each for each in seen if each.signature), None)
    if telling is None or telling.verdict.crash is None:
        return Seen(repeats=counted)
    text, exit_code = crash_text(telling)
    content = text.encode("utf-8", "replace")[-_EVIDENCE:]
    evidence = home.write_file(Path(f"{way.name}.txt"), content)
    return Seen(
        repeats=counted,
        signature=telling.signature,
        detail=telling.verdict.crash.detail,
        evidence=str(evidence.relative_to(home.path.parent.parent)),
        crashed_in=crash_place(text, exit_code),
    )


def crash_text(seen: Observation) -> tuple[str, int | None]:
    """What a crashed process wrote last, and its exit code."""
    outcome: Outcome | None = None
    if seen.trial is not None:
        outcome = seen.trial.outcome
    elif isinstance(seen.ready, Unprepared) and isinstance(seen.ready.error, InstallError):
        outcome = seen.ready.error.outcome
    if outcome is None:
        return "", None
    text = evidence_text(outcome)
    return (text if seen.trial is not None else unwrap_installer(text)), outcome.exit_code


def crash_place(text: str, exit_code: int | None) -> Place | None:
    """The frame that the crash in a text happened in, None where no C stack tells."""
    frame = crashing_frame(read_c_stack(text, exit_code=exit_code))
    return None if frame is None else Place(function=frame.function, library=frame.library)


def merged(first: Repeats | None, more: Repeats) -> Repeats:
    """Two counts as one."""
    if first is None:
        return more
    return Repeats(
        runs=first.runs + more.runs,
        same=first.same + more.same,
        signatures=dict(Counter(first.signatures) + Counter(more.signatures)),
        statuses=dict(Counter(first.statuses) + Counter(more.statuses)),
    )
