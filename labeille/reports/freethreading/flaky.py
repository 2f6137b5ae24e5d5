"""Which tests fail without the GIL, how often, and in how many ways."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labeille.analysis.freethreading.flaky import Sameness, flaky_packages
from labeille.crashes.frames import PythonFrame, is_runner
from labeille.crashes.names import python_file
from labeille.errors import UsageError
from labeille.names import parse_package_name
from labeille.reports.document import (
    Block,
    Bullets,
    Code,
    Document,
    Grid,
    Heading,
    Inline,
    Listing,
    Paragraph,
    inline,
)
from labeille.reports.freethreading.words import (
    catch_text,
    cluster_text,
    counts_text,
    interval_text,
    percent,
    rate_sentence,
    same_text,
    tally_verdict,
    times,
    verdict_text,
)
from labeille.reports.words import one_line
from labeille.results.freethreading import Breakage, crash_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labeille.analysis.freethreading.flaky import (
        Counts,
        FlakyPackage,
        FlakyTest,
        StressTest,
    )
    from labeille.analysis.freethreading.runs import FreeThreadedRun
    from labeille.results.freethreading import (
        FreeThreadedRecord,
        Iteration,
        StackFrame,
        TsanReport,
    )

#: Tests in a table, and tests that more is said of, before they are only counted.
_TABLE_TESTS = 40
_TOLD_TESTS = 10
#: Ways, places and races that are named each.
_NAMED = 5
#: Frames of a stack.
_FRAMES = 6

_ENDINGS = {"crash": "crashed", "deadlock": "hung", "timeout": "took too long"}
_ORDERS = {
    Sameness.SAME: "at one and the same place among the tests",
    Sameness.VARIED: "at varied places among the tests",
    Sameness.ONCE: "seen at one place among the tests",
    Sameness.UNKNOWN: "",
}


def flaky_document(run: FreeThreadedRun, *, package: str | None = None) -> Document:
    """Every package of which something failed, or one of them alone, in full.

    Raises UsageError for a package that the run has no record of.
    """
    records = list(run.records.values())
    if package is not None:
        name = parse_package_name(package)
        if name not in run.records:
            raise UsageError(
                f"run {run.run_id} has no record of {name}",
                hint=f"it has {one_line(', '.join(run.records) or 'none')}",
            )
        records = [run.records[name]]
    found = flaky_packages(records)
    blocks: list[Block] = []
    for each in found:
        blocks += [Heading(f"{each.name}: {each.record.category}"), *package_blocks(each)]
    if not found:
        which = f"of {package} " if package else ""
        blocks.append(Paragraph(inline(f"nothing {which}failed without the GIL")))
    return Document(f"what fails in free-threaded run {run.run_id}", tuple(blocks))


def package_blocks(package: FlakyPackage) -> list[Block]:
    """How often a package fails, where, and in how many ways."""
    lines = [inline(rate_sentence(package.rate))]
    if len(package.endings) > 1:
        lines.append(inline(f"iterations: {counts_text(package.endings)}"))
    if text := cluster_text(package.cluster):
        lines.append(inline(text))
    lines += [
        inline(f"{times(count)} without a test that failed: ", Code(one_line(reason)))
        for reason, count in package.reasons[:_NAMED]
    ]
    lines += _with_the_gil(package)
    lines += _agreement("crash signatures", package.crashes, package.crashes_agree, "signature")
    lines += _evidence(package.record)
    lines += _agreement("threads stood", package.deadlocks, package.deadlocks_agree, "place")
    if package.stress is not None:
        threads = package.record.stress_threads
        lines.append(
            inline(f"with each test in {threads} threads: {rate_sentence(package.stress)}")
        )
        lines += [_stress_line(test) for test in package.stress_tests[:_TOLD_TESTS]]
    elif package.record.stress_reason:
        lines.append(inline(f"not run under stress: {package.record.stress_reason}"))
    blocks: list[Block] = [Bullets(tuple(lines))]
    if package.tests:
        blocks.append(tests_grid(package.tests[:_TABLE_TESTS]))
        more = len(package.tests) - _TABLE_TESTS
        if more > 0:
            blocks.append(Paragraph(inline(f"… and {more} more tests")))
    told = [line for test in package.tests[:_TOLD_TESTS] for line in _test_lines(test)]
    if told:
        blocks.append(Bullets(tuple(told)))
    blocks += _standing(package)
    for report in package.races[:_NAMED]:
        blocks += race_blocks(report)
    return blocks


def tests_grid(tests: Sequence[FlakyTest]) -> Grid:
    """A row a test."""
    compared = any(test.tally.gil_runs for test in tests)
    columns = ["test", "failed", "rate", "95 % interval", "runs to catch", "ways"]
    rows = []
    for test in tests:
        row: list[Inline] = [
            inline(Code(test.name)),
            inline(f"{test.rate.failures}/{test.rate.runs}"),
            inline(percent(test.rate.rate)),
            inline(interval_text(test.rate)),
            inline(catch_text(test.rate) if test.rate.is_intermittent else ""),
            inline(_manner(test)),
        ]
        if compared:
            row.append(inline(tally_verdict(test.tally)))
        rows.append(tuple(row))
    if compared:
        columns.append("with the GIL")
    numbers = frozenset({"failed", "rate", "95 % interval", "runs to catch"})
    return Grid(columns=tuple(columns), rows=tuple(rows), numbers=numbers)


def race_blocks(report: TsanReport) -> list[Block]:
    """One finding of ThreadSanitizer: its type, both stacks, the memory."""
    functions = tuple(dict.fromkeys(report.functions))
    head = inline(
        f"{report.type} {'between' if len(functions) > 1 else 'in'} ",
        Code(" and ".join(functions)),
        f", reported {times(report.count)}, in {len(report.iterations) or 1} iterations",
    )
    lines = []
    for access in report.accesses:
        size = f" of {access.size} bytes" if access.size else ""
        by = f" by {access.thread}" if access.thread else ""
        lines.append(f"{access.what}{size}{by}")
        lines += [f"  {frame}" for frame in access.stack[:_FRAMES]] or ["  (no stack)"]
    if report.location:
        lines.append(report.location)
        lines += [f"  {frame}" for frame in report.location_stack[:_FRAMES]]
    return [Paragraph(head), Listing("\n".join(lines))]


def _stress_line(test: StressTest) -> Inline:
    seen = f": {test.rate.failures} of {test.rate.runs}"
    if not test.ways:
        return inline("  ", Code(test.name), seen)
    others = f" and {len(test.ways) - 1} other ways" if len(test.ways) > 1 else ""
    return inline("  ", Code(test.name), f"{seen}, ", Code(one_line(test.ways[0][0])), others)


def _with_the_gil(package: FlakyPackage) -> list[Inline]:
    """Whether the package, and how many of its tests, only free threading breaks."""
    record = package.record
    if record.gil_enabled_pass_rate is None:
        return []
    text = f"with the GIL {percent(record.gil_enabled_pass_rate)} of the iterations pass"
    broken, every = len(package.only_free_threading), len(package.tests)
    if broken and every > 1:
        text += f"; free threading breaks {broken} of the {every} tests that fail without it"
    elif verdict := verdict_text(record.breakage):
        text += f": {verdict}"
    if record.breakage_p_value is not None and record.breakage is not Breakage.NONE:
        text += f" (Fisher's exact test, p = {record.breakage_p_value:.2g})"
    return [inline(text)]


def _agreement(title: str, counts: Counts, same: Sameness, singular: str) -> list[Inline]:
    """Whether crashes or hangs agree, and what they are."""
    if not counts:
        return []
    lines = [inline(f"{title}: {same_text(same, singular)}")]
    lines += [inline("  ", Code(what), f": {times(count)}") for what, count in counts[:_NAMED]]
    return lines


def _evidence(record: FreeThreadedRecord) -> list[Inline]:
    """Where in the run's folder the text of the first crash of each signature lies."""
    first: dict[str, Iteration] = {}
    for iteration in record.iterations:
        if iteration.crash_signature and iteration.logs:
            first.setdefault(iteration.crash_signature, iteration)
    return [
        inline("  evidence: ", Code(str(crash_file(record.package, iteration.logs or ""))))
        for iteration in list(first.values())[:_NAMED]
    ]


