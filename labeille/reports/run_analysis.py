"""How one analysed run looks on a terminal."""

from __future__ import annotations

import enum
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from labeille.analysis.inputs import condition_facts, short_revision, target_facts
from labeille.reports.crashes import crash_block
from labeille.reports.tables import Table, table_text
from labeille.reports.words import (
    Verbosity,
    count_text,
    duration_text,
    one_line,
    tests_text,
    time_text,
)
from labeille.results.model import Record, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from labeille.analysis.run import Bar, RunFacts
    from labeille.analysis.runs import StoredRun

#: How many are named, by how much is said.
SLOWEST = {Verbosity.QUIET: 0, Verbosity.NORMAL: 5, Verbosity.VERBOSE: 20}
PACKAGES_NAMED = 8
CRASHES_IN_FULL = 3
FAILED_TESTS = 10

_BAR_WIDTH = 40


class RunFormat(enum.StrEnum):
    """What ``labeille analyze run`` shows."""

    SUMMARY = "summary"
    TABLE = "table"
    FULL = "full"


def run_text(facts: RunFacts, form: RunFormat, verbosity: Verbosity) -> str:
    """One run as text."""
    if verbosity is Verbosity.QUIET:
        return _quiet(facts, form)
    blocks = ["\n".join(run_head(facts.run)), totals_line(facts)]
    blocks += _remarks(facts)
    if form is RunFormat.TABLE:
        return "\n\n".join([*blocks, _table(facts.records)])
    in_full = form is RunFormat.FULL or verbosity is Verbosity.VERBOSE
    limit = None if in_full else CRASHES_IN_FULL
    blocks += [crash_block(facts.run, group, limit=limit) for group in facts.crashes]
    if facts.causes:
        blocks.append(_causes(facts, everything=in_full))
    if form is RunFormat.FULL:
        blocks += [_failed_tests(record, verbosity) for record in facts.records if _failing(record)]
    slowest = facts.slowest(SLOWEST[Verbosity.VERBOSE if in_full else verbosity])
    if slowest:
        blocks.append(_slowest(slowest))
    if facts.histogram:
        blocks.append(_histogram(facts.histogram))
    if form is RunFormat.FULL:
        blocks.append(_table(facts.records))
    return "\n\n".join(blocks)


def end_text(facts: RunFacts) -> str:
    """What stands below the last session of a nox: verdicts, signatures, and where to read on."""
    run = facts.run
    lines = [f"run {run.run_id}: {_quiet(facts, RunFormat.SUMMARY)}"]
    words = ["nox", "-s", "analyze-run", "--", run.run_id]
    if run.path.parent != Path("results").absolute():
        words += ["--results-dir", str(run.path.parent)]
    lines.append(f"  all of it: {shlex.join(words)}")
    return "\n".join(lines)


def run_head(run: StoredRun) -> list[str]:
    """What was run on what, and when, in lines."""
    meta = run.meta
    finished = meta.finished_at
    ended = f", to {time_text(finished)}" if finished else ", not finished"
    lines = [
        f"run {run.run_id}",
        f"  target     {target_facts(meta)}",
        f"  condition  {condition_facts(meta)}",
        f"  started    {time_text(run.started.isoformat())}{ended}",
        f"  kept in    {run.path}",
    ]
    if meta.target_python:
        lines[1] += f", {meta.target_python}"
    if meta.hostname:
        lines.insert(4, f"  machine    {meta.hostname}")
    return lines


def counts_text(counts: Mapping[Status, int]) -> str:
    """Counts by status, those that are none left out."""
    return ", ".join(f"{count} {status}" for status, count in counts.items() if count)


def totals_line(facts: RunFacts) -> str:
    """How many packages came to which verdict, and what they took, on one line."""
    packages = len(facts.records)
    what = count_text(packages, "package")
    if facts.missing:
        what = f"{packages} of {packages + facts.missing} packages"
    line = f"{what}: {counts_text(facts.counts) or 'nothing'}"
    if facts.tests_run:
        line += f"; {count_text(facts.tests_run, 'test')}"
    if facts.suite_seconds:
        line += f"; suites {duration_text(facts.suite_seconds)}"
    return line


def _quiet(facts: RunFacts, form: RunFormat) -> str:
    lines = [totals_line(facts)]
    if form is RunFormat.TABLE:
        return _table(facts.records)
    for group in facts.crashes:
        names = ", ".join(record.package for record in group.records)
        lines.append(f"crash {group.signature or 'without a signature'}: {names}")
    return "\n".join(lines)


