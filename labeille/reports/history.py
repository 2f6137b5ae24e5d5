"""How the history of all runs, and of one package, looks on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from labeille.analysis.history import Standing
from labeille.analysis.inputs import short_revision
from labeille.analysis.repeat import repeat_command
from labeille.analysis.run import evidence_path
from labeille.reports.tables import Table, table_text
from labeille.reports.words import count_text, duration_text, one_line, tests_text
from labeille.results.model import Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from labeille.analysis.history import FlakyPackage, History, RunTrend, SignatureHistory
    from labeille.analysis.inputs import TargetFacts
    from labeille.analysis.package import PackageHistory, SeenSignature, Visit
    from labeille.analysis.runs import StoredRun

#: Rows and items before the rest is only counted.
FLAKY_SHOWN = 30
TESTS_SHOWN = 10
PACKAGES_NAMED = 5

_STANDING_WORDS = {
    Standing.OPEN: "open",
    Standing.GONE: "gone",
    Standing.NOT_TESTED: "unknown",
}

#: One letter a verdict, in the order of the runs.
_LETTERS = {
    Status.PASS: ".",
    Status.FAIL: "F",
    Status.CRASH: "C",
    Status.TIMEOUT: "T",
    Status.INSTALL_ERROR: "i",
    Status.CLONE_ERROR: "c",
    Status.ERROR: "e",
}


def history_text(history: History, *, everything: bool = False) -> str:
    """Trends by date, signatures, flaky packages."""
    if not history.runs:
        return "no runs"
    blocks = [_trends(history.runs), *_other_kinds(history), *_targets(history.runs)]
    if history.signatures:
        blocks.append(_signatures(history.signatures))
    else:
        blocks.append("no crash in any of these runs")
    if history.flaky:
        blocks.append(_flaky(history.flaky, None if everything else FLAKY_SHOWN))
    return "\n\n".join(blocks)


def _trends(runs: Sequence[RunTrend]) -> str:
    targets = _numbered(runs)
    rows = [
        (
            f"{trend.run.started:%Y-%m-%d %H:%M}",
            trend.run.run_id,
            str(targets[trend.target.identity]),
            trend.condition,
            str(trend.packages),
            *(str(trend.counts[status] or "") for status in Status),
            "" if trend.pass_rate is None else f"{trend.pass_rate:.1%}",
            str(trend.signatures or ""),
            duration_text(trend.suite_seconds),
        )
        for trend in runs
    ]
    statuses = tuple(status.value.replace("_error", "") for status in Status)
    return table_text(
        Table(
            columns=(
                *("started", "run", "target", "condition", "packages"),
                *statuses,
                *("passed", "signatures", "suites"),
            ),
            rows=tuple(rows),
            numbers=frozenset({"packages", *statuses, "passed", "signatures", "suites"}),
        )
    )


def _numbered(runs: Sequence[RunTrend]) -> dict[str, int]:
    """A short number for each target, whose version texts would not fit a column."""
    targets = dict.fromkeys(trend.target.identity for trend in runs)
    return {target: number for number, target in enumerate(targets, start=1)}


def _targets(runs: Sequence[RunTrend]) -> Iterator[str]:
    known = {trend.target.identity: trend.target for trend in runs}
    yield "\n".join(
        f"target {number}: {known[identity]}{_path(known[identity])}"
        for identity, number in _numbered(runs).items()
    )
    damaged = [f"{trend.run.run_id} ({trend.unreadable})" for trend in runs if trend.unreadable]
    if damaged:
        yield f"lines that cannot be read: {', '.join(damaged)}"


def _path(target: TargetFacts) -> str:
    return f", {target.path}" if target.path and target.path != str(target) else ""


def _other_kinds(history: History) -> Iterator[str]:
    others = ", ".join(f"{count} {kind}" for kind, count in history.other_kinds.items())
    if others:
        yield f"further runs, of other kinds: {others}"


def _signatures(signatures: Sequence[SignatureHistory]) -> str:
    lines = ["signatures"]
    for each in signatures:
        names = ", ".join(each.packages[:PACKAGES_NAMED])
        more = len(each.packages) - PACKAGES_NAMED
        lines.append(f"  {_STANDING_WORDS[each.standing]}{_since(each)}: {each.signature}")
        seen = _first_last(each.first, each.last, each.runs)
        lines.append(f"    {seen}: {names}{f' and {more} more' if more > 0 else ''}")
    return "\n".join(lines)


def _since(each: SignatureHistory) -> str:
    """What has happened since it was seen last."""
    runs = count_text(each.tested_since, "run")
    match each.standing:
        case Standing.OPEN:
            return ""
        case Standing.GONE:
            return f" (came through in {runs} since)"
        case Standing.NOT_TESTED:
            some = f"only some of its packages, in {runs}" if each.tested_since else "nothing"
            return f" ({some} came through since)"
        case _:
            assert_never(each.standing)


def _first_last(first: StoredRun, last: StoredRun, runs: int) -> str:
    if runs == 1:
        return f"seen once, {_seen(last)}"
    return f"seen in {runs} runs, first {_seen(first)}, last {_seen(last)}"


def _seen(run: StoredRun) -> str:
    return f"{run.started:%Y-%m-%d} ({run.run_id})"


def _flaky(flaky: Sequence[FlakyPackage], limit: int | None) -> str:
    lines = ["flaky: other verdicts with the same source, dependencies, target and condition"]
    lines += [
        f"  {each.package} {each.source[:12]} under {each.condition}: "
        f"{''.join(_LETTERS[status] for status in each.statuses)}"
        for each in flaky[:limit]
    ]
    more = len(flaky) - (limit or len(flaky))
    if more > 0:
        lines.append(f"  and {more} more (-v shows all)")
    used = dict.fromkeys(status for each in flaky[:limit] for status in each.statuses)
    legend = ", ".join(f"{_LETTERS[status]} {status}" for status in Status if status in used)
    lines.append(f"  ({legend}; a letter a run)")
    return "\n".join(lines)


def package_text(history: PackageHistory) -> str:
    """All that runs know of one package."""
    counts = ", ".join(f"{count} {status}" for status, count in history.counts.items())
    head = [f"{history.package}: {count_text(len(history.visits), 'run')}: {counts}"]
    if not history.visits:
        head = [f"{history.package}: in no hunt"]
    elif history.not_in:
        others = count_text(history.not_in, "other run")
        head.append(f"not in {others}, which says nothing of it")
    usual = history.usual_duration
    if usual is not None:
        head.append(f"usual duration of its suite: {duration_text(usual)}")
    blocks = ["\n".join(head)]
    if history.visits:
        blocks.append(_visits(history.visits))
    if history.others:
        lines = [
            f"  {other.run.started:%Y-%m-%d %H:%M}  {other.run.run_id} ({other.run.kind}): "
            f"{other.verdict}"
            for other in history.others
        ]
        blocks.append("\n".join(["other runs", *lines]))
    blocks += [_seen_signature(seen) for seen in history.signatures]
    if history.failing_tests:
        blocks.append(_failing_tests(history))
    last = history.last_not_passed
    if last is not None and last.record.status is not Status.CRASH:
        command = repeat_command(last.record, last.run.meta)
        blocks.append(f"repeat the last {last.record.status} ({last.run.run_id}): {command}")
    return "\n\n".join(blocks)


def _visits(visits: Sequence[Visit]) -> str:
    rows = [
        (
            f"{visit.run.started:%Y-%m-%d %H:%M}",
            visit.run.run_id,
            visit.target.partition(" ")[0],
            visit.condition,
            short_revision(visit.record),
            visit.record.status.value,
            tests_text(visit.record),
            f"{visit.record.duration_seconds:.1f}" if visit.record.duration_seconds else "",
            _remark(visit),
        )
        for visit in visits
    ]
    return table_text(
        Table(
            columns=(
                *("started", "run", "target", "condition", "source"),
                *("status", "tests", "seconds", "remark"),
            ),
            rows=tuple(rows),
            numbers=frozenset({"seconds"}),
        )
    )


def _remark(visit: Visit) -> str:
    record = visit.record
    return record.crash_signature or one_line(record.reason or record.error_message or "", 100)


def _seen_signature(seen: SeenSignature) -> str:
    last = seen.last
    lines = [
        f"crash {seen.signature}",
        f"  {_first_last(seen.first.run, last.run, seen.count)}",
    ]
    evidence = evidence_path(last.run, last.record)
    if evidence is not None:
        lines.append(f"  evidence: {evidence}")
    lines.append(f"  repeat:   {repeat_command(last.record, last.run.meta)}")
    return "\n".join(lines)


def _failing_tests(history: PackageHistory) -> str:
    tests = history.failing_tests
    lines = [f"tests that failed, and in how many of {len(history.visits)} runs"]
    lines += [f"  {count:>4}  {test}" for test, count in tests[:TESTS_SHOWN]]
    if len(tests) > TESTS_SHOWN:
        lines.append(f"  and {len(tests) - TESTS_SHOWN} more")
    return "\n".join(lines)
