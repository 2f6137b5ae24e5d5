"""How packages fared in the runs before, for a small picture in each row."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, assert_never

import msgspec

from labeille.analysis.inputs import canonical
from labeille.reports.page.model import Sparkline, Tick
from labeille.reports.quantities import counted
from labeille.reports.tones import CATEGORY_TONES, DIFFERENTIAL_TONES, STATUS_TONES
from labeille.results.differential import DifferentialVerdict  # noqa: TC001 - msgspec reads it
from labeille.results.freethreading import Category
from labeille.results.kinds import RunKind
from labeille.results.model import Status  # noqa: TC001 - msgspec reads it
from labeille.results.reading import read_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from labeille.analysis.runs import StoredRun
    from labeille.reports.tones import Tone

#: Runs that are shown, this one included.
RUNS = 20


class _Seen(msgspec.Struct, gc=False):
    """The part of a record that a history shows."""

    package: str
    status: Status
    duration_seconds: float | None = None
    crash_signature: str | None = None


class _Compared(msgspec.Struct, gc=False):
    package: str
    verdict: DifferentialVerdict


class _Iterated(msgspec.Struct, gc=False):
    package: str
    category: Category = Category.UNKNOWN
    pass_rate: float = 0.0


@dataclass(frozen=True, slots=True)
class _Moment:
    """One package in one run; ``size`` is what its bar is as high as, beside its others."""

    package: str
    word: str
    tone: Tone
    size: float
    signature: str | None = None


@dataclass
class Histories:
    """What the last runs found, by package, and in which of them each signature was seen.

    ``runs`` are those that were read, the oldest first; signatures are those of the runs before the
    one that is reported.
    """

    runs: list[StoredRun] = field(default_factory=list)
    signatures: dict[str, list[StoredRun]] = field(default_factory=dict)
    _moments: dict[str, list[_Moment]] = field(default_factory=dict)

    def add(self, run: StoredRun, *, reported: bool) -> None:
        """Take up a run, the later ones later."""
        self.runs.append(run)
        last = {moment.package: moment for moment in _moments(run)}
        for package, moment in last.items():
            self._moments.setdefault(canonical(package), []).append(moment)
        if not reported:
            for signature in {moment.signature for moment in last.values() if moment.signature}:
                self.signatures.setdefault(signature, []).append(run)

    def of(self, package: str) -> Sparkline | None:
        """A package's last runs; None where there is no other than the one reported."""
        moments = self._moments.get(canonical(package), ())
        if len(moments) < 2:
            return None
        largest = max(moment.size for moment in moments) or 1.0
        counts = Counter(moment.word for moment in moments)
        found = ", ".join(f"{count} {word}" for word, count in counts.most_common())
        return Sparkline(
            ticks=tuple(Tick(tone=moment.tone, height=moment.size / largest) for moment in moments),
            words=f"last {counted(len(moments), 'run')}: {found}",
        )


def read_histories(run: StoredRun, others: Iterable[StoredRun]) -> Histories:
    """Read the last runs of its kind and under its condition up to ``run``, it being the last."""
    earlier = [
        other
        for other in others
        if other.kind is run.kind
        and other.path != run.path
        and other.started <= run.started
        and other.meta.condition == run.meta.condition
    ]
    earlier.sort(key=lambda other: (other.started, other.run_id))
    histories = Histories()
    for each in earlier[-(RUNS - 1) :]:
        histories.add(each, reported=False)
    histories.add(run, reported=True)
    return histories


def _moments(run: StoredRun) -> Iterator[_Moment]:
    match run.kind:
        case RunKind.HUNT:
            for seen in read_lines(run.lines_path, _Seen).items:
                yield _Moment(
                    seen.package,
                    seen.status.value,
                    STATUS_TONES[seen.status],
                    seen.duration_seconds or 0.0,
                    seen.crash_signature,
                )
        case RunKind.DIFFERENTIAL:
            for compared in read_lines(run.lines_path, _Compared).items:
                verdict = compared.verdict
                yield _Moment(compared.package, verdict.value, DIFFERENTIAL_TONES[verdict], 1.0)
        case RunKind.FREE_THREADED:
            for iterated in read_lines(run.lines_path, _Iterated).items:
                category = iterated.category
                tone = CATEGORY_TONES[category]
                yield _Moment(iterated.package, category.value, tone, iterated.pass_rate)
        case _:
            assert_never(run.kind)


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
