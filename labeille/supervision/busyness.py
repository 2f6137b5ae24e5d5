"""How busy a silent command is: what tells a spin from a wait.

Part of the keeper, which is started for every trial: nothing here imports more than it must.
"""

from __future__ import annotations

import os
import resource

from labeille.supervision.process_tree import cpu_seconds, descendants


class Busyness:
    """Samples of the CPU time of this process's descendants, as far as the last silence needs."""

    def __init__(self) -> None:
        self._samples: list[tuple[float, float]] = []  # times, CPU seconds

    def sample(self, now: float, silent_since: float) -> None:
        """Take one; those from before the silence are dropped."""
        self._samples = [sample for sample in self._samples if sample[0] >= silent_since]
        self._samples.append((now, _spent()))

    def share(self, now: float) -> float | None:
        """CPU seconds a second since the first sample of the silence, None if that is just now."""
        if not self._samples:
            return None
        since, spent = self._samples[0]
        return (_spent() - spent) / (now - since) if now > since else None


def _spent() -> float:
    collected = resource.getrusage(resource.RUSAGE_CHILDREN)
    living = cpu_seconds(descendants(os.getpid()))
    return collected.ru_utime + collected.ru_stime + living
