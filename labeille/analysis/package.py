"""Everything that stored runs know of one package."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from labeille.analysis.inputs import canonical, condition_facts, target_facts
from labeille.errors import ResultsError, UsageError
from labeille.results.kinds import RunKind
from labeille.results.model import Record, Status
from labeille.results.reading import parse_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from labeille.analysis.runs import StoredRun


@dataclass(frozen=True, kw_only=True)
class Visit:
    """What one hunt found of the package."""

    run: StoredRun
    record: Record

    @property
    def target(self) -> str:
        return str(target_facts(self.run.meta, self.record.target_id))

    @property
    def condition(self) -> str:
        return str(condition_facts(self.run.meta, self.record))


@dataclass(frozen=True, kw_only=True)
class OtherVisit:
    """What a run of another kind found of it, in words."""

    run: StoredRun
    verdict: str


@dataclass(frozen=True, kw_only=True)
class SeenSignature:
    """A signature of the package's crashes; ``last`` is the newest crash with it."""

    signature: str
    first: Visit
    last: Visit
    count: int


@dataclass(frozen=True, kw_only=True)
class PackageHistory:
    """One package over all runs, by their start, the first first.

    ``not_in`` counts hunts that have no record of it.
    """

    package: str
    visits: tuple[Visit, ...]
    others: tuple[OtherVisit, ...]
    not_in: int

    @property
    def signatures(self) -> tuple[SeenSignature, ...]:
        """Its crashes by signature, the one seen last first."""
        groups: dict[str, list[Visit]] = {}
        for visit in self.visits:
            signature = visit.record.crash_signature
            if visit.record.status is Status.CRASH and signature:
                groups.setdefault(signature, []).append(visit)
        found = [
            SeenSignature(signature=key, first=group[0], last=group[-1], count=len(group))
            for key, group in groups.items()
        ]
        return tuple(sorted(found, key=lambda seen: seen.last.run.started, reverse=True))

    @property
    def counts(self) -> dict[Status, int]:
        """How many runs came to which status."""
        counts = Counter(visit.record.status for visit in self.visits)
        return {status: counts[status] for status in Status if counts[status]}

    @property
    def failing_tests(self) -> tuple[tuple[str, int], ...]:
        """How many runs each test failed in, the most first."""
        tests = Counter(test for visit in self.visits for test in set(visit.record.failed_tests))
        return tuple(sorted(tests.items(), key=lambda item: (-item[1], item[0])))

    @property
    def usual_duration(self) -> float | None:
        """The median duration in seconds of suites that came to their end; None without any."""
        durations = [
            visit.record.duration_seconds
            for visit in self.visits
            if visit.record.status in (Status.PASS, Status.FAIL) and visit.record.duration_seconds
        ]
        return statistics.median(durations) if durations else None

    @property
    def last_not_passed(self) -> Visit | None:
        """The newest visit that was tested and did not pass."""
        bad = (Status.CRASH, Status.FAIL, Status.TIMEOUT)
        return next((v for v in reversed(self.visits) if v.record.status in bad), None)


def read_package(runs: Sequence[StoredRun], name: str) -> PackageHistory:
    """Look a package up in runs, which are in the order of their start.

    Only its own lines are read in full. Raises UsageError where no run knows it.
    """
    visits, others = [], []
    not_in = 0
    for run in runs:
        if run.kind is RunKind.HUNT:
            lines = parse_lines(_lines_of(run, name), Record).items
            if lines:
                visits.append(Visit(run=run, record=lines[-1]))
            else:
                not_in += 1
        else:
            others += [
                OtherVisit(run=run, verdict=verdict) for verdict in _other_verdicts(run, name)
            ]
    if not visits and not others:
        raise UsageError(
            f"none of {len(runs)} runs has a record of {name}",
            hint="'labeille analyze run' shows what one holds; --results-dir names another folder",
        )
    return PackageHistory(package=name, visits=tuple(visits), others=tuple(others), not_in=not_in)


def _lines_of(run: StoredRun, name: str) -> bytes:
    """The lines of a run that are of one package; half a percent of the time that all take."""
    try:
        content = run.lines_path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise ResultsError(f"{run.lines_path} cannot be read: {error.strerror}") from None
    return b"\n".join(
        line
        for line in _candidates(content, name)
        if any(
            canonical(each.package) == canonical(name) for each in parse_lines(line, _Named).items
        )
    )


class _Named(msgspec.Struct):
    package: str


def _candidates(content: bytes, name: str) -> Iterator[bytes]:
    """The lines that hold the package's name behind the word "package", however it is spelled."""
    words = re.split(r"[-_.]+", name)
    spelled = rb"[-_.]+".join(re.escape(word.encode()) for word in words)
    pattern = re.compile(rb'"package"\s*:\s*"' + spelled + rb'"', re.IGNORECASE)
    for match in pattern.finditer(content):
        begin = content.rfind(b"\n", 0, match.start()) + 1
        end = content.find(b"\n", match.end())
        yield content[begin : end if end >= 0 else len(content)]


class _FreeThreaded(msgspec.Struct):
    """The part of a free-threaded result that is told here."""

    package: str
    category: str = ""
    pass_rate: float | None = None
    iterations_completed: int | None = None


class _Differential(msgspec.Struct):
    """The part of a differential result that is told here."""

    package: str
    verdict: str = ""
    conditions: list[str] = []


def _other_verdicts(run: StoredRun, name: str) -> list[str]:
    """What the last line of a run that is no hunt says of a package, in words."""
    lines = _lines_of(run, name)
    if run.kind is RunKind.FREE_THREADED:
        return [_free_threaded_words(each) for each in parse_lines(lines, _FreeThreaded).items[-1:]]
    return [_differential_words(each) for each in parse_lines(lines, _Differential).items[-1:]]


def _free_threaded_words(result: _FreeThreaded) -> str:
    words = result.category or "no category"
    if result.pass_rate is None or not result.iterations_completed:
        return words
    return f"{words}, {result.pass_rate:.0%} of {result.iterations_completed} iterations passed"


def _differential_words(result: _Differential) -> str:
    words = result.verdict or "no verdict"
    return f"{words} under {', '.join(result.conditions)}" if result.conditions else words
