"""How packages fared in the runs before, for a small picture in each row."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from labeille.analysis.inputs import canonical
from labeille.reports.page.model import Sparkline, Tick
from labeille.reports.quantities import counted
from labeille.reports.tones import STATUS_TONES
from labeille.results.kinds import RunKind
from labeille.results.model import Status
from labeille.results.reading import read_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from labeille.analysis.runs import StoredRun

#: Runs that are shown, this one included.
RUNS = 20


class _Seen(msgspec.Struct, gc=False):
    """The part of a record that a history shows."""

    package: str
    status: Status
    duration_seconds: float | None = None
    crash_signature: str | None = None


@dataclass
class Histories:
    """What the last runs found, by package, and in which of them each signature was seen.

    ``runs`` are those that were read, the oldest first; signatures are those of the runs before the
    one that is reported.
    """

    runs: list[StoredRun] = field(default_factory=list)
    signatures: dict[str, list[StoredRun]] = field(default_factory=dict)
    _seen: dict[str, list[_Seen]] = field(default_factory=dict)

    def of(self, package: str) -> Sparkline | None:
        """A package's last runs; None where there is no other than the one reported."""
        seen = self._seen.get(canonical(package), ())
        if len(seen) < 2:
            return None
        longest = max(each.duration_seconds or 0.0 for each in seen) or 1.0
        ticks = [
            Tick(
                tone=STATUS_TONES[each.status],
                height=(each.duration_seconds or 0.0) / longest,
            )
            for each in seen
        ]
        counts = Counter(each.status for each in seen)
        found = ", ".join(f"{counts[status]} {status}" for status in Status if counts[status])
        return Sparkline(ticks=tuple(ticks), words=f"last {counted(len(seen), 'run')}: {found}")


def read_histories(run: StoredRun, others: Iterable[StoredRun]) -> Histories:
    """Read the last hunts up to ``run`` among it and ``others``, under its own condition."""
    earlier = [
        other
        for other in others
        if other.kind is RunKind.HUNT
        and other.path != run.path
        and other.started <= run.started
        and other.meta.condition == run.meta.condition
    ]
    earlier.sort(key=lambda other: (other.started, other.run_id))
    histories = Histories(runs=[*earlier[-(RUNS - 1) :], run])
    for each in histories.runs:
        last = {seen.package: seen for seen in read_lines(each.lines_path, _Seen).items}
        for package, seen in last.items():
            histories._seen.setdefault(canonical(package), []).append(seen)
        if each is not run:
            for signature in {seen.crash_signature for seen in last.values()} - {None}:
                histories.signatures.setdefault(str(signature), []).append(each)
    return histories


def seen_before(signature: str, histories: Histories) -> str:
    """Since when a signature is known, in words; empty where there are no earlier runs."""
    earlier: Sequence[StoredRun] = histories.signatures.get(signature, ())
    before = len(histories.runs) - 1
    if not before:
        return ""
    if not earlier:
        return f"not seen in {counted(before, 'earlier run')}"
    return f"seen in {len(earlier)} of {counted(before, 'earlier run')}, first {_day(earlier[0])}"


def _day(run: StoredRun) -> str:
    return f"{run.started:%d %b %Y} ({run.run_id})"
