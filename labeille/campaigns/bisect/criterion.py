"""What makes a commit bad: from the verdict on a trial to good, bad, or not to be told."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeille.crashes.frames import JIT
from labeille.crashes.model import CrashKind
from labeille.results.bisection import BisectVerdict, LookedFor
from labeille.results.model import Status

if TYPE_CHECKING:
    from labeille.pipeline.trial import Trial
    from labeille.pipeline.verdict import Verdict

#: What a suite may be looked at for; everything else says nothing of the interpreter.
BAD_STATUSES = (Status.CRASH, Status.FAIL, Status.TIMEOUT)
#: How the reason begins where a crash is not the one that is looked for.
ANOTHER_CRASH = "another crash"
#: A signature with its hash.
_WHOLE = re.compile(r"[a-z-]+:.+:[0-9a-f]{8}", re.DOTALL)
#: How frames begin that many crashes have in common: ctypes' modules, code of the JIT.
_NOBODYS_FRAMES = ("ctypes/", JIT)
#: pytest's exit codes of a suite that ran.
_RAN = (0, 1)


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """A verdict with its reason, None where the status says it all."""

    verdict: BisectVerdict
    reason: str | None = None


def looked_for(
    asked: LookedFor | None, test: str | None, verdict: Verdict, trial: Trial | None
) -> LookedFor | None:
    """What a bisection looks for, by what was asked for and what its bad end shows.

    ``asked`` is None where no status was asked for: then it is the bad end's own, a crash by its
    signature. None where the bad end shows nothing of the kind.
    """
    if verdict.status not in BAD_STATUSES:
        return None
    signature = verdict.crash.signature if verdict.crash else None
    wanted = asked or LookedFor(status=verdict.status, signature=signature)
    if not _shows(wanted, verdict):
        return None
    return LookedFor(
        status=wanted.status,
        signature=wanted.signature,
        test=test,
        seen_in=trial.log.running_test if trial else None,
        in_collection=trial is None or trial.log.collecting,
        exit_code=trial.outcome.exit_code if trial else None,
    )


def judge(wanted: LookedFor, verdict: Verdict, trial: Trial | None) -> Judgement:
    """What one trial says; ``trial`` is None where the suite was never reached.

    What keeps a suite from getting as far as the bad end got cannot be told: it neither shows what
    is looked for, nor that it is not there.
    """
    if _shows(wanted, verdict) and not _never_ran(wanted, trial):
        return Judgement(verdict=BisectVerdict.BAD, reason=_difference(wanted, verdict))
    over = has_run(wanted, trial)
    if verdict.status is Status.PASS:
        return Judgement(verdict=BisectVerdict.GOOD, reason=_absence(wanted, over))
    if wanted.status is not Status.FAIL:
        if over:  # and went well, whatever came behind it
            return Judgement(verdict=BisectVerdict.GOOD, reason=_behind(wanted, verdict))
        if verdict.status is Status.FAIL:
            return _judge_failure(wanted, verdict, trial, over)
    return Judgement(verdict=BisectVerdict.SKIP, reason=_why_skipped(verdict))


def matches(wanted: LookedFor, signature: str) -> bool:
    """Whether a crash's signature is the one that is looked for.

    It may be a part of it. Where it is a whole one, the bad end's perhaps, only a crash at another
    place is another bug: between revisions, a stack's outer frames change.
    """
    if wanted.signature is None or wanted.signature in signature:
        return True
    whole = _WHOLE.fullmatch(wanted.signature)
    return whole is not None and _place(wanted.signature) == _place(signature)


def has_run(wanted: LookedFor, trial: Trial | None) -> bool | None:
    """Whether the test that the bad end died in has ended here; None where nothing tells."""
    if wanted.seen_in is None or trial is None or trial.log.pid is None:
        return None
    return any(result.id == wanted.seen_in for result in trial.log.results)


def _place(signature: str) -> tuple[str, ...]:
    """What a signature says but for a stack's outer frames.

    Frames count up to the first that is somebody's own: anything may call ctypes, or be compiled.
    """
    kind, _, rest = signature.partition(":")
    parts = rest.rpartition(":")[0].split("|")
    if kind != CrashKind.SIGNAL:
        return (kind, *parts)
    own = [at for at, part in enumerate(parts) if at and not part.startswith(_NOBODYS_FRAMES)]
    return (kind, *parts[: own[0] + 1 if own else None])


def _shows(wanted: LookedFor, verdict: Verdict) -> bool:
    if verdict.status is not wanted.status:
        return False
    if wanted.signature is None or wanted.status is not Status.CRASH:
        return True
    return verdict.crash is not None and matches(wanted, verdict.crash.signature)


def _difference(wanted: LookedFor, verdict: Verdict) -> str | None:
    """What is to be said where a crash is taken for the one that is looked for."""
    if wanted.signature is None or verdict.crash is None:
        return None
    if wanted.signature in verdict.crash.signature:
        return None
    return "at the same place"


def _never_ran(wanted: LookedFor, trial: Trial | None) -> bool:
    """Whether a suite fails because it did not run, where the bad end's did."""
    if wanted.status is not Status.FAIL or trial is None or trial.log.pid is None:
        return False
    exit_code = trial.outcome.exit_code
    return exit_code not in _RAN and exit_code != wanted.exit_code


def _judge_failure(
    wanted: LookedFor, verdict: Verdict, trial: Trial | None, over: bool | None
) -> Judgement:
    """Failing tests are ordinary; a suite that did not run is none that went well."""
    no_test_ran = trial is not None and trial.log.pid is not None and not trial.log.results
    if no_test_ran and not wanted.in_collection:
        return Judgement(verdict=BisectVerdict.SKIP, reason=verdict.reason or "no test was run")
    return Judgement(verdict=BisectVerdict.GOOD, reason=_absence(wanted, over))


def _absence(wanted: LookedFor, over: bool | None) -> str | None:
    return f"without {wanted.seen_in}" if over is False else None


def _behind(wanted: LookedFor, verdict: Verdict) -> str | None:
    if verdict.status is Status.FAIL:
        return None
    return f"behind {wanted.seen_in}, which ended: {_why_skipped(verdict)}"


def _why_skipped(verdict: Verdict) -> str:
    if verdict.crash is not None:
        return f"{ANOTHER_CRASH}: {verdict.crash.signature}"
    return verdict.reason or f"ended with {verdict.status}"
