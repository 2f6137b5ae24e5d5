"""What many runs say together: trends, when signatures were seen, packages that come and go."""

from __future__ import annotations

import enum
import operator
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from labeille.analysis.compare import came_through
from labeille.analysis.inputs import canonical, condition_facts, target_facts
from labeille.results.kinds import RunKind
from labeille.results.model import Status
from labeille.results.reading import read_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from labeille.analysis.inputs import TargetFacts
    from labeille.analysis.runs import StoredRun


class Seen(msgspec.Struct, gc=False):
    """The part of a record that history is about; the rest is passed over unread."""

    package: str
    status: Status
    crash_signature: str | None = None
    git_revision: str | None = None
    sdist_version: str | None = None
    package_version: str | None = None
    condition: str | None = None
    target_id: str | None = None
    duration_seconds: float | None = None
    installed_dependencies: msgspec.Raw = msgspec.Raw(b"")


@dataclass(frozen=True, kw_only=True)
class RunTrend:
    """One run's share of the history. ``unreadable`` counts lines that are damaged."""

    run: StoredRun
    target: TargetFacts
    condition: str
    counts: dict[Status, int]
    signatures: int
    suite_seconds: float
    unreadable: int = 0

    @property
    def packages(self) -> int:
        return sum(self.counts.values())

    @property
    def tested(self) -> int:
        """How many packages came to a verdict."""
        return sum(count for status, count in self.counts.items() if status.is_final)

    @property
    def pass_rate(self) -> float | None:
        """The share of tested packages that passed; None where none was tested."""
        return self.counts[Status.PASS] / self.tested if self.tested else None


class Standing(enum.StrEnum):
    """What is known of a signature today."""

    OPEN = "open"  # the last time that its packages were tested, it was there
    GONE = "gone"  # all of its packages have come through since, without it
    NOT_TESTED = "not_tested"  # some have not: nothing is known


@dataclass(frozen=True, kw_only=True)
class SignatureHistory:
    """When a signature was seen, and in what.

    ``tested_since`` counts runs since it was seen last in which one of its packages came through,
    under the condition that it was seen under. One that hangs proves nothing, nor does one that
    crashes in another way.
    """

    signature: str
    standing: Standing
    first: StoredRun
    last: StoredRun
    runs: int
    packages: tuple[str, ...]
    tested_since: int


@dataclass(frozen=True, kw_only=True)
class FlakyPackage:
    """A package that came to different verdicts although all that is recorded was the same.

    ``statuses`` are the verdicts over the runs of those inputs, in the runs' order; ``changes``
    counts how often one follows another. ``source`` is the revision or version.
    """

    package: str
    source: str
    condition: str
    statuses: tuple[Status, ...]

    @property
    def changes(self) -> int:
        return sum(a is not b for a, b in zip(self.statuses, self.statuses[1:], strict=False))


@dataclass(frozen=True, kw_only=True)
class History:
    """Runs by their start, the first first. ``other_kinds`` counts runs of other kinds."""

    runs: tuple[RunTrend, ...]
    signatures: tuple[SignatureHistory, ...]
    flaky: tuple[FlakyPackage, ...]
    other_kinds: dict[RunKind, int] = field(default_factory=dict)


def read_history(runs: Sequence[StoredRun], last: int | None = None) -> History:
    """Read the hunts among these runs, which are in the order of their start; the ``last`` ones.

    Runs are read one after another, and little is kept of each: five million records fit.
    """
    hunts = [run for run in runs if run.kind is RunKind.HUNT]
    others: Counter[RunKind] = Counter(run.kind for run in runs if run.kind is not RunKind.HUNT)
    collected = _Collected()
    trends = [collected.add(run) for run in (hunts[-last:] if last else hunts)]
    return History(
        runs=tuple(trends),
        signatures=tuple(collected.signatures()),
        flaky=tuple(collected.flaky()),
        other_kinds=dict(others),
    )


#: One package in one run: the run's number, the verdict's number in _FINAL, the signature of a
#: crash, and what it was tested with as one number, 0 where its source is not known. There are
#: hundreds of thousands; of plain values, so that the garbage collector lets go of them.
_Visit: TypeAlias = "tuple[int, int, str | None, int]"

_FINAL = tuple(status for status in Status if status.is_final)
_NUMBERS = {status.value: number for number, status in enumerate(_FINAL)}
_CRASH = _NUMBERS[Status.CRASH.value]
_THROUGH = frozenset(_NUMBERS[status.value] for status in _FINAL if came_through(status))
_status_text = operator.attrgetter("status._value_")  # an enum's own hash is slow


