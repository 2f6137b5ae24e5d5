"""A free-threaded run's report: what many iterations without the GIL did to each package."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from labeille import __version__
from labeille.analysis.freethreading.compat import GilVerdict, package_compat
from labeille.analysis.freethreading.rates import package_rate
from labeille.analysis.freethreading.runs import FreeThreadedRun
from labeille.analysis.freethreading.tallies import tallies
from labeille.analysis.runs import parse_time
from labeille.reports.document import plain
from labeille.reports.freethreading.whole import repeat_command
from labeille.reports.freethreading.words import (
    GRAVITY,
    MEANINGS,
    percent,
    rate_sentence,
    remark,
    tally_verdict,
    verdict_text,
)
from labeille.reports.page.anchors import Anchors
from labeille.reports.page.circumstances import (
    env_words,
    recorded_slots,
    run_facts,
    run_warnings,
    subtitle,
)
from labeille.reports.page.durations import Timed, build_durations
from labeille.reports.page.freethreading_findings import findings
from labeille.reports.page.logs import LogShares, folder_logs, text_end
from labeille.reports.page.model import (
    Column,
    Command,
    Count,
    Detail,
    Fact,
    Figure,
    Lines,
    Outcome,
    Page,
    Row,
    TestLine,
)
from labeille.reports.page.timeline import Work, build_timeline
from labeille.reports.quantities import counted
from labeille.reports.showable import shown_line
from labeille.reports.tones import CATEGORY_TONES, ITERATION_TONES, Tone
from labeille.reports.words import duration_text
from labeille.results.freethreading import Category, IterationStatus

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from labeille.analysis.runs import StoredRun
    from labeille.reports.page.history import Histories
    from labeille.results.freethreading import FreeThreadedRecord, Iteration

COLUMNS = (
    Column(name="iterations", title="iterations that say something", unit="iterations"),
    Column(name="passed", title="per cent of iterations that passed", unit="passed"),
    Column(name="with GIL", title="per cent that passed with the GIL", minor=True),
    Column(name="crashes", title="iterations that crashed", minor=True),
    Column(name="hangs", title="iterations that stalled or took too long", minor=True),
    Column(name="races", title="iterations with reports of ThreadSanitizer", minor=True),
    Column(name="time", title="seconds that an iteration took, the mean", minor=True),
)

_OUTCOMES = {
    Category.CRASH: Outcome.FAILED,
    Category.DEADLOCK: Outcome.FAILED,
    Category.TSAN_WARNINGS: Outcome.FAILED,
    Category.INCOMPATIBLE: Outcome.FAILED,
    Category.INTERMITTENT: Outcome.FAILED,
    Category.COMPATIBLE_GIL_FALLBACK: Outcome.PASSED,
    Category.COMPATIBLE: Outcome.PASSED,
    Category.IMPORT_FAILURE: Outcome.ERROR,
    Category.INSTALL_FAILURE: Outcome.ERROR,
    Category.UNKNOWN: Outcome.SKIPPED,
}

#: Tests of a package that are listed.
_TESTS = 40
_RANKS = {category: rank for rank, category in enumerate(GRAVITY)}
_UNTRIED = (Category.INSTALL_FAILURE, Category.IMPORT_FAILURE)


def freethreading_page(stored: StoredRun, histories: Histories, *, details: bool) -> Page:
    """The report of one free-threaded run; without logs and tests unless ``details``."""
    return _FreeThreading(stored, histories).page(details=details)


class _FreeThreading:
    def __init__(self, stored: StoredRun, histories: Histories) -> None:
        self._stored = stored
        self._histories = histories
        self._run = FreeThreadedRun(stored)
        self._records = sorted(
            self._run.records.values(),
            key=lambda record: (_RANKS[record.category], record.package),
        )
        self._packages = Anchors("p")

    def page(self, *, details: bool) -> Page:
        heading = self._heading()
        stored = self._stored
        return Page(
            title=f"{stored.run_id}: {heading}",
            kind="free-threaded",
            run_id=stored.run_id,
            heading=heading,
            tone=Tone.PLAIN,
            subtitle=subtitle(stored),
            counts=self._counts(),
            figures=tuple(self._figures()),
            warnings=tuple(self._warnings()),
            findings_title="Findings",
            findings=findings(self._run, self._records, self._packages),
            timeline=build_timeline(
                self._works(), slots=recorded_slots(stored.meta), noun="iteration"
            ),
            durations=build_durations(self._timed(), mean=True),
            columns=COLUMNS,
            rows=tuple(self._rows(details=details)),
            facts=run_facts(stored),
            made=f"Written by labeille {__version__}.",
        )

    def _heading(self) -> str:
        tested = [record for record in self._records if record.category not in _UNTRIED]
        if not tested:
            return "No package has been tested"
        good = (Category.COMPATIBLE, Category.COMPATIBLE_GIL_FALLBACK)
        compatible = sum(record.category in good for record in tested)
        crashed = sum(record.category is Category.CRASH for record in tested)
        rest = f", {crashed} crash" if crashed > 1 else ", 1 crashes" if crashed else ""
        return f"{compatible} of {counted(len(tested), 'package')} pass without the GIL{rest}"

    def _counts(self) -> tuple[Count, ...]:
        counts = Counter(record.category for record in self._records)
        return tuple(
            Count(word=category.value, tone=CATEGORY_TONES[category], number=counts[category])
            for category in GRAVITY
            if counts[category]
        )

    def _figures(self) -> Iterator[Figure]:
        statuses = Counter(
            iteration.status for record in self._records for iteration in record.iterations
        )
        yield Figure(value=f"{statuses.total():,}", label="iterations without the GIL")
        for status in IterationStatus:
            if statuses[status]:
                yield Figure(value=f"{statuses[status]:,}", label=f"of them {status}")
        races = {report.key for record in self._records for report in record.tsan_reports}
        if races:
            yield Figure(value=f"{len(races):,}", label="different races")
        seconds = self._run.meta.total_duration_s
        if seconds:
            yield Figure(value=duration_text(seconds), label="suites together")

    def _warnings(self) -> Iterator[str]:
        yield from run_warnings(self._stored)
        if self._run.lines.unreadable:
            name = self._stored.lines_path.name
            yield f"{counted(self._run.lines.unreadable, 'line')} of {name} cannot be read."
        if self._run.unfinished:
            left = self._run.planned - len(self._records)
            yield f"{counted(left, 'package')} of the run have no result yet."
        fallback = [
            record.package
            for record in self._records
            if record.category is Category.COMPATIBLE_GIL_FALLBACK
        ]
        if fallback:
            named = shown_line(", ".join(fallback), 160)
            yield (
                f"Of {counted(len(fallback), 'package')} an extension module turns the GIL on "
                f"again, so that passing says little of free threading: {named}."
            )

    # Packages

    def _rows(self, *, details: bool) -> Iterator[Row]:
        shares = LogShares(CATEGORY_TONES[record.category] for record in self._records)
        for record in self._records:
            tone = CATEGORY_TONES[record.category]
            yield Row(
                package=shown_line(record.package, 100),
                anchor=self._packages.of(record.package),
                version=_version(record),
                word=record.category.value,
                tone=tone,
                rank=_RANKS[record.category],
                remark=shown_line(plain(remark(record)), 260),
                outcome=_OUTCOMES[record.category],
                cells=_cells(record),
                seconds=record.mean_duration_s or None,
                history=self._histories.of(record.package),
                detail=self._detail(record, shares.of(tone)) if details else Detail(),
            )

    def _detail(self, record: FreeThreadedRecord, limit: int) -> Detail:
        command = shown_line(repeat_command(self._run, record), 2000)
        return Detail(
            facts=tuple(fact for fact in _detail_facts(record) if fact.value),
            commands=(Command(title="Repeat", text=command),),
            tests=tuple(_tests(record)),
            tests_note=_iterations_words(record.iterations),
            logs=tuple(self._logs(record, limit)),
        )

    def _logs(self, record: FreeThreadedRecord, limit: int) -> Iterator[Lines]:
        """The log ends of the gravest iteration."""
        order = list(ITERATION_TONES)
        worst = max(
            record.iterations,
            key=lambda iteration: (
                iteration.status is not IterationStatus.PASS,
                order.index(iteration.status),
            ),
            default=None,
        )
        if worst is None:
            text = record.install_error or record.import_error
            lines = text_end(text, "Error", limit) if text else None
            if lines is not None:
                yield lines
            return
        folder = worst.logs or f"logs/{record.package}/{worst.index}"
        found = list(folder_logs(self._run.path / folder, limit, under=self._run.path))
        if not found and worst.stderr_tail:
            lines = text_end(worst.stderr_tail, "Standard error", limit)
            found = [lines] if lines else []
        yield from found

    # Times

    def _works(self) -> Iterator[Work]:
        for record in self._records:
            series = (
                record.iterations,
                record.gil_enabled_iterations or (),
                record.stress_iterations,
            )
            for iteration in (each for group in series for each in group):
                ended = parse_time(iteration.timestamp)
                if ended is None or iteration.duration_s <= 0:
                    continue
                took = duration_text(iteration.duration_s)
                condition = f", {iteration.condition}" if iteration.condition else ""
                words = f"{record.package} {iteration.index}{condition}: {iteration.status}, {took}"
                yield Work(
                    began=ended.timestamp() - iteration.duration_s,
                    ended=ended.timestamp(),
                    tone=ITERATION_TONES[iteration.status],
                    anchor=self._packages.of(record.package),
                    words=shown_line(words),
                )

    def _timed(self) -> Iterator[Timed]:
        for record in self._records:
            yield Timed(
                name=shown_line(record.package, 60),
                seconds=record.mean_duration_s,
                tone=CATEGORY_TONES[record.category],
                anchor=self._packages.of(record.package),
            )


def _version(record: FreeThreadedRecord) -> str:
    version = record.package_version or record.sdist_version or ""
    commit = (record.commit or "")[:7]
    return shown_line(" ".join(dict.fromkeys(filter(None, (version, commit)))), 80)


def _cells(record: FreeThreadedRecord) -> tuple[str, ...]:
    hangs = record.timeout_count + record.deadlock_count
    with_gil = record.gil_enabled_pass_rate
    runs = record.iterations_completed
    return (
        f"{runs:,}" if runs else "",
        percent(record.pass_rate) if runs else "",
        "" if with_gil is None else percent(with_gil),
        f"{record.crash_count:,}" if record.crash_count else "",
        f"{hangs:,}" if hangs else "",
        f"{record.tsan_warning_iterations:,}" if record.tsan_warning_iterations else "",
        f"{record.mean_duration_s:,.1f}" if record.mean_duration_s else "",
    )


def _detail_facts(record: FreeThreadedRecord) -> Iterator[Fact]:
    yield Fact(name="category", value=MEANINGS[record.category])
    rate = package_rate(record)
    if rate.runs:
        yield Fact(name="rate", value=rate_sentence(rate))
    yield Fact(name="to blame", value=verdict_text(record.breakage))
    compat = package_compat(record)
    if compat.verdict is not GilVerdict.NOT_EXAMINED:
        named = ", ".join(module.module_name for module in compat.asking)
        value = f"{compat.verdict}: {named}" if named else compat.verdict.value
        yield Fact(name="GIL on import", value=shown_line(value, 600))
    for name, text in (
        ("stopped early", record.stopped_early),
        ("reason", record.reason),
        ("note", record.source_note),
    ):
        yield Fact(name=name, value=shown_line(text or "", 1000))
    for name, text in (
        ("test command", record.test_command),
        ("install command", record.install_command),
        ("environment", env_words(record.env_overrides)),
        ("source", " ".join(filter(None, (record.install_from, record.commit, record.repo)))),
    ):
        yield Fact(name=name, value=shown_line(text or "", 1000), code=True)
    items = (f"{name} {version}" for name, version in record.installed_dependencies.items())
    yield Fact(name="installed", value=shown_line(", ".join(items), 2000))


def _tests(record: FreeThreadedRecord) -> Iterator[TestLine]:
    """Each test that failed at least once, the most often failing first."""
    counted_tests = tallies(record)
    ordered = sorted(
        counted_tests.items(), key=lambda item: (item[1].passes - item[1].runs, item[0])
    )
    for test, tally in ordered[:_TESTS]:
        failures = tally.runs - tally.passes
        if not failures:
            continue
        always = failures == tally.runs
        yield TestLine(
            id=shown_line(test, 300),
            tone=Tone.FAIL if always else Tone.FLAKY,
            word=f"{failures} of {tally.runs} failed",
            message=shown_line(tally_verdict(tally), 240),
        )


def _iterations_words(iterations: Sequence[Iteration]) -> str:
    counts = Counter(iteration.status for iteration in iterations)
    words = ", ".join(f"{counts[each]} {each}" for each in IterationStatus if counts[each])
    return f"iterations: {words}" if words else ""
