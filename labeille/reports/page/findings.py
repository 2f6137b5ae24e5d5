"""Crashes by signature: stacks, where they happened, and the commands that repeat them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labeille.analysis.crash import test_alone
from labeille.analysis.inputs import short_revision
from labeille.analysis.repeat import repeat_command
from labeille.analysis.run import evidence_path
from labeille.crashes.model import CrashKind
from labeille.reports.page.circumstances import env_words
from labeille.reports.page.history import seen_before
from labeille.reports.page.model import Case, Command, Fact, Finding, Lines
from labeille.reports.quantities import counted
from labeille.reports.showable import last_lines, shown_line
from labeille.reports.tones import Tone

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from labeille.analysis.run import CrashGroup
    from labeille.analysis.runs import StoredRun
    from labeille.reports.page.anchors import Anchors
    from labeille.reports.page.history import Histories
    from labeille.results.model import Crash, Record
    from labeille.results.triage import Triage, TriageResult

#: Frames of a stack that are shown, of the first findings and of those behind them: a run in which
#: everything crashes is to fit on its page too.
FRAMES, FRAMES_LATER = 40, 4
IN_FULL = 50
#: Cases of a finding that are shown with their commands.
CASES = 200

KIND_WORDS = {
    CrashKind.SANITIZER: "sanitizer report",
    CrashKind.ASSERT: "C assertion",
    CrashKind.OBJECT_ASSERT: "object assertion",
    CrashKind.DEBUG_MALLOC: "debug allocator",
    CrashKind.LIBC_ABORT: "abort by the C library",
    CrashKind.FATAL_ERROR: "fatal Python error",
    CrashKind.SIGNAL: "signal",
}


def crash_findings(
    run: StoredRun,
    groups: Iterable[CrashGroup],
    places: tuple[Anchors, Anchors],
    histories: Histories,
    triage: Triage | None,
) -> Iterator[Finding]:
    """A finding for each signature. ``places`` are the anchors of findings and of packages."""
    findings, packages = places
    for number, group in enumerate(groups):
        signature = group.signature or ""
        crash = fullest_crash(group.records)
        result = triage.result(signature) if triage and signature else None
        yield Finding(
            anchor=findings.of(signature),
            label=_label(crash),
            title=shown_line(signature or "crash without a signature", 400),
            tone=Tone.CRASH,
            remarks=tuple(_remarks(group, histories, result)),
            detail=_detail(crash),
            stacks=tuple(stack_lines(crash, FRAMES if number < IN_FULL else FRAMES_LATER)),
            cases=tuple(_case(run, record, packages) for record in group.records[:CASES]),
        )


def fullest_crash(records: Iterable[Record]) -> Crash | None:
    """Of one signature's crashes the one that says most."""
    crashes = [record.crash for record in records if record.crash]
    return max(
        crashes, key=lambda crash: len(crash.python_stack) + len(crash.c_stack), default=None
    )


def _label(crash: Crash | None) -> str:
    if crash is None:
        return "crash"
    try:
        words = KIND_WORDS[CrashKind(crash.kind)]
    except ValueError:
        words = shown_line(crash.kind, 40)
    return f"{words}, {crash.signal}" if crash.signal else words


def _remarks(group: CrashGroup, histories: Histories, result: TriageResult | None) -> Iterator[str]:
    yield counted(len(group.records), "package")
    left_out = len(group.records) - CASES
    if left_out > 0:
        yield f"the first {CASES} are shown"
    before = seen_before(group.signature or "", histories)
    if before:
        yield shown_line(before)
    if result is not None:
        yield from triage_remarks(result)


def triage_remarks(result: TriageResult) -> Iterator[str]:
    """What triage found out, in a few words each."""
    found = next((look.repeats for look in result.looks if look.kind == "found"), None)
    if found is not None:
        yield f"came again {found.same} of {found.runs} times"
    if result.attribution is not None:
        yield f"triage: {result.attribution}"
    for known in result.known:
        yield shown_line(f"known: gh-{known.issue} {known.title}")


def _detail(crash: Crash | None) -> str:
    # A bare signal's sentence says no more than the signature does.
    if crash is None or not crash.detail or crash.kind == CrashKind.SIGNAL:
        return ""
    return last_lines(crash.detail, 2000)


def stack_lines(crash: Crash | None, frames: int = FRAMES) -> Iterator[Lines]:
    """The Python and the C stack of a crash, each where there is one."""
    if crash is None:
        return
    for title, stack in (("Python stack", crash.python_stack), ("C stack", crash.c_stack)):
        if stack:
            left_out = len(stack) - frames
            note = "innermost first"
            if left_out > 0:
                note += f"; {left_out} outer frames left out"
            shown = tuple(shown_line(frame) for frame in stack[:frames])
            yield Lines(title=title, lines=shown, note=note)


def _case(run: StoredRun, record: Record, packages: Anchors) -> Case:
    return Case(
        name=shown_line(record.package, 100),
        anchor=packages.of(record.package),
        version=version_words(record),
        facts=tuple(fact for fact in _case_facts(run, record) if fact.value),
        commands=tuple(commands(run, record)),
    )


def version_words(record: Record) -> str:
    """A package's version with the commit, where there is one."""
    commit = short_revision(record) if record.git_revision else ""
    version = record.package_version or record.sdist_version or ""
    return shown_line(" ".join(dict.fromkeys(filter(None, (version, commit)))), 80)


def _case_facts(run: StoredRun, record: Record) -> Iterator[Fact]:
    crash = record.crash
    if crash is not None and crash.phase != "test":
        yield Fact(name="happened in", value=f"{crash.phase} phase")
    yield Fact(name="running test", value=shown_line(record.running_test or "", 400), code=True)
    if not record.running_test and record.reason:
        yield Fact(name="where", value=shown_line(record.reason, 400))
    if crash is not None and crash.in_child:
        yield Fact(name="process", value="a child of the test process")
    environment = env_words({**record.package_env, **record.env_overrides})
    yield Fact(name="environment", value=shown_line(environment, 600), code=True)
    path = evidence_path(run, record)
    if path is not None:
        inside = path.relative_to(run.path) if path.is_relative_to(run.path) else path
        yield Fact(name="evidence", value=shown_line(str(inside)), code=True)


def commands(run: StoredRun, record: Record) -> Iterator[Command]:
    """The command that repeats a record's package, and that for the test that ran alone."""
    yield Command(title="Repeat", text=shown_line(repeat_command(record, run.meta), 2000))
    alone = test_alone(run, record)
    if alone:
        environment = env_words({**record.package_env, **record.env_overrides})
        text = shown_line(f"{environment} {alone}".strip(), 2000)
        yield Command(title="The running test alone, in its checkout and environment", text=text)