def _remarks(facts: RunFacts) -> list[str]:
    """What has to be known before the figures are believed."""
    remarks = []
    if facts.run.meta_problem:
        remarks.append(f"its metadata is damaged: {facts.run.meta_problem}")
    unreadable = facts.run.lines.unreadable
    if unreadable:
        lines = count_text(unreadable, "line")
        remarks.append(f"{lines} of {facts.run.lines_path.name} cannot be read")
    if facts.missing:
        packages = count_text(facts.missing, "selected package")
        remarks.append(f"no record of {packages}: not run, or not yet")
    idle = facts.without_executors
    if idle:
        remarks.append(
            f"{len(idle)} passed although the JIT compiled nothing in them, which means little: "
            f"{_names(idle)}"
        )
    notes = [record.source_note for record in facts.records if record.source_note]
    if notes:
        remarks.append(f"{len(notes)} not from where it was expected; the first: {notes[0]}")
    return remarks


def _causes(facts: RunFacts, *, everything: bool) -> str:
    lines = ["not passed, by cause"]
    for group in facts.causes:
        names = _names(group.records, None if everything else PACKAGES_NAMED)
        cause = one_line(group.cause)
        lines.append(f"  {len(group.records):>4} {group.status}: {cause}")
        lines.append(f"       {names}")
    return "\n".join(lines)


def _names(records: Sequence[Record], limit: int | None = PACKAGES_NAMED) -> str:
    names = ", ".join(record.package for record in records[:limit])
    more = len(records) - (limit or len(records))
    return f"{names} and {more} more" if more > 0 else names


def _failing(record: Record) -> bool:
    return record.status is not Status.PASS and bool(
        record.failed_tests or record.running_test or record.reason or record.error_message
    )


def _failed_tests(record: Record, verbosity: Verbosity) -> str:
    """What went wrong in one package."""
    lines = [f"{record.package}: {record.status}"]
    reason = record.reason or record.error_message
    if reason:
        lines.append(f"  {one_line(reason)}")
    if record.running_test:
        lines.append(f"  running: {record.running_test}")
    limit = None if verbosity is Verbosity.VERBOSE else FAILED_TESTS
    lines += [f"  failed:  {test}" for test in record.failed_tests[:limit]]
    more = len(record.failed_tests) - (limit or len(record.failed_tests))
    if more > 0:
        lines.append(f"  and {more} more")
    return "\n".join(lines)


def _slowest(records: Iterable[Record]) -> str:
    return table_text(
        Table(
            columns=("slowest", "seconds", "tests", "status"),
            rows=tuple(
                (r.package, f"{r.duration_seconds:.1f}", tests_text(r), r.status.value)
                for r in records
            ),
            numbers=frozenset({"seconds"}),
        )
    )


def _histogram(bars: Sequence[Bar]) -> str:
    most = max(bar.count for bar in bars)
    lines = [f"durations of {count_text(sum(bar.count for bar in bars), 'suite')}"]
    labels = _bar_labels(bars)
    width = max(map(len, labels))
    for label, bar in zip(labels, bars, strict=True):
        blocks = "█" * round(_BAR_WIDTH * bar.count / most) or ("▏" if bar.count else "")
        lines.append(f"  {label:>{width}}  {bar.count:>5}  {blocks}".rstrip())
    return "\n".join(lines)


def _bar_labels(bars: Sequence[Bar]) -> list[str]:
    ends = [bar.below for bar in bars]
    lowest = next((end for end in ends if end is not None), None)
    labels = []
    before: float | None = None
    for end in ends:
        if end is None:
            labels.append(f"from {_short(before)}" if before is not None else "all")
        else:
            labels.append(f"under {_short(end)}" if end == lowest else f"to {_short(end)}")
        before = end
    return labels


def _short(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{seconds:g} s" if seconds < 60 else f"{seconds / 60:g} min"


def _table(records: Iterable[Record]) -> str:
    return table_text(
        Table(
            columns=("package", "version", "revision", "status", "tests", "seconds", "remark"),
            rows=tuple(
                (
                    record.package,
                    record.package_version or "",
                    short_revision(record) if record.git_revision else "",
                    record.status.value,
                    tests_text(record),
                    f"{record.duration_seconds:.1f}" if record.duration_seconds else "",
                    record.crash_signature or one_line(record.reason or record.error_message or ""),
                )
                for record in records
            ),
            numbers=frozenset({"seconds"}),
        )
    )