class _Collected:
    """What is kept of every run: per package, what each run found with which inputs."""

    def __init__(self) -> None:
        self._runs: list[StoredRun] = []
        self._conditions: list[str] = []
        self._visits: defaultdict[str, list[_Visit]] = defaultdict(list)
        self._sources: dict[int, tuple[str, str]] = {}
        self._signatures: dict[str, str] = {}

    def add(self, run: StoredRun) -> RunTrend:
        """Take up one run; its records are forgotten afterwards."""
        lines = read_lines(run.lines_path, Seen)
        records = {canonical(line.package): line for line in lines.items}
        counts = Counter(map(_status_text, records.values()))
        target, condition = target_facts(run.meta), str(condition_facts(run.meta))
        signatures = self._add_visits(records, target.identity, condition)
        self._runs.append(run)
        self._conditions.append(condition)
        return RunTrend(
            run=run,
            target=target,
            condition=condition,
            counts={status: counts[status.value] for status in Status},
            signatures=signatures,
            suite_seconds=sum(line.duration_seconds or 0.0 for line in records.values()),
            unreadable=lines.unreadable,
        )

    def _add_visits(self, records: Mapping[str, Seen], build: str, condition: str) -> int:
        """Note each package that came to a verdict; returns how many signatures there are.

        The loop runs half a million times in a long history, so that it calls little.
        """
        number = len(self._runs)
        visits, sources = self._visits, self._sources
        signatures = set()
        for package, seen in records.items():
            status = _NUMBERS.get(seen.status._value_)
            if status is None:
                continue
            signature = None
            if status == _CRASH and seen.crash_signature:
                signature = self._signatures.setdefault(seen.crash_signature, seen.crash_signature)
                signatures.add(signature)
            inputs = 0
            source = seen.git_revision or seen.sdist_version or seen.package_version
            if source:
                under = seen.condition or condition
                target = seen.target_id or build
                inputs = hash((source, under, target, bytes(seen.installed_dependencies))) or 1
                if inputs not in sources:
                    sources[inputs] = (source, under)
            visits[package].append((number, status, signature, inputs))
        return len(signatures)

    def signatures(self) -> Iterator[SignatureHistory]:
        """Each signature, those that are there today first, then by when they were seen last."""
        sightings: dict[str, list[tuple[int, str]]] = {}
        for package, visits in self._visits.items():
            for run, _, signature, _ in visits:
                if signature is not None:
                    sightings.setdefault(signature, []).append((run, package))
        found = [self._signature_history(*item) for item in sightings.items()]
        order = list(Standing)
        found.sort(key=lambda each: each.signature)
        found.sort(key=lambda each: each.last.started, reverse=True)
        found.sort(key=lambda each: order.index(each.standing))
        yield from found

    def _signature_history(
        self, signature: str, sightings: list[tuple[int, str]]
    ) -> SignatureHistory:
        runs = sorted({run for run, _ in sightings})
        packages = sorted({package for _, package in sightings})
        conditions = {self._conditions[run] for run in runs}
        last = runs[-1]
        tested_since: set[int] = set()
        untested = []
        for package in packages:
            since = {
                run
                for run, status, *_ in self._visits[package]
                if run > last and status in _THROUGH and self._conditions[run] in conditions
            }
            tested_since |= since
            if not since:
                untested.append(package)
        if not tested_since:
            newer = any(condition in conditions for condition in self._conditions[last + 1 :])
            standing = Standing.NOT_TESTED if newer else Standing.OPEN
        else:
            standing = Standing.NOT_TESTED if untested else Standing.GONE
        return SignatureHistory(
            signature=signature,
            standing=standing,
            first=self._runs[runs[0]],
            last=self._runs[last],
            runs=len(runs),
            packages=tuple(packages),
            tested_since=len(tested_since),
        )

    def flaky(self) -> Iterator[FlakyPackage]:
        """Packages that had different verdicts with the same inputs, the most restless first."""
        found = []
        for package, visits in self._visits.items():
            by_inputs: dict[int, list[int]] = {}
            for _, status, _, inputs in visits:
                if inputs:
                    by_inputs.setdefault(inputs, []).append(status)
            for inputs, statuses in by_inputs.items():
                if statuses.count(statuses[0]) != len(statuses):
                    source, condition = self._sources[inputs]
                    found.append(
                        FlakyPackage(
                            package=package,
                            source=source,
                            condition=condition,
                            statuses=tuple(_FINAL[status] for status in statuses),
                        )
                    )
        found.sort(key=lambda each: (-each.changes, each.package))
        yield from found
