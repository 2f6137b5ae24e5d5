"""A differential's report: what behaves differently with the JIT, test by test."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from labeille import __version__
from labeille.reports.differential import SCOPE_WORDS
from labeille.reports.page.anchors import Anchors
from labeille.reports.page.circumstances import interpreter_words, run_facts, run_warnings
from labeille.reports.page.durations import Timed, build_durations
from labeille.reports.page.findings import fullest_crash, stack_lines, version_words
from labeille.reports.page.logs import LogShares, folder_logs, package_logs
from labeille.reports.page.model import (
    Case,
    Column,
    Command,
    Count,
    Detail,
    Fact,
    Figure,
    Finding,
    Outcome,
    Page,
    Row,
    TestLine,
)
from labeille.reports.quantities import counted
from labeille.reports.showable import shown_line
from labeille.reports.tones import DIFFERENTIAL_TONES, STATUS_TONES, Tone
from labeille.reports.words import duration_text
from labeille.results.differential import Differential, DifferentialVerdict
from labeille.results.directory import RECORDS_FILE
from labeille.results.model import Record, Status
from labeille.results.reading import read_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from labeille.analysis.runs import StoredRun
    from labeille.reports.page.history import Histories
    from labeille.results.differential import Finding as Found

#: Tests of one package that are listed with their verdicts.
_TESTS = 60
#: Findings of one package and verdict that are shown with their commands.
_CASES = 100
_RANKS = {verdict: rank for rank, verdict in enumerate(DifferentialVerdict)}
#: Between what differs and what is the same: packages that could not be compared.
_NOT_COMPARED = _RANKS[DifferentialVerdict.SAME] - 0.5


def differential_page(run: StoredRun, histories: Histories, *, details: bool) -> Page:
    """The report of one differential; without logs and tests of each package unless ``details``."""
    return _Differential(run, histories).page(details=details)


class _Differential:
    def __init__(self, run: StoredRun, histories: Histories) -> None:
        self._run = run
        self._histories = histories
        lines = read_lines(run.lines_path, Differential)
        self._unreadable = lines.unreadable
        last = {line.package: line for line in lines.items}
        self._lines = sorted(last.values(), key=lambda each: (_RANKS[each.verdict], each.package))
        self._records: dict[str, dict[str, Record]] = {}
        for record in read_lines(run.path / RECORDS_FILE, Record).items:
            self._records.setdefault(record.package, {})[record.condition or ""] = record
        self._missing = [
            max(found.values(), key=lambda record: record.timestamp)
            for package, found in sorted(self._records.items())
            if package not in last
        ]
        self._conditions = tuple(
            dict.fromkeys(name for line in self._lines for name in line.conditions)
        )
        self._packages = Anchors("p")
        self._anchors = Anchors("f")

    def page(self, *, details: bool) -> Page:
        run = self._run
        heading = self._heading()
        return Page(
            title=f"{run.run_id}: {heading}",
            kind="differential",
            run_id=run.run_id,
            heading=heading,
            tone=Tone.PLAIN,
            subtitle=tuple(self._subtitle()),
            counts=self._counts(),
            figures=tuple(self._figures()),
            warnings=tuple(self._warnings()),
            findings_title="Findings",
            findings=tuple(self._findings()),
            findings_number=sum(len(line.findings) for line in self._lines),
            durations=build_durations(self._timed()),
            columns=self._columns(),
            rows=(*self._rows(details=details), *self._missing_rows(details=details)),
            facts=run_facts(run),
            made=f"Written by labeille {__version__}.",
        )

    # Headline

    def _heading(self) -> str:
        packages = len(self._lines)
        if not packages:
            return "No package has been compared"
        confirmed = self._found(confirmed=True)
        if confirmed:
            within = len({line.package for line, _ in confirmed})
            return f"{counted(len(confirmed), 'confirmed finding')} in {within} of " + counted(
                packages, "package"
            )
        doubtful = self._found(confirmed=False)
        rest = f"; {counted(len(doubtful), 'candidate')} not confirmed" if doubtful else ""
        return f"No difference with the JIT in {counted(packages, 'package')}{rest}"

    def _found(self, *, confirmed: bool) -> list[tuple[Differential, Found]]:
        return [
            (line, found)
            for line in self._lines
            for found in line.findings
            if found.confirmed is confirmed
        ]

    def _subtitle(self) -> Iterator[str]:
        run = self._run
        yield interpreter_words(run.meta)
        repeats = max((line.repeat for line in self._lines), default=0)
        if self._conditions:
            conditions = shown_line(", ".join(self._conditions))
            yield f"{counted(repeats, 'time')} each under {conditions}"
        yield f"{run.started:%d %b %Y, %H:%M} UTC"
        if run.meta.hostname:
            yield shown_line(f"on {run.meta.hostname}")

    def _counts(self) -> tuple[Count, ...]:
        counts = Counter(line.verdict for line in self._lines)
        shown = [
            Count(word=verdict.value, tone=DIFFERENTIAL_TONES[verdict], number=counts[verdict])
            for verdict in DifferentialVerdict
            if counts[verdict] or verdict is DifferentialVerdict.SAME
        ]
        left_out = Counter(record.status for record in self._missing)
        shown += [
            Count(word=status.value, tone=STATUS_TONES[status], number=number)
            for status, number in left_out.items()
        ]
        return tuple(shown)

    def _figures(self) -> Iterator[Figure]:
        verdicts = Counter(verdict for line in self._lines for verdict in line.tests.values())
        tests = sum(self._tests(line.package) or 0 for line in self._lines)
        yield Figure(value=f"{tests:,}", label="tests compared")
        for verdict in DifferentialVerdict:
            if verdicts[verdict]:
                yield Figure(value=f"{verdicts[verdict]:,}", label=f"tests: {verdict}")
        for condition in self._conditions:
            counts = [
                count
                for line in self._lines
                if (count := line.executors.get(condition)) is not None
            ]
            if counts and condition.startswith("jit"):
                yield Figure(value=f"{sum(counts):,}", label=f"executors under {condition}")

    def _warnings(self) -> Iterator[str]:
        yield from run_warnings(self._run)
        if self._unreadable:
            name = self._run.lines_path.name
            yield f"{counted(self._unreadable, 'line')} of {name} cannot be read."
        idle = [line.package for line in self._lines if _idle(line)]
        if idle:
            named = shown_line(", ".join(idle), 160)
            yield (
                f"In {counted(len(idle), 'package')} the JIT compiled nothing, so that a pass "
                f"means little: {named}."
            )

    # Findings

    def _findings(self) -> Iterator[Finding]:
        """A finding for each package and verdict, with its tests; the confirmed ones first."""
        for confirmed in (True, False):
            groups: dict[tuple[str, DifferentialVerdict], list[Found]] = {}
            for line, found in self._found(confirmed=confirmed):
                groups.setdefault((line.package, found.verdict), []).append(found)
            ordered = sorted(groups.items(), key=lambda item: (_RANKS[item[0][1]], item[0][0]))
            for (package, verdict), group in ordered:
                yield self._finding(package, verdict, group, confirmed=confirmed)

    def _finding(
        self, package: str, verdict: DifferentialVerdict, group: Sequence[Found], *, confirmed: bool
    ) -> Finding:
        crash = None
        if verdict is DifferentialVerdict.JIT_CRASH:
            crash = fullest_crash(self._records.get(package, {}).values())
        version = self._version(package)
        says = {found.exception or "" for found in group}
        common = says.pop() if len(says) == 1 else ""
        return Finding(
            anchor=self._anchors.of(f"{package}-{verdict}-{confirmed}"),
            label=f"{verdict}, {'confirmed' if confirmed else 'not confirmed'}",
            title=shown_line(f"{package} {version}", 120),
            tone=DIFFERENTIAL_TONES[verdict],
            certain=confirmed,
            remarks=(
                counted(len(group), "test"),
                *dict.fromkeys(SCOPE_WORDS[found.scope] for found in group),
            ),
            detail=shown_line(common, 2000),
            stacks=tuple(stack_lines(crash)),
            cases=tuple(self._case(package, found, said=not common) for found in group[:_CASES]),
        )

    def _case(self, package: str, found: Found, *, said: bool) -> Case:
        facts = [Fact(name="shows", value=SCOPE_WORDS[found.scope].removeprefix("shows "))]
        if said and found.exception:
            facts.append(Fact(name="says", value=shown_line(found.exception, 1000), code=True))
        command = Command(title="Repeat", text=shown_line(found.command, 3000))
        return Case(
            name=shown_line(found.test, 300),
            anchor=self._packages.of(package),
            version="",
            facts=tuple(facts),
            commands=(command,) if found.command else (),
        )

    # Packages

    def _columns(self) -> tuple[Column, ...]:
        executors = (
            Column(name=name, title=f"executors at the end under {name}", minor=True)
            for name in self._conditions
            if name.startswith("jit")
        )
        return (
            Column(name="tests", title="tests that were compared", unit="tests"),
            Column(name="differ", title="tests whose verdict is not same", unit="differ"),
            *executors,
            Column(name="time", title="seconds that the suite took without the JIT", minor=True),
        )

    def _rows(self, *, details: bool) -> Iterator[Row]:
        shares = LogShares(DIFFERENTIAL_TONES[line.verdict] for line in self._lines)
        for line in self._lines:
            tone = DIFFERENTIAL_TONES[line.verdict]
            record = self._base(line.package)
            yield Row(
                package=shown_line(line.package, 100),
                anchor=self._packages.of(line.package),
                version=self._version(line.package),
                word=line.verdict.value,
                tone=tone,
                rank=_RANKS[line.verdict],
                remark=_remark(line),
                outcome=_outcome(line),
                cells=self._cells(line, record),
                seconds=record.duration_seconds if record else None,
                history=self._histories.of(line.package),
                detail=self._detail(line, shares.of(tone)) if details else Detail(),
            )

    def _missing_rows(self, *, details: bool) -> Iterator[Row]:
        shares = LogShares(STATUS_TONES[record.status] for record in self._missing)
        for record in self._missing:
            tone = STATUS_TONES[record.status]
            logs = tuple(package_logs(self._run.path, record, shares.of(tone))) if details else ()
            yield Row(
                package=shown_line(record.package, 100),
                anchor=self._packages.of(record.package),
                version=version_words(record),
                word=record.status.value,
                tone=tone,
                rank=_NOT_COMPARED,
                remark=shown_line(record.reason or record.error_message or "not compared", 260),
                outcome=Outcome.ERROR,
                cells=("",) * len(self._columns()),
                detail=Detail(logs=logs),
            )

    def _cells(self, line: Differential, record: Record | None) -> tuple[str, ...]:
        tests = self._tests(line.package)
        executors = (
            line.executors.get(name) for name in self._conditions if name.startswith("jit")
        )
        return (
            "" if tests is None else f"{tests:,}",
            f"{len(line.tests):,}" if line.tests else "",
            *("" if count is None else f"{count:,}" for count in executors),
            f"{record.duration_seconds:,.1f}" if record and record.duration_seconds else "",
        )

    def _detail(self, line: Differential, limit: int) -> Detail:
        records = self._records.get(line.package, {})
        facts = [
            Fact(name=name, value=shown_line(_condition_words(line, name, records.get(name)), 400))
            for name in line.conditions
        ]
        ordered = sorted(line.tests.items(), key=lambda item: (_RANKS[item[1]], item[0]))
        tests = [
            TestLine(id=shown_line(test, 300), tone=DIFFERENTIAL_TONES[verdict], word=verdict.value)
            for test, verdict in ordered[:_TESTS]
        ]
        left_out = len(ordered) - _TESTS
        grave = any(found.verdict is line.verdict for found in line.findings)
        confirmed = any(found.confirmed for found in line.findings if found.verdict is line.verdict)
        key = f"{line.package}-{line.verdict}-{confirmed}"
        return Detail(
            finding=self._anchors.of(key) if grave else "",
            facts=tuple(facts),
            tests=tuple(tests),
            tests_note=f"{left_out:,} more are not listed" if left_out > 0 else "",
            logs=tuple(folder_logs(self._log_folder(line), limit, under=self._run.path)),
        )

    def _log_folder(self, line: Differential) -> Path:
        """Where the logs are of the last repeat under the condition that went worst."""
        records = self._records.get(line.package, {})
        worst = [
            name
            for name in line.conditions
            if name in records and records[name].status is not Status.PASS
        ]
        with_jit = [name for name in (worst or line.conditions) if name.startswith("jit")]
        name = (with_jit or list(line.conditions) or [""])[-1]
        folder = self._run.path / "logs" / line.package / name.replace(":", "-")
        return folder / str(line.repeat)

    def _base(self, package: str) -> Record | None:
        """The record without the JIT, else any."""
        records = self._records.get(package, {})
        without = [record for name, record in records.items() if not name.startswith("jit")]
        return next(iter(without or records.values()), None)

    def _tests(self, package: str) -> int | None:
        record = self._base(package)
        return record.tests.total if record and record.tests else None

    def _version(self, package: str) -> str:
        record = self._base(package)
        return version_words(record) if record else ""

    def _timed(self) -> Iterable[Timed]:
        for line in self._lines:
            record = self._base(line.package)
            if record is not None:
                yield Timed(
                    name=shown_line(line.package, 60),
                    seconds=record.duration_seconds,
                    tone=DIFFERENTIAL_TONES[line.verdict],
                    anchor=self._packages.of(line.package),
                )


def _idle(line: Differential) -> bool:
    """Whether the JIT compiled nothing under a condition that has it."""
    counts = [count for name, count in line.executors.items() if name.startswith("jit")]
    return 0 in counts


def _outcome(line: Differential) -> Outcome:
    """Only a confirmed finding is a failure; a candidate that is not proves nothing."""
    if any(found.confirmed for found in line.findings):
        return Outcome.FAILED
    return Outcome.SKIPPED if line.verdict.is_finding else Outcome.PASSED


def _remark(line: Differential) -> str:
    counts = Counter(line.tests.values())
    parts = [f"{counts[each]} {each}" for each in DifferentialVerdict if counts[each]]
    first = next((test for test, each in line.tests.items() if each is line.verdict), None)
    if first is not None:
        parts.append(first)
    if _idle(line):
        parts.append("the JIT compiled nothing")
    return shown_line(", ".join(parts), 260)


def _condition_words(line: Differential, name: str, record: Record | None) -> str:
    words = [] if record is None else [record.status.value]
    if record is not None and record.crash_signature:
        words.append(record.crash_signature)
    if record is not None and record.duration_seconds:
        words.append(duration_text(record.duration_seconds))
    count = line.executors.get(name)
    if count is not None and name.startswith("jit"):
        words.append(counted(count, "executor"))
    return ", ".join(words) or "no record"