def _manner(test: FlakyTest) -> str:
    if test.manner is Sameness.SAME:
        return "the same each time"
    if test.manner is Sameness.VARIED:
        return f"{len(test.ways)} different"
    return ""


def _test_lines(test: FlakyTest) -> list[Inline]:
    """How a test failed, and where it stood among the others."""
    lines: list[Inline] = []
    for way, count in test.ways[:_NAMED]:
        lines.append(inline(Code(test.name), f": {times(count)} ", Code(one_line(way))))
    for ending, count in test.endings:
        lines.append(inline(Code(test.name), f": {_ENDINGS.get(ending, ending)} {times(count)}"))
    if test.places and test.rate.is_intermittent:
        before = ", ".join(name for name, _ in test.places[:_NAMED])
        lines.append(inline(Code(test.name), f": {_ORDERS[test.order]}, after ", Code(before)))
    if test.threads:
        threads = ", ".join(f"{name} ({count})" for name, count in test.threads[:_NAMED])
        lines.append(inline(Code(test.name), ": raised in thread ", Code(threads)))
    return lines


def _standing(package: FlakyPackage) -> list[Block]:
    """Where every thread stood in the first iteration that hung."""
    hung: Iteration | None = next(
        (each for each in package.record.iterations if each.output_stalled and each.stacks), None
    )
    if hung is None:
        return []
    how = f", {hung.activity}" if hung.activity else ""
    lines = []
    for stack in hung.stacks:
        lines.append(f"{stack.thread}{' (current)' if stack.current else ''}")
        lines += [f"  {line}" for line in _frame_lines(stack.frames)]
    title = inline(f"where the threads stood in iteration {hung.index + 1}{how}")
    return [Paragraph(title), Listing("\n".join(lines))]


def _frame_lines(frames: Sequence[StackFrame]) -> list[str]:
    """The innermost frames, without those of runners, and without the machine's folders."""
    kept = [each for each in frames if not is_runner(PythonFrame(each.file, each.function))]
    return [
        f"{python_file(frame.file)}:{frame.line or '?'} in {frame.function}"
        for frame in (kept or frames)[:_FRAMES]
    ]
