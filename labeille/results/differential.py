"""Differential runs: the lines of differential.jsonl, and which verdicts are grave."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import msgspec

from labeille.results.kinds import RunKind

if TYPE_CHECKING:
    from collections.abc import Iterable

#: What ids of differential runs begin with: ``diff_<stamp>``.
RUN_PREFIX = RunKind.DIFFERENTIAL.files.prefix
LINES_FILE = RunKind.DIFFERENTIAL.files.lines

#: Stands for a test id where a suite is compared as a whole: it has no per-test log, or died or
#: failed while no test ran.
WHOLE_SUITE = "(suite)"


class DifferentialVerdict(enum.StrEnum):
    """How a test behaves with the JIT, beside how it does without: the gravest first."""

    JIT_CRASH = "jit_crash"  # the interpreter crashes, with the JIT only
    JIT_HANG = "jit_hang"  # hangs, with the JIT only
    JIT_FAILURE = "jit_failure"  # passes every time without, fails every time with
    JIT_SLOWDOWN = "jit_slowdown"  # takes five times as long with, and a second at least
    FLAKY = "flaky"  # differs within one condition
    FIXED_BY_JIT = "fixed_by_jit"  # fails every time without, passes every time with
    BROKEN = "broken"  # fails everywhere
    SAME = "same"

    @property
    def is_finding(self) -> bool:
        """Whether it speaks against the JIT, and is worth to be confirmed."""
        return self in _FINDINGS


_FINDINGS = frozenset(
    {
        DifferentialVerdict.JIT_CRASH,
        DifferentialVerdict.JIT_HANG,
        DifferentialVerdict.JIT_FAILURE,
        DifferentialVerdict.JIT_SLOWDOWN,
    }
)


def gravest(verdicts: Iterable[DifferentialVerdict]) -> DifferentialVerdict:
    """The gravest of some verdicts, ``same`` if there are none."""
    present = set(verdicts)
    return next(
        (verdict for verdict in DifferentialVerdict if verdict in present), DifferentialVerdict.SAME
    )


class Scope(enum.StrEnum):
    """How much of a suite has to run for a finding to show."""

    TEST = "test"
    FILE = "file"
    SUITE = "suite"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A test that behaves worse with the JIT, every time.

    ``confirmed``: three more runs of each side showed it again, at ``scope``, the smallest at
    which they did. ``command`` repeats it; ``exception`` is what it says: an exception with the
    frame that raised it, a crash's signature, where a hang hung, both durations of a slowdown.
    """

    test: str
    verdict: DifferentialVerdict
    confirmed: bool = False
    scope: Scope = Scope.SUITE
    command: str = ""
    exception: str | None = None


class Differential(msgspec.Struct, frozen=True, kw_only=True):
    """One package's result in a differential run: a line of differential.jsonl.

    ``verdict`` is the gravest of its tests; ``tests`` has all of them but those with ``same``.
    ``executors`` are the fewest that a repeat under a condition had at its end; None where that is
    not known, and 0 where the JIT compiled nothing, so that a pass means little.
    """

    package: str
    conditions: tuple[str, ...] = ()
    repeat: int = 0
    verdict: DifferentialVerdict = DifferentialVerdict.SAME
    tests: dict[str, DifferentialVerdict] = {}
    executors: dict[str, int | None] = {}
    findings: tuple[Finding, ...] = ()
