"""What colours mean in reports: a tone for each kind of outcome, the same in every kind of run."""

from __future__ import annotations

import enum

from labeille.results.model import Status


class Tone(enum.StrEnum):
    """The kinds of outcome that are told apart at a glance, the gravest first."""

    CRASH = "crash"  # the interpreter died, or computed something wrong
    HANG = "hang"
    RACE = "race"
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
