"""bisect.json: what a bisection looks for, every step that it took, and what it found."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from labeille.errors import ResultsError
from labeille.results.model import Status  # noqa: TC001 - msgspec reads it

if TYPE_CHECKING:
    from labeille.results.directory import RunDirectory

BISECT_FILE = "bisect.json"
#: What the ids of bisections' runs begin with.
BISECT_PREFIX = "bisect"


class BisectKind(enum.StrEnum):
    """What a bisection goes through; the values are read by people."""

    COMMITS = "commits"  # the package's history in git
    RELEASES = "releases"  # its released versions, from their sdists
    TARGETS = "targets"  # interpreters


class BisectVerdict(enum.StrEnum):
    """What one commit, release or interpreter is to what is looked for."""

    GOOD = "good"
    BAD = "bad"
    SKIP = "skip"  # it cannot be told


class BisectStep(msgspec.Struct, frozen=True, kw_only=True):
    """One commit and its verdict.

    ``commit`` is a full hash, a released version, or an interpreter's path. ``status``,
    ``signature`` and ``reason`` are those of the trial that decided. ``trials`` were made, of which
    ``bad_trials`` showed what is looked for; ``good_trials`` could have and did not. Durations are
    seconds, ``seconds`` everything together. ``reused`` says that the environment stood already.
    """

    commit: str
    verdict: BisectVerdict
    status: Status | None = None
    signature: str | None = None
    reason: str | None = None
    trials: int = 0
    bad_trials: int = 0
    good_trials: int = 0
    seconds: float = 0.0
    install_seconds: float = 0.0
    reused: bool = False
    running_test: str | None = None


class LookedFor(msgspec.Struct, frozen=True, kw_only=True):
    """What makes a commit bad; what was not asked for is as the bad end shows it.

    ``test`` is the one test that was asked for. ``seen_in`` is the test that the bad end was
    running then, ``alone`` the command by which that test shows it alone, None where it does not;
    ``exit_code`` is the bad end's.
    """

    status: Status
    signature: str | None = None
    test: str | None = None
    seen_in: str | None = None
    alone: str | None = None
    in_collection: bool = False
    exit_code: int | None = None


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for, as it was given; None where nothing was.

    Two bisections with one question have one answer, so the one may go on with the other's steps.
    """

    package: str
    kind: BisectKind
    good: str | None = None
    bad: str | None = None
    status: Status | None = None
    signature: str | None = None
    test: str | None = None
    test_command: str | None = None
    install_command: str | None = None
    condition: str | None = None
    target_id: str | None = None
    repo: str | None = None
    targets: tuple[str, ...] = ()
    revision: str | None = None
    env: dict[str, str] = {}
    extra_deps: tuple[str, ...] = ()
    repeat: int = 1


class Bisection(msgspec.Struct, frozen=True, kw_only=True):
    """One bisection, from its first step on.

    ``first_bad`` is None as long as it is not known, and where skipped commits leave more than one:
    ``candidates`` are these then, oldest first. ``author``, ``date`` and ``subject`` are the first
    bad commit's. ``steps`` are in the order they were taken; ``ends`` are those that were made to
    check both ends, and to find a good one where none was named. ``confidence`` is the chance that
    the good commits that the answer rests on are good, where trials were repeated.
    """

    first_bad: str | None = None
    candidates: tuple[str, ...] = ()
    author: str | None = None
    date: str | None = None
    subject: str | None = None
    steps: tuple[BisectStep, ...] = ()
    question: Question
    looked_for: LookedFor | None = None
    good: str | None = None
    bad: str | None = None
    ends: tuple[BisectStep, ...] = ()
    commits: int | None = None  # between the ends, the bad one included
    confidence: float | None = None
    miss: float | None = None  # the chance that a bad commit passes as many trials as they did
    command: str | None = None  # the test command of each step
    run_id: str
    started_at: str
    finished_at: str | None = None
    target_python: str = ""
    python_version: str = ""
    condition: str | None = None  # None where each interpreter of a list has its own
    cli_args: tuple[str, ...] = ()
    labeille_version: str | None = None
    note: str | None = None


def read_bisection(folder: Path) -> Bisection | None:
    """A run's bisect.json, None where there is none; ResultsError when it makes no sense."""
    path = folder / BISECT_FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=Bisection)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise ResultsError(f"{path} cannot be read: {error}", hint="move it aside") from None


def write_bisection(run: RunDirectory, bisection: Bisection) -> None:
    """Replace the run's bisect.json as a whole: killed at any moment, it has the steps so far."""
    run.write_file(Path(BISECT_FILE), bisection_json(bisection))


def bisection_json(bisection: Bisection) -> bytes:
    """A bisection as bisect.json has it."""
    return msgspec.json.format(msgspec.json.encode(bisection), indent=2) + b"\n"
