"""A hunt's report: statuses, crashes by signature, packages, times."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from labeille import __version__
from labeille.analysis.run import read_facts
from labeille.analysis.runs import parse_time
from labeille.reports.page.anchors import Anchors
from labeille.reports.page.circumstances import (
    env_words,
    recorded_slots,
    run_facts,
    run_warnings,
    subtitle,
)
from labeille.reports.page.durations import Timed, build_durations
from labeille.reports.page.findings import commands, crash_findings, version_words
from labeille.reports.page.logs import LogShares, package_logs
from labeille.reports.page.model import Column, Count, Detail, Fact, Figure, Outcome, Page, Row
from labeille.reports.page.suite_tests import TestReader, counts_words
from labeille.reports.page.timeline import Work, build_timeline
from labeille.reports.quantities import bytes_text, counted
from labeille.reports.showable import shown_line
from labeille.reports.tones import GRAVITY, STATUS_TONES, Tone
from labeille.reports.words import duration_text
from labeille.results.model import Record, Status
from labeille.results.triage import read_triage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labeille.analysis.run import RunFacts
    from labeille.analysis.runs import StoredRun
    from labeille.reports.page.history import Histories

COLUMNS = (
    Column(name="tests", title="tests that ended", unit="tests"),
    Column(name="failed", title="tests that failed or had errors", minor=True),
    Column(name="time", title="seconds that the suite took", unit="s"),
    Column(name="install", title="seconds that installing took", minor=True),
    Column(name="executors", title="traces that the JIT had compiled at the end", minor=True),
)

#: Distributions that are named among what was installed: of one package, of all together.
_INSTALLED, _INSTALLED_ALL = 60, 10_000
#: Characters of one fact about a package: at most, of all packages' together, and at least.
_FACT, _FACT_ALL, _FACT_LEAST = 1000, 200_000, 120
#: Characters of the line under a package's name.
REMARK = 260
_RANKS = {status: rank for rank, status in enumerate(GRAVITY)}

_OUTCOMES = {
    Status.PASS: Outcome.PASSED,
    Status.FAIL: Outcome.FAILED,
    Status.CRASH: Outcome.FAILED,
    Status.TIMEOUT: Outcome.FAILED,
    Status.INSTALL_ERROR: Outcome.ERROR,
    Status.CLONE_ERROR: Outcome.ERROR,
    Status.ERROR: Outcome.ERROR,
}


def hunt_page(run: StoredRun, histories: Histories, *, details: bool) -> Page:
    """The report of one hunt; without logs and tests of each package unless ``details``."""
    return _Hunt(run, histories).page(details=details)


class _Hunt:
    def __init__(self, run: StoredRun, histories: Histories) -> None:
        self._run = run
        self._histories = histories
        self._facts = read_facts(run)
        ordered = sorted(
            self._facts.records, key=lambda record: (_RANKS[record.status], record.package)
        )
        self._records = tuple(ordered)
        self._packages = Anchors("p")
        self._findings = Anchors("f")
        self._triage = read_triage(run.path)

    def page(self, *, details: bool) -> Page:
        facts, run = self._facts, self._run
        return Page(
            title=f"{run.run_id}: {hunt_heading(facts)}",
            kind="hunt",
            run_id=run.run_id,
            heading=hunt_heading(facts),
            tone=_tone(facts),
            subtitle=subtitle(run),
            counts=_counts(facts),
            figures=tuple(_figures(facts)),
            warnings=tuple(_warnings(facts)),
            findings=tuple(
                crash_findings(
                    run,
                    facts.crashes,
                    (self._findings, self._packages),
                    self._histories,
                    self._triage,
                )
            ),
            timeline=build_timeline(self._works(), slots=recorded_slots(run.meta)),
            durations=build_durations(self._timed()),
            columns=COLUMNS,
            rows=tuple(self._rows(details=details)),
            facts=run_facts(run),
            made=f"Written by labeille {__version__}.",
        )

    def _rows(self, *, details: bool) -> Iterator[Row]:
        shares = LogShares(STATUS_TONES[record.status] for record in self._records)
        not_passed = sum(record.status is not Status.PASS for record in self._records)
        tests = TestReader(self._run.path, not_passed)
        for record in self._records:
            tone = STATUS_TONES[record.status]
            yield Row(
                package=shown_line(record.package, 100),
                anchor=self._packages.of(record.package),
                version=version_words(record),
                word=record.status.value,
                tone=tone,
                rank=_RANKS[record.status],
                remark=remark(record),
                outcome=_OUTCOMES[record.status],
                cells=_cells(record),
                seconds=record.duration_seconds or None,
                history=self._histories.of(record.package),
                detail=self._detail(record, tests, shares.of(tone)) if details else Detail(),
            )

    def _detail(self, record: Record, tests: TestReader, limit: int) -> Detail:
        crashed = record.status is Status.CRASH
        return Detail(
            finding=self._findings.of(record.crash_signature or "") if crashed else "",
            facts=tuple(fact for fact in _detail_facts(record, len(self._records)) if fact.value),
            commands=() if crashed else tuple(commands(self._run, record)),
            tests=tests.lines(record),
            tests_note=counts_words(record, tests.failed),
            logs=tuple(package_logs(self._run.path, record, limit)),
        )

    def _works(self) -> Iterator[Work]:
        for record in self._records:
            ended = parse_time(record.timestamp)
            if ended is None or record.duration_seconds <= 0:
                continue
            took = duration_text(record.duration_seconds)
            words = f"{record.package}: {record.status}, {took}, until {ended:%H:%M:%S}"
            yield Work(
                began=ended.timestamp() - record.duration_seconds,
                ended=ended.timestamp(),
                tone=STATUS_TONES[record.status],
                anchor=self._packages.of(record.package),
                words=shown_line(words),
            )

    def _timed(self) -> list[Timed]:
        return [
            Timed(
                name=shown_line(record.package, 60),
                seconds=record.duration_seconds,
                tone=STATUS_TONES[record.status],
                anchor=self._packages.of(record.package),
            )
            for record in self._records
        ]


def hunt_heading(facts: RunFacts) -> str:
    """What a hunt found, as one sentence."""
    counts = facts.counts
    packages, crashed = len(facts.records), counts[Status.CRASH]
    if not packages:
        return "No package has been tested"
    if packages == 1:
        record = facts.records[0]
        return f"{shown_line(record.package, 60)}: {record.status}"
    if not crashed:
        hung = counts[Status.TIMEOUT]
        rest = f", {hung} timed out" if hung else ""
        return f"No crash in {counted(packages, 'package')}{rest}"
    signatures = len(facts.crashes)
    rest = f" with {counted(signatures, 'signature')}" if crashed > 1 else ""
    return f"{crashed:,} of {counted(packages, 'package')} crashed{rest}"


def _tone(facts: RunFacts) -> Tone:
    counts = facts.counts
    if counts[Status.CRASH]:
        return Tone.CRASH
    return Tone.PLAIN


def _counts(facts: RunFacts) -> tuple[Count, ...]:
    counts = facts.counts
    return tuple(
        Count(word=status.value, tone=STATUS_TONES[status], number=counts[status])
        for status in GRAVITY
        if counts[status] or status in (Status.CRASH, Status.PASS)
    )


def _figures(facts: RunFacts) -> Iterator[Figure]:
    records = facts.records
    yield Figure(value=f"{facts.tests_run:,}", label="tests that ended")
    failed = sum(record.tests.failed + record.tests.error for record in records if record.tests)
    yield Figure(value=f"{failed:,}", label="of them failed")
    yield Figure(value=duration_text(facts.suite_seconds), label="suites together")
    with_jit = [record.jit for record in records if record.jit and record.jit.enabled]
    executors = [jit.executors for jit in with_jit if jit.executors is not None]
    if executors:
        compiled = sum(count > 0 for count in executors)
        yield Figure(
            value=f"{compiled:,} of {len(executors):,}", label="suites in which the JIT compiled"
        )
        yield Figure(value=f"{statistics.median(executors):,.0f}", label="executors, median")
    largest = max((record.max_rss_bytes or 0 for record in records), default=0)
    if largest:
        yield Figure(value=bytes_text(largest), label="memory, largest suite")


def _warnings(facts: RunFacts) -> Iterator[str]:
    yield from run_warnings(facts.run)
    unreadable = facts.run.lines.unreadable
    if unreadable:
        yield f"{counted(unreadable, 'line')} of {facts.run.lines_path.name} cannot be read."
    if facts.missing and facts.run.meta.finished_at is not None:
        yield f"{counted(facts.missing, 'selected package')} without a record: not run."
    idle = len(facts.without_executors)
    if idle:
        yield (
            f"{counted(idle, 'suite')} passed although the JIT compiled nothing in "
            f"{'it' if idle == 1 else 'them'}: that pass means little."
        )


def remark(record: Record) -> str:
    """The one line under a package's name: a signature, a reason."""
    if record.crash_signature:
        where = f" in {record.running_test}" if record.running_test else ""
        return shown_line(f"{record.crash_signature}{where}", REMARK)
    text = record.reason or record.error_message or ""
    if not text and record.status is Status.FAIL and record.failed_tests:
        more = len(record.failed_tests) - 1
        text = record.failed_tests[0] + (f" and {more:,} more" if more else "")
    return shown_line(text, REMARK)


