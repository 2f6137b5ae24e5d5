"""What makes a machine too busy for a campaign, and that waiting for a calm one ends."""

from __future__ import annotations

import pytest

from labeille.campaigns.freethreading.stability import Conditions, measure, wait_until_calm
from labeille.supervision.cancellation import Cancellation

GIB = 1024**3
CALM = {
    "cpus": 8,
    "busy_share": 0.02,
    "load": 0.1,
    "free_bytes": 16 * GIB,
    "clock_step": 0.0001,
    "clock_source": "tsc",
    "governor": "performance",
}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, []),
        ({"busy_share": 0.9, "load": 7.5}, ["other work uses 90% of 8 CPUs (load average 7.5)"]),
        ({"free_bytes": 3 * GIB}, ["3.0 GiB of memory are free for 4 suites at a time"]),
        ({"clock_step": 1.5}, ["the clock was set by 1.500 s meanwhile"]),
        ({"clock_source": "hpet"}, ["the kernel reads time from hpet, which is slow"]),
        ({"clock_source": None, "governor": None}, []),
        (
            {"governor": "powersave"},
            ["the CPUs are governed by powersave, so that their speed varies"],
        ),
    ],
)
def test_troubles(change: dict[str, object], words: list[str]) -> None:
    conditions = Conditions(**(CALM | change))  # type: ignore[arg-type]
    assert list(conditions.troubles(slots=4)) == words


def test_this_machine_is_measured() -> None:
    measured = measure(window=0.05)
    assert 0 <= measured.busy_share <= 1
    assert measured.free_bytes > 0
    assert measured.clock_step < 60


def test_waiting_ends_and_says_what_is_wrong() -> None:
    said: list[str] = []
    slots = 10**9  # no machine has the memory
    troubles = wait_until_calm(slots, report=said.append, cancel=Cancellation(), patience=0)
    assert any("GiB of memory" in trouble for trouble in troubles)
    assert said[0].startswith("waiting up to 0 s for a calm machine: ")
    assert said[1:] == [f"unstable: {trouble}" for trouble in troubles]
