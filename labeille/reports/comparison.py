"""How two compared runs look on a terminal."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from labeille.analysis.compare import Change
from labeille.analysis.inputs import Aspect, Sameness
from labeille.analysis.run_comparison import SignatureState
from labeille.reports.tables import Table, table_text
from labeille.reports.words import count_text, one_line, time_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from labeille.analysis.inputs import Difference, Differences
    from labeille.analysis.run_comparison import PackageComparison, RunComparison
    from labeille.analysis.runs import StoredRun
    from labeille.analysis.timing import Timings
    from labeille.results.model import Record

#: How each change is called where it is counted, and where it is told.
CHANGE_WORDS = {
    Change.NEW_CRASH: "new crash",
    Change.OTHER_CRASH: "other crash",
    Change.REGRESSED: "regressed",
    Change.INSTALL_BROKEN: "no longer installs",
    Change.OTHER_FAILURES: "other tests fail",
    Change.CHANGED: "changed",
    Change.UNTESTED: "not tested",
    Change.CRASH_GONE: "crash gone",
    Change.FIXED: "fixed",
    Change.INSTALLS_AGAIN: "installs again",
    Change.TESTED_AGAIN: "tested again",
    Change.SAME: "same",
}

_SIGNATURE_WORDS = {
    SignatureState.NEW: "new signature",
    SignatureState.GONE: "gone, and its packages came through",
    SignatureState.NOT_TESTED: "not seen, but not all of its packages came through",
    SignatureState.STAYS: "in both",
}

#: Durations that changed, the largest factors first, before the rest is only counted.
TIMINGS = 20

#: Items of a list before the rest is only counted.
LISTED = 10


def comparison_text(comparison: RunComparison, *, only_changes: bool) -> str:
    """Two runs side by side as text; without what is the same if ``only_changes``."""
    blocks = ["\n".join(_head(comparison)), "\n".join(_counts(comparison))]
    signatures = list(_signature_lines(comparison, only_changes=only_changes))
    if signatures:
        blocks.append("\n".join(signatures))
    changed = [each for each in comparison.packages if each.is_change]
    said = (comparison.target, comparison.condition)
    blocks += ["\n".join(package_lines(each, said)) for each in changed]
    if comparison.timings is not None:
        blocks.append("\n".join(_timing_lines(comparison, comparison.timings)))
    same = [each for each in comparison.packages if not each.is_change]
    if same and not only_changes:
        blocks.append(_same_table(same))
    return "\n\n".join(blocks)


def package_lines(each: PackageComparison, said: Collection[Difference] = ()) -> list[str]:
    """What happened to one package, why it is called so, and what it may come of.

    The details of differences that are ``said`` are not told again.
    """
    statuses = f"{each.before.status} → {each.after.status}"
    lines = [f"{CHANGE_WORDS[each.change]}: {each.package}, {statuses}: {each.comparison.reason}"]
    if each.before.crash_signature and each.before.crash_signature != each.after.crash_signature:
        lines.append(f"  before: {each.before.crash_signature}")
    if each.after.crash_signature:
        lines.append(f"  now:    {each.after.crash_signature}")
    if each.after.running_test and each.change is not Change.SAME:
        lines.append(f"  in:     {each.after.running_test}")
    differences = difference_lines(
        each.change, each.differences, said, tested_before=each.before.status.is_final
    )
    lines += [f"  {line}" for line in differences]
    lines += [f"  {line}" for line in _test_lines(each)]
    return lines


def difference_lines(
    change: Change,
    differences: Differences,
    said: Collection[Difference] = (),
    *,
    tested_before: bool = True,
) -> list[str]:
    """What a package was tested with, before and after, and what that lets one conclude.

    Only where nothing else changed is a change likely the interpreter's, and only of a package that
    was tested before. The details of differences that are ``said`` are not told again.
    """
    if not tested_before:
        change = Change.UNTESTED  # nothing is known of how it was before
    lines = [_source_line(change, differences)]
    unchanged = []
    for each in differences:
        if each.aspect is Aspect.SOURCE:
            continue
        match each.sameness:
            case Sameness.CHANGED:
                shown = replace(each, details=()) if each in said else each
                lines.append(_changed_line(change, differences, shown))
            case Sameness.UNCHANGED:
                unchanged.append(each.aspect.value)
            case Sameness.HALF_KNOWN | Sameness.UNKNOWN:
                if each.aspect is not Aspect.TEST_COMMAND:
                    lines.append(f"{each.label}: {each.sameness.value}")
            case _:
                assert_never(each.sameness)
    if unchanged:
        lines.append(f"{', '.join(unchanged).capitalize()}: unchanged")
    if change not in (Change.SAME, Change.UNTESTED) and differences.blames_interpreter:
        lines.append(
            "Nothing that is recorded changed, so it may come and go: repeat it before reporting it"
        )
    return lines


def _source_line(change: Change, differences: Differences) -> str:
    source = differences.source
    line = f"{source.label}: {source.before or '?'} → {source.after or '?'}"
    details = "".join(f"; {detail}" for detail in source.details)
    match source.sameness:
        case Sameness.UNCHANGED:
            return f"{line} (unchanged{_blame(change, differences)}{details})"
        case Sameness.CHANGED:
            return f"{line} (changed{_first_look(change, differences, Aspect.SOURCE)}{details})"
        case Sameness.HALF_KNOWN | Sameness.UNKNOWN:
            return f"{source.label}: {source.sameness.value}"
        case _:
            assert_never(source.sameness)


def _blame(change: Change, differences: Differences) -> str:
    """What an unchanged source lets one conclude."""
    if change is Change.SAME:
        return ""
    if differences.blames_interpreter:
        return " — likely a CPython/JIT regression" if change.is_regression else ""
    changed = [f"the {aspect.value}" for aspect in differences.changed]
    if changed:
        return f", but {_and(changed)} changed"
    half_known = [f"the {aspect.value}" for aspect in differences.half_known]
    return f", but one run did not record {_and(half_known)}" if half_known else ""


def _first_look(change: Change, differences: Differences, aspect: Aspect) -> str:
    if change in (Change.SAME, Change.UNTESTED) or not differences.only_change(aspect):
        return ""
    return " — nothing else did, so look there first"


def _changed_line(change: Change, differences: Differences, each: Difference) -> str:
    remark = f"changed{_first_look(change, differences, each.aspect)}"
    shown = ", ".join(each.details[:LISTED])
    more = len(each.details) - LISTED
    if more > 0:
        shown += f" and {more} more"
    if each.aspect is Aspect.DEPENDENCIES:
        return f"{each.label}: {shown} ({remark})"
    line = f"{each.label}: {each.before} → {each.after} ({remark})"
    return f"{line}: {shown}" if shown else line


def _and(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _test_lines(each: PackageComparison) -> Iterator[str]:
    tests = each.tests
    if tests.total_changed:
        yield f"tests: {tests.total_before} → {tests.total_after}"
    for title, names in (
        ("now failing", tests.now_failing),
        ("no longer failing", tests.no_longer_failing),
    ):
        if names:
            more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
            yield f"{title}: {', '.join(names[:LISTED])}{more}"
    if not tests.complete and (tests.now_failing or tests.no_longer_failing):
        yield "(more tests fail than the records name)"


def _head(comparison: RunComparison) -> list[str]:
    before, after = comparison.before, comparison.after
    lines = [f"before  {_run_words(before)}", f"now     {_run_words(after)}"]
    for each in (comparison.target, comparison.condition):
        match each.sameness:
            case Sameness.UNCHANGED:
                lines.append(f"{each.label}: {each.after} (unchanged)")
            case Sameness.CHANGED:
                details = f": {', '.join(each.details)}" if each.details else ""
                lines.append(f"{each.label}: {each.before} → {each.after} (changed){details}")
            case Sameness.HALF_KNOWN | Sameness.UNKNOWN:
                lines.append(f"{each.label}: {each.sameness.value}")
            case _:
                assert_never(each.sameness)
    if not comparison.same_machine:
        hosts = (before.meta.hostname or "unknown", after.meta.hostname or "unknown")
        lines.append(f"Machine: {hosts[0]} → {hosts[1]} (changed)")
    return lines


def _run_words(run: StoredRun) -> str:
    packages = count_text(len(run.records), "package")
    return f"{run.run_id}, {time_text(run.started.isoformat())}, {packages}"


def _counts(comparison: RunComparison) -> Iterator[str]:
    counts = ", ".join(
        f"{CHANGE_WORDS[change]} {count}" for change, count in comparison.counts.items()
    )
    both = count_text(len(comparison.packages), "package")
    yield f"{both} in both: {counts or 'nothing to compare'}"
    for title, records in (
        ("only before, so nothing is known of them now", comparison.only_before),
        ("only now", comparison.only_after),
    ):
        if records:
            yield f"{len(records)} {title}: {_statuses(records)}"


def _statuses(records: Iterable[Record]) -> str:
    """Packages with their statuses, the ones that did not pass first."""
    words = sorted(
        (record.status.value == "pass", record.package, record.status.value) for record in records
    )
    shown = ", ".join(f"{name} ({status})" for _, name, status in words[:LISTED])
    return f"{shown} and {len(words) - LISTED} more" if len(words) > LISTED else shown


def _signature_lines(comparison: RunComparison, *, only_changes: bool) -> Iterator[str]:
    for each in comparison.signatures:
        if only_changes and each.state is SignatureState.STAYS:
            continue
        names = one_line(", ".join(each.packages))
        yield f"{_SIGNATURE_WORDS[each.state]}: {each.signature} ({names})"


def _timing_lines(comparison: RunComparison, timings: Timings) -> Iterator[str]:
    yield (
        f"durations of {count_text(timings.compared, 'suite')} that ended in both; "
        f"{len(timings.changes) or 'none'} changed beyond noise"
    )
    if abs(timings.run_ratio - 1) > 0.05:
        yield (
            f"  all of them took {timings.run_ratio:.2f} times as long (the median), "
            "which is taken out below"
        )
    if not comparison.same_machine:
        yield "  they ran on two machines, which says more of those than of the target"
    for timing in timings.changes[:TIMINGS]:
        ratio = timing.ratio if timing.slower else 1 / timing.ratio
        word = "slower" if timing.slower else "faster"
        remarks = [f"{ratio:.1f} times {word}"]
        if timing.repeats:
            remarks.append(f"usual of {len(timing.repeats) + 1} runs")
        if timing.only_waited:
            remarks.append("as much CPU time: it waited, or the machine was busy")
        yield (
            f"  {timing.package}: {timing.before:.1f} s → {timing.after:.1f} s "
            f"({', '.join(remarks)})"
        )
    if len(timings.changes) > TIMINGS:
        yield f"  and {len(timings.changes) - TIMINGS} more (--json has them all)"


def _same_table(packages: Iterable[PackageComparison]) -> str:
    rows = [
        (
            each.package,
            each.after.status.value,
            f"{each.before.duration_seconds:.1f}",
            f"{each.after.duration_seconds:.1f}",
            each.after.crash_signature or "",
        )
        for each in packages
    ]
    return table_text(
        Table(
            columns=("same", "status", "s before", "s now", "signature"),
            rows=tuple(rows),
            numbers=frozenset({"s before", "s now"}),
        )
    )
