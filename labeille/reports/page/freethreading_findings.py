"""What iterations without the GIL showed: crashes by signature, races by key, hangs by package."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labeille.reports.freethreading.whole import repeat_command
from labeille.reports.page.anchors import Anchors
from labeille.reports.page.circumstances import env_words
from labeille.reports.page.model import Case, Command, Fact, Finding, Lines
from labeille.reports.quantities import counted
from labeille.reports.showable import last_lines, shown_line
from labeille.reports.tones import Tone
from labeille.results.freethreading import IterationStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from labeille.analysis.freethreading.runs import FreeThreadedRun
    from labeille.results.freethreading import (
        FreeThreadedRecord,
        Iteration,
        ThreadStack,
        TsanReport,
    )

#: Frames of a stack, and threads of a hang, that are shown.
_FRAMES = 25
_THREADS = 6


def findings(
    run: FreeThreadedRun, records: Sequence[FreeThreadedRecord], packages: Anchors
) -> tuple[Finding, ...]:
    """Everything that deserves a look of its own, the gravest first."""
    found = _Findings(run, packages)
    return (*found.crashes(records), *found.hangs(records), *found.races(records))


class _Findings:
    def __init__(self, run: FreeThreadedRun, packages: Anchors) -> None:
        self._run = run
        self._packages = packages
        self._anchors = Anchors("f")

    def crashes(self, records: Iterable[FreeThreadedRecord]) -> Iterator[Finding]:
        """A finding for each signature, with the packages that show it."""
        groups: dict[str, list[tuple[FreeThreadedRecord, list[Iteration]]]] = {}
        for record in records:
            by_signature: dict[str, list[Iteration]] = {}
            for each in _all_iterations(record):
                if each.status is IterationStatus.CRASH:
                    signature = each.crash_signature or each.crash_signal or ""
                    by_signature.setdefault(signature, []).append(each)
            for signature, iterations in by_signature.items():
                groups.setdefault(signature, []).append((record, iterations))
        for signature, cases in sorted(groups.items(), key=lambda item: -len(item[1])):
            first = cases[0][1][0]
            label = f"crash, {first.crash_signal}" if first.crash_signal else "crash"
            yield Finding(
                anchor=self._anchors.of(signature),
                label=shown_line(label, 60),
                title=shown_line(signature or "crash without a signature", 400),
                tone=Tone.CRASH,
                remarks=(counted(len(cases), "package"),),
                detail=last_lines(first.stderr_tail, 1500),
                stacks=tuple(_thread_lines(first.stacks)),
                cases=tuple(self._case(record, iterations) for record, iterations in cases),
            )

    def hangs(self, records: Iterable[FreeThreadedRecord]) -> Iterator[Finding]:
        """A finding for each package that hung, with where its threads stood."""
        for record in records:
            hung = [each for each in _all_iterations(record) if each.status in _HANGS]
            if not hung:
                continue
            telling = max(hung, key=lambda each: len(each.stacks))
            activity = f", {telling.activity}" if telling.activity else ""
            yield Finding(
                anchor=self._anchors.of(f"hang {record.package}"),
                label=f"{telling.status}{activity}",
                title=shown_line(telling.running_test or record.package, 300),
                tone=Tone.HANG,
                remarks=(shown_line(record.package, 100),),
                detail=shown_line(telling.reason or telling.last_output_line, 600),
                stacks=tuple(_thread_lines(telling.stacks)),
                cases=(self._case(record, hung),),
            )

    def races(self, records: Iterable[FreeThreadedRecord]) -> Iterator[Finding]:
        """A finding for each report of ThreadSanitizer, with the packages that show it."""
        groups: dict[str, list[tuple[FreeThreadedRecord, TsanReport]]] = {}
        for record in records:
            for report in record.tsan_reports:
                groups.setdefault(report.key, []).append((record, report))
        for key, cases in sorted(groups.items(), key=lambda item: -len(item[1])):
            report = cases[0][1]
            yield Finding(
                anchor=self._anchors.of(key),
                label=shown_line(report.type, 80),
                title=shown_line(" / ".join(report.functions) or key, 300),
                tone=Tone.WRONG,
                remarks=(counted(len(cases), "package"), shown_line(key, 300)),
                detail=shown_line(report.location or report.summary or "", 400),
                stacks=tuple(_access_lines(report)),
                cases=tuple(self._case(record, _showing(record, each)) for record, each in cases),
            )

    def _case(self, record: FreeThreadedRecord, iterations: Sequence[Iteration]) -> Case:
        tests = dict.fromkeys(each.running_test for each in iterations if each.running_test)
        shown = ", ".join(list(tests)[:3]) + (" …" if len(tests) > 3 else "")
        environment = env_words(record.env_overrides)
        total = len(record.iterations)
        facts = (
            Fact(name="seen in", value=f"{len(iterations)} of {counted(total, 'iteration')}"),
            Fact(name="running test", value=shown_line(shown, 400), code=True),
            Fact(name="environment", value=shown_line(environment, 600), code=True),
        )
        command = shown_line(repeat_command(self._run, record), 2000)
        version = record.package_version or record.sdist_version or (record.commit or "")[:7]
        return Case(
            name=shown_line(record.package, 100),
            anchor=self._packages.of(record.package),
            version=shown_line(version, 60),
            facts=tuple(fact for fact in facts if fact.value),
            commands=(Command(title="Repeat", text=command),),
        )


_HANGS = (IterationStatus.DEADLOCK, IterationStatus.TIMEOUT)


def _showing(record: FreeThreadedRecord, report: TsanReport) -> list[Iteration]:
    """The iterations that a report came up in."""
    return [
        each
        for each in record.iterations
        if each.index in report.iterations or report.key in each.tsan_reports
    ]


def _all_iterations(record: FreeThreadedRecord) -> tuple[Iteration, ...]:
    return (*record.iterations, *record.stress_iterations)


def _thread_lines(stacks: Sequence[ThreadStack]) -> Iterator[Lines]:
    """Where threads stood, the current one first."""
    ordered = sorted(stacks, key=lambda stack: not stack.current)
    for stack in ordered[:_THREADS]:
        frames = (
            f"{frame.file}:{frame.line} {frame.function}" if frame.line else
            f"{frame.file} {frame.function}"
            for frame in stack.frames[:_FRAMES]
        )  # fmt: skip
        note = "current" if stack.current else ""
        yield Lines(
            title=shown_line(f"Thread {stack.thread}", 80),
            lines=tuple(shown_line(frame) for frame in frames),
            note=note,
        )
    if len(stacks) > _THREADS:
        yield Lines(title=f"{len(stacks) - _THREADS} more threads", lines=())


def _access_lines(report: TsanReport) -> Iterator[Lines]:
    for access in report.accesses:
        size = f" of {access.size} bytes" if access.size else ""
        yield Lines(
            title=shown_line(f"{access.what}{size}".capitalize(), 80),
            lines=tuple(shown_line(frame) for frame in access.stack[:_FRAMES]),
            note=shown_line(access.thread, 60),
        )
    if report.location_stack:
        lines = tuple(shown_line(frame) for frame in report.location_stack[:_FRAMES])
        yield Lines(title="Where the memory is from", lines=lines)
