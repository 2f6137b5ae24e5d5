"""What makes a commit bad, good, or impossible to tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from labeille.campaigns.bisect.criterion import judge, looked_for
from labeille.pipeline.trial import Trial
from labeille.pipeline.verdict import Verdict
from labeille.results.bisection import BisectVerdict, LookedFor
from labeille.results.model import Crash, Status
from labeille.suites.model import TestLog, TestOutcome, TestResult
from labeille.supervision.model import Ending, Outcome, Output

GOOD, BAD, SKIP = BisectVerdict.GOOD, BisectVerdict.BAD, BisectVerdict.SKIP
SIGNATURE = "assert:optimizer.c|optimize|ok:5f1d2c9a"
OTHER = "signal:SIGSEGV|x.py:f:00c0ffee"


def crash(signature: str = SIGNATURE) -> Verdict:
    found = Crash(kind="assert", signature=signature)
    return Verdict(status=Status.CRASH, crash=found)


def trial(
    *ended: str,
    running: str | None = None,
    exit_code: int = 0,
    pid: int | None = 1,
    collecting: bool = False,
) -> Trial:
    results = tuple(TestResult(id=test, outcome=TestOutcome.PASSED) for test in ended)
    log = TestLog(pid=pid, results=results, running_test=running, collecting=collecting)
    output = Output(path=Path("x"), total=0)
    outcome = Outcome(
        exit_code=exit_code,
        ending=Ending.EXITED,
        duration_seconds=1,
        cpu_seconds=1,
        max_rss_bytes=1,
        leftovers=0,
        stdout=output,
        stderr=output,
    )
    return Trial(command="pytest", outcome=outcome, log=log)


PASS = Verdict(status=Status.PASS)
FAIL = Verdict(status=Status.FAIL)
NOT_RUN = Verdict(status=Status.FAIL, reason="pytest found no tests to run (exit 5)")
HANG = Verdict(status=Status.TIMEOUT, reason="no sign of life")
KILLED = Verdict(status=Status.ERROR, reason="ended from outside by SIGKILL")
UNINSTALLED = Verdict(status=Status.INSTALL_ERROR, reason="install: it failed")

IN_T = LookedFor(status=Status.CRASH, signature=SIGNATURE, seen_in="t.py::t")
ANYWHERE = LookedFor(status=Status.CRASH, signature=SIGNATURE)

AT = "signal:SIGSEGV|ctypes/__init__.py:string_at|core.py:check"
CTYPES_ELSEWHERE = "signal:SIGSEGV|ctypes/__init__.py:string_at|core.py:decode:22222222"
JIT_SIGNATURE = "signal:SIGSEGV|<jit>|core.py:check:33333333"
SEEN = LookedFor(status=Status.CRASH, signature=f"{AT}|core.py:decode|y.py:f:00000000")
SEEN_ASSERT = LookedFor(status=Status.CRASH, signature=SIGNATURE)
OTHER_WAY = "at the same place"


@pytest.mark.parametrize(
    ("wanted", "verdict", "made", "expected", "reason"),
    [
        (IN_T, crash(), trial("a", running="t.py::t"), BAD, None),
        (IN_T, crash(), trial(running="elsewhere"), BAD, None),
        (IN_T, PASS, trial("a", "t.py::t"), GOOD, None),
        (IN_T, PASS, trial("a"), GOOD, "without t.py::t"),
        (IN_T, PASS, trial(pid=None), GOOD, None),
        (IN_T, FAIL, trial("t.py::t", exit_code=1), GOOD, None),
        (IN_T, FAIL, trial("a", exit_code=1), GOOD, "without t.py::t"),
        (IN_T, NOT_RUN, trial(exit_code=5), SKIP, NOT_RUN.reason),
        (ANYWHERE, FAIL, trial(pid=None, exit_code=1), GOOD, None),
        # Another crash, before the test and behind it
        (IN_T, crash(OTHER), trial("a", running="b"), SKIP, f"another crash: {OTHER}"),
        (
            IN_T,
            crash(OTHER),
            trial("a", "t.py::t", running="b"),
            GOOD,
            f"behind t.py::t, which ended: another crash: {OTHER}",
        ),
        (ANYWHERE, crash(OTHER), trial("a", running="b"), SKIP, f"another crash: {OTHER}"),
        (LookedFor(status=Status.CRASH), crash(OTHER), trial("a"), BAD, None),
        (LookedFor(status=Status.CRASH, signature="5f1d2c9a"), crash(), trial(), BAD, None),
        # What the bad end showed may come by another way elsewhere
        (SEEN, crash(f"{AT}|core.py:encode|x.py:<module>:11111111"), trial(), BAD, OTHER_WAY),
        (SEEN, crash(f"{AT}:11111111"), trial(), BAD, OTHER_WAY),
        (SEEN, crash(SEEN.signature or ""), trial(), BAD, None),
        (SEEN, crash(CTYPES_ELSEWHERE), trial(), SKIP, f"another crash: {CTYPES_ELSEWHERE}"),
        (SEEN, crash(JIT_SIGNATURE), trial(), SKIP, f"another crash: {JIT_SIGNATURE}"),
        (SEEN_ASSERT, crash(f"{SIGNATURE[:-4]}0000"), trial(), BAD, OTHER_WAY),
        (SEEN_ASSERT, crash("assert:optimizer.c|optimize|other:5f1d2c9a"), trial(), SKIP,
         "another crash: assert:optimizer.c|optimize|other:5f1d2c9a"),
        # Crashes while it is installed or imported count as well
        (ANYWHERE, crash(), None, BAD, None),
        (IN_T, HANG, trial(running="a"), SKIP, "no sign of life"),
        (IN_T, HANG, trial("t.py::t"), GOOD, "behind t.py::t, which ended: no sign of life"),
        (IN_T, KILLED, trial("a"), SKIP, KILLED.reason),
        (IN_T, UNINSTALLED, None, SKIP, UNINSTALLED.reason),
        # Hangs
        (LookedFor(status=Status.TIMEOUT), HANG, trial(running="a"), BAD, None),
        (LookedFor(status=Status.TIMEOUT), FAIL, trial("a", exit_code=1), GOOD, None),
        (LookedFor(status=Status.TIMEOUT), crash(), trial(), SKIP, f"another crash: {SIGNATURE}"),
        # Failures
        (LookedFor(status=Status.FAIL, exit_code=1), FAIL, trial("a", exit_code=1), BAD, None),
        (LookedFor(status=Status.FAIL, exit_code=1), PASS, trial("a"), GOOD, None),
        (
            LookedFor(status=Status.FAIL, exit_code=1),
            NOT_RUN,
            trial(exit_code=5),
            SKIP,
            NOT_RUN.reason,
        ),
        (LookedFor(status=Status.FAIL, exit_code=5), NOT_RUN, trial(exit_code=5), BAD, None),
        (LookedFor(status=Status.FAIL), HANG, trial("a"), SKIP, "no sign of life"),
        # A crash in collection: pytest's exit 2 is as far as it gets
        (
            LookedFor(status=Status.CRASH, signature=SIGNATURE, in_collection=True),
            Verdict(status=Status.FAIL, reason="exit 2"),
            trial(exit_code=2),
            GOOD,
            None,
        ),
    ],
)  # fmt: skip
def test_judge(
    wanted: LookedFor, verdict: Verdict, made: Trial | None, expected: BisectVerdict, reason: str
) -> None:
    told = judge(wanted, verdict, made)
    assert (told.verdict, told.reason) == (expected, reason)


@pytest.mark.parametrize(
    ("asked", "verdict", "expected"),
    [
        (None, crash(), (Status.CRASH, SIGNATURE)),
        (None, FAIL, (Status.FAIL, None)),
        (None, HANG, (Status.TIMEOUT, None)),
        (None, PASS, None),
        (None, KILLED, None),
        (None, UNINSTALLED, None),
        (LookedFor(status=Status.CRASH), crash(), (Status.CRASH, None)),
        (LookedFor(status=Status.CRASH), FAIL, None),
        (LookedFor(status=Status.CRASH, signature="optimi"), crash(), (Status.CRASH, "optimi")),
        (LookedFor(status=Status.CRASH, signature="optimi"), crash(OTHER), None),
        (LookedFor(status=Status.TIMEOUT), HANG, (Status.TIMEOUT, None)),
    ],
)
def test_what_the_bad_end_tells(
    asked: LookedFor | None, verdict: Verdict, expected: tuple[Status, str | None] | None
) -> None:
    wanted = looked_for(asked, None, verdict, trial("a", running="b", exit_code=-6))
    if expected is None:
        assert wanted is None
    else:
        assert wanted is not None
        assert (wanted.status, wanted.signature) == expected
        assert (wanted.seen_in, wanted.in_collection, wanted.exit_code) == ("b", False, -6)