def _cells(record: Record) -> tuple[str, ...]:
    tests, jit = record.tests, record.jit
    failed = tests.failed + tests.error if tests else 0
    executors = jit.executors if jit and jit.enabled else None
    return (
        f"{tests.total:,}" if tests else "",
        f"{failed:,}" if failed else "",
        f"{record.duration_seconds:,.1f}" if record.duration_seconds else "",
        f"{record.install_duration_seconds:,.1f}" if record.install_duration_seconds else "",
        "" if executors is None else f"{executors:,}",
    )


def _detail_facts(record: Record, packages: int) -> Iterator[Fact]:
    """What is recorded of a package's trial; the more packages there are, the shorter."""
    limit = max(_FACT_LEAST, min(_FACT, _FACT_ALL // packages))

    def code(name: str, value: str) -> Fact:
        return Fact(name=name, value=shown_line(value, limit), code=True)

    reason = record.reason or record.error_message or ""
    if len(reason) > REMARK and limit > REMARK:
        yield Fact(name="reason", value=shown_line(reason, limit))
    if record.exit_code:
        ended_by = f", signal {record.signal}" if record.signal else ""
        yield Fact(name="exit code", value=f"{record.exit_code}{ended_by}")
    yield code("test command", record.test_command)
    yield code("install command", record.install_command or "")
    yield code("environment", env_words({**record.package_env, **record.env_overrides}))
    source = " ".join(filter(None, (record.install_from, record.git_revision, record.repo)))
    yield code("source", source)
    if record.source_note:
        yield Fact(name="note", value=shown_line(record.source_note, limit))
    if record.cpu_seconds:
        yield Fact(name="CPU time", value=duration_text(record.cpu_seconds))
    if record.max_rss_bytes:
        yield Fact(name="memory", value=bytes_text(record.max_rss_bytes))
    yield Fact(name="installed", value=_installed(record, packages))


def _installed(record: Record, packages: int) -> str:
    limit = max(5, min(_INSTALLED, _INSTALLED_ALL // packages))
    items = [f"{name} {version}" for name, version in record.installed_dependencies.items()]
    more = len(items) - limit
    shown = shown_line(", ".join(items[:limit]), 40 * limit)
    return f"{shown} and {more} more" if more > 0 else shown
