"""What colours mean in reports: a tone for each kind of outcome, the same in every kind of run."""

from __future__ import annotations

import enum

from labeille.results.differential import DifferentialVerdict
from labeille.results.freethreading import Category, IterationStatus
from labeille.results.model import Status


class Tone(enum.StrEnum):
    """The kinds of outcome that are told apart at a glance, the gravest first."""

    CRASH = "crash"  # the interpreter died, or computed something wrong
    HANG = "hang"
    WRONG = "wrong"  # computed something else, or raced
    ERROR = "error"  # labeille or the machine: no verdict
    FAIL = "fail"
    FLAKY = "flaky"
    SLOW = "slow"
    UNTRIED = "untried"  # never got as far as its suite
    GOOD = "good"
    PLAIN = "plain"


STATUS_TONES = {
    Status.CRASH: Tone.CRASH,
    Status.TIMEOUT: Tone.HANG,
    Status.ERROR: Tone.ERROR,
    Status.FAIL: Tone.FAIL,
    Status.INSTALL_ERROR: Tone.UNTRIED,
    Status.CLONE_ERROR: Tone.UNTRIED,
    Status.PASS: Tone.GOOD,
}

#: Statuses in the order in which people want to read them.
GRAVITY = tuple(STATUS_TONES)

DIFFERENTIAL_TONES = {
    DifferentialVerdict.JIT_CRASH: Tone.CRASH,
    DifferentialVerdict.JIT_HANG: Tone.HANG,
    DifferentialVerdict.JIT_FAILURE: Tone.WRONG,
    DifferentialVerdict.JIT_SLOWDOWN: Tone.SLOW,
    DifferentialVerdict.FIXED_BY_JIT: Tone.PLAIN,
    DifferentialVerdict.FLAKY: Tone.FLAKY,
    DifferentialVerdict.BROKEN: Tone.FAIL,
    DifferentialVerdict.SAME: Tone.GOOD,
}

CATEGORY_TONES = {
    Category.CRASH: Tone.CRASH,
    Category.DEADLOCK: Tone.HANG,
    Category.TSAN_WARNINGS: Tone.WRONG,
    Category.INCOMPATIBLE: Tone.FAIL,
    Category.INTERMITTENT: Tone.FLAKY,
    Category.COMPATIBLE_GIL_FALLBACK: Tone.SLOW,
    Category.COMPATIBLE: Tone.GOOD,
    Category.IMPORT_FAILURE: Tone.UNTRIED,
    Category.INSTALL_FAILURE: Tone.UNTRIED,
    Category.UNKNOWN: Tone.PLAIN,
}

ITERATION_TONES = {
    IterationStatus.PASS: Tone.GOOD,
    IterationStatus.FAIL: Tone.FAIL,
    IterationStatus.CRASH: Tone.CRASH,
    IterationStatus.TIMEOUT: Tone.HANG,
    IterationStatus.DEADLOCK: Tone.HANG,
    IterationStatus.ERROR: Tone.ERROR,
    IterationStatus.UNKNOWN: Tone.PLAIN,
}
