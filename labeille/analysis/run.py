"""What one run found: totals, crashes by signature, failures by cause, durations."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeille.analysis.runs import parse_time
from labeille.results.model import Record, Status, TimeoutKind
from labeille.suites.commands import pytest_exit_reason

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable
    from pathlib import Path

    from labeille.analysis.runs import StoredRun

#: Upper ends of the histogram's bars in seconds; the last bar has none.
BAR_ENDS = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)


@dataclass(frozen=True, kw_only=True)
class CrashGroup:
    """All crashes with one signature, None for crashes that have none."""

    signature: str | None
    records: tuple[Record, ...]


@dataclass(frozen=True, kw_only=True)
class CauseGroup:
    """Packages that did not get through for the same cause, as far as words tell."""

    status: Status
    cause: str
    records: tuple[Record, ...]


@dataclass(frozen=True, kw_only=True)
class Bar:
    """How many suites took less than ``below`` seconds, and not less than the bar before."""

    below: float | None
    count: int


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """A hunt, taken apart."""

    run: StoredRun
    records: tuple[Record, ...]

    @property
    def counts(self) -> dict[Status, int]:
        """How many packages have which status, every status in its order."""
        counts = Counter(record.status for record in self.records)
        return {status: counts[status] for status in Status}

    @property
    def missing(self) -> int | None:
        """How many selected packages have no record; None where the run does not say."""
        selected = self.run.meta.packages
        return None if selected is None else max(0, selected - len(self.records))

    @property
    def finished(self) -> dt.datetime | None:
        """When the run ended; None while it goes, and of one that was killed."""
        return parse_time(self.run.meta.finished_at or "")

    @property
    def suite_seconds(self) -> float:
        """Seconds of all suites together."""
        return sum(record.duration_seconds for record in self.records)

    @property
    def tests_run(self) -> int:
        """How many tests ended, where that is known."""
        return sum(record.tests.total for record in self.records if record.tests)

    @property
    def without_executors(self) -> tuple[Record, ...]:
        """Suites that passed under a JIT that had compiled nothing: their pass means little."""
        return tuple(
            record
            for record in self.records
            if record.status is Status.PASS
            and record.jit is not None
            and record.jit.enabled
            and record.jit.executors == 0
        )

    @property
    def crashes(self) -> tuple[CrashGroup, ...]:
        """Crashes by signature, see ``crash_groups``."""
        return crash_groups(self.records)

    @property
    def causes(self) -> tuple[CauseGroup, ...]:
        """All other packages that did not pass, by status and cause, the most frequent first."""
        groups: dict[tuple[Status, str], list[Record]] = {}
        for record in self.records:
            if record.status not in (Status.PASS, Status.CRASH):
                groups.setdefault((record.status, cause(record)), []).append(record)
        order = list(Status)
        ordered = sorted(
            groups.items(), key=lambda item: (order.index(item[0][0]), -len(item[1]), item[0][1])
        )
        return tuple(
            CauseGroup(status=status, cause=text, records=tuple(group))
            for (status, text), group in ordered
        )

    def slowest(self, count: int) -> tuple[Record, ...]:
        """The packages whose suites took longest."""
        timed = (record for record in self.records if record.duration_seconds > 0)
        ordered = sorted(timed, key=lambda record: (-record.duration_seconds, record.package))
        return tuple(ordered[:count])

    @property
    def histogram(self) -> tuple[Bar, ...]:
        """How long suites took; empty bars at both ends are left out."""
        durations = [record.duration_seconds for record in self.records if record.duration_seconds]
        bars = []
        low = 0.0
        for below in (*BAR_ENDS, None):
            high = float("inf") if below is None else below
            bars.append(Bar(below=below, count=sum(low <= value < high for value in durations)))
            low = high
        while bars and bars[-1].count == 0:
            bars.pop()
        while bars and bars[0].count == 0:
            bars.pop(0)
        return tuple(bars)


def read_facts(run: StoredRun) -> RunFacts:
    """Read a hunt's records, the last of each package, in the order of their names."""
    records = sorted(run.records.values(), key=lambda record: record.package)
    return RunFacts(run=run, records=tuple(records))


def crash_groups(records: Iterable[Record]) -> tuple[CrashGroup, ...]:
    """The crashes among some records by signature, the one of most packages first."""
    groups: dict[str | None, list[Record]] = {}
    for record in records:
        if record.status is Status.CRASH:
            groups.setdefault(record.crash_signature or None, []).append(record)
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0] or ""))
    return tuple(CrashGroup(signature=key, records=tuple(group)) for key, group in ordered)


def evidence_path(run: StoredRun, record: Record) -> Path | None:
    """The absolute path of a crash's evidence, None where the run kept none.

    The original keeps a crash's standard error as ``crashes/<package>.stderr``.
    """
    if record.crash is not None and record.crash.evidence:
        return run.path / record.crash.evidence
    if record.status is not Status.CRASH:
        return None
    found = sorted((run.path / "crashes").glob(f"{_glob_safe(record.package)}.*"))
    return found[0] if found else None


def _glob_safe(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "?", name)


def cause(record: Record) -> str:
    """Why a package did not get through, in words that are the same for the same cause.

    Its own name, paths, addresses and measured numbers are left out.
    """
    match record.status:
        case Status.TIMEOUT:
            return _timeout_cause(record)
        case Status.FAIL:
            return record.reason or _exit_cause(record)
        case _:
            text = record.reason or record.error_message or "no reason is recorded"
            return normalised(text, record.package)


def _timeout_cause(record: Record) -> str:
    if record.timeout_kind is TimeoutKind.STALL:
        busy = "busy" if "(busy" in (record.reason or "") else "idle"
        return f"no sign of life any more, {busy}"
    return "still running at its limit"


def _exit_cause(record: Record) -> str:
    """Of a record without a reason: pytest's own words for its exit code, or that tests failed."""
    if record.exit_code in (None, 1):
        return "tests failed"
    return pytest_exit_reason(record.exit_code or 0) or f"exit code {record.exit_code}"


_HINT = re.compile(r" \(the whole output is in [^)]*\)")
_PLACE = re.compile(r"(?:[a-z][a-z0-9+.-]*://|git@|(?<![\w.])/)[^\s'\",;)]*[^\s'\",;:.)]")
_NUMBER = re.compile(r"\b\d+(?:\.\d+)?(?= (?:s|MiB|GiB)\b)|\b0x[0-9a-f]+\b")


def normalised(text: str, package: str) -> str:
    """A message on one line, without what differs from package to package."""
    text = " ".join(_HINT.sub("", text).split())
    text = _PLACE.sub("…", text)
    text = _NUMBER.sub("N", text)
    own = r"[-_.]+".join(map(re.escape, re.split(r"[-_.]+", package)))
    return re.sub(rf"(?<![\w-]){own}(?![\w-])", "…", text, flags=re.IGNORECASE)
