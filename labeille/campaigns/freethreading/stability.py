"""Whether a machine is calm enough for timings and thresholds to mean something."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable

    from labeille.supervision.cancellation import Cancellation

#: Seconds that are waited at most for a calm machine, and between two looks.
PATIENCE = 60.0
LOOK_EVERY = 5.0

#: Seconds over which load and clock are measured.
_WINDOW = 1.0

#: The share of the CPUs that others may use. Above it a thread that is ready waits for a CPU, so
#: that races show less often and silences last longer.
BUSY_SHARE = 0.25
#: Bytes that are free at least for each suite at a time: half of what large suites take.
FREE_BYTES = 1024**3
#: Seconds that the wall clock may move against the steady one within the window: NTP slews 0.5 ms
#: a second; more is a step.
CLOCK_STEP = 0.01

_CLOCK_SOURCE = Path("/sys/devices/system/clocksource/clocksource0/current_clocksource")
_GOVERNOR = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
#: Clocks that take microseconds to read: time.perf_counter() then costs more than many tests.
_SLOW_CLOCKS = frozenset({"hpet", "acpi_pm", "refined-jiffies", "jiffies"})


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """What was measured.

    ``busy_share`` is that of the CPUs in use, 0 to 1; ``clock_step`` is seconds by which the wall
    clock moved against the steady one. ``clock_source`` and ``governor`` are the kernel's words,
    None where it has none.
    """

    cpus: int
    busy_share: float
    load: float
    free_bytes: int
    clock_step: float
    clock_source: str | None
    governor: str | None

    def troubles(self, slots: int) -> tuple[str, ...]:
        """What is wrong with them for ``slots`` suites at a time, a sentence each."""
        troubles = []
        if self.busy_share > BUSY_SHARE:
            troubles.append(
                f"other work uses {self.busy_share:.0%} of {self.cpus} CPUs "
                f"(load average {self.load:.1f})"
            )
        if self.free_bytes < FREE_BYTES * slots:
            troubles.append(
                f"{self.free_bytes / 1024**3:.1f} GiB of memory are free for {slots} suites "
                "at a time"
            )
        if self.clock_step > CLOCK_STEP:
            troubles.append(f"the clock was set by {self.clock_step:.3f} s meanwhile")
        if self.clock_source in _SLOW_CLOCKS:
            troubles.append(f"the kernel reads time from {self.clock_source}, which is slow")
        if self.governor == "powersave":
            troubles.append("the CPUs are governed by powersave, so that their speed varies")
        return tuple(troubles)


def measure(window: float = _WINDOW) -> Conditions:
    """Look at load, memory and clock for ``window`` seconds."""
    offset = time.time() - time.monotonic()
    busy = psutil.cpu_percent(interval=window) / 100
    return Conditions(
        cpus=psutil.cpu_count() or 1,
        busy_share=busy,
        load=os.getloadavg()[0],
        free_bytes=psutil.virtual_memory().available,
        clock_step=abs(time.time() - time.monotonic() - offset),
        clock_source=_word(_CLOCK_SOURCE),
        governor=_word(_GOVERNOR),
    )


def wait_until_calm(
    slots: int,
    *,
    report: Callable[[str], None],
    cancel: Cancellation,
    patience: float = PATIENCE,
) -> tuple[str, ...]:
    """Wait for a calm machine, ``patience`` seconds at most; return what is still wrong then.

    ``report`` gets a line when there is something to wait for, and one for each thing that is wrong
    in the end.
    """
    deadline = time.monotonic() + patience
    troubles = measure().troubles(slots)
    if troubles:
        report(f"waiting up to {patience:.0f} s for a calm machine: {'; '.join(troubles)}")
    while troubles and time.monotonic() < deadline and not cancel.wait(LOOK_EVERY):
        troubles = measure().troubles(slots)
    for trouble in troubles:
        report(f"unstable: {trouble}")
    return troubles


def _word(path: Path) -> str | None:
    with contextlib.suppress(OSError):
        return path.read_text().strip() or None
    return None
