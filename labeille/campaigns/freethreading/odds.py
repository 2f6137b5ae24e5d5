"""Whether a failure is free threading's: exact tests on pass counts with the GIL off and on."""

from __future__ import annotations

import msgspec

from labeille.campaigns.freethreading.statistics import more_hits
from labeille.results.freethreading import Breakage, TestTally

#: Differences that chance explains in more than one of twenty cases are not taken for one. So three
#: iterations each tell "always" from "never" (p = 1/20), and two do not.
SIGNIFICANCE = 0.05

#: What a sum of fractions may be off by: 1/20 is to count as 1/20.
_ROUNDING = 1e-9


def judge(tally: TestTally) -> TestTally:
    """A tally with the verdict that its counts allow, and the p-value it rests on."""
    breakage, p_value = _verdict(tally)
    return msgspec.structs.replace(tally, breakage=breakage, p_value=round(p_value, 6))


def can_change(tally: TestTally, remaining: int) -> bool:
    """Whether ``remaining`` further runs with the GIL, however they end, could change a verdict."""
    now, _ = _verdict(tally)
    return any(
        _verdict(
            msgspec.structs.replace(
                tally,
                gil_passes=tally.gil_passes + passes,
                gil_runs=tally.gil_runs + remaining,
            )
        )[0]
        is not now
        for passes in range(remaining + 1)
    )


def _verdict(tally: TestTally) -> tuple[Breakage, float]:
    failures = tally.runs - tally.passes
    gil_failures = tally.gil_runs - tally.gil_passes
    p_value = more_hits(failures, tally.runs, gil_failures, tally.gil_runs)
    if not failures:
        return Breakage.NONE, p_value
    if p_value <= SIGNIFICANCE + _ROUNDING:
        return Breakage.FREE_THREADING, p_value
    if gil_failures:
        return Breakage.PRE_EXISTING, p_value
    return Breakage.UNDECIDED, p_value
