"""What changed between two hunts, the gravest first, and what that lets one conclude."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labeille.analysis.compare import Change as ChangeKind
from labeille.analysis.inputs import Sameness
from labeille.analysis.run_comparison import SignatureState
from labeille.reports.comparison import CHANGE_WORDS, package_lines
from labeille.reports.page.model import Change, ChangeGroup, Changes, Fact
from labeille.reports.quantities import counted
from labeille.reports.showable import shown_line
from labeille.reports.tones import STATUS_TONES, Tone
from labeille.reports.words import time_text
from labeille.results.model import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from labeille.analysis.inputs import Difference
    from labeille.analysis.run_comparison import PackageComparison, RunComparison
    from labeille.analysis.runs import StoredRun
    from labeille.results.model import Record

#: Changes of one class that are shown each for itself.
SHOWN = 200

_TONES = {
    ChangeKind.NEW_CRASH: Tone.CRASH,
    ChangeKind.OTHER_CRASH: Tone.CRASH,
    ChangeKind.REGRESSED: Tone.FAIL,
    ChangeKind.INSTALL_BROKEN: Tone.UNTRIED,
    ChangeKind.OTHER_FAILURES: Tone.FAIL,
    ChangeKind.CHANGED: Tone.PLAIN,
    ChangeKind.UNTESTED: Tone.UNTRIED,
    ChangeKind.CRASH_GONE: Tone.GOOD,
    ChangeKind.FIXED: Tone.GOOD,
    ChangeKind.INSTALLS_AGAIN: Tone.GOOD,
    ChangeKind.TESTED_AGAIN: Tone.PLAIN,
    ChangeKind.SAME: Tone.PLAIN,
}

_SIGNATURES = {
    SignatureState.NEW: ("Signatures that are new", Tone.CRASH),
    SignatureState.GONE: (
        "Signatures that are gone: their packages were tested without them",
        Tone.GOOD,
    ),
    SignatureState.NOT_TESTED: (
        "Signatures not seen, but not all of their packages were tested",
        Tone.PLAIN,
    ),
    SignatureState.STAYS: ("Signatures in both", Tone.PLAIN),
}


def hunt_changes(comparison: RunComparison, anchors: Mapping[str, str]) -> Changes:
    """The differences of two hunts; ``anchors`` are those of the packages on the page."""
    return Changes(
        before=comparison.before.run_id,
        after=comparison.after.run_id,
        words=_words(comparison),
        circumstances=tuple(_circumstances(comparison)),
        groups=tuple(_groups(comparison, anchors)),
    )


def run_words(run: StoredRun, packages: int) -> str:
    """A run by its id, its start and its size."""
    return shown_line(
        f"{run.run_id}, {time_text(run.started.isoformat())}, {counted(packages, 'package')}"
    )


def _words(comparison: RunComparison) -> str:
    counts = [
        f"{count:,} {CHANGE_WORDS[change]}"
        for change, count in comparison.counts.items()
        if change is not ChangeKind.SAME
    ]
    both = counted(len(comparison.packages), "package")
    found = ", ".join(counts) or "the same verdict for each"
    return f"Of {both} in both runs: {found}."


def _circumstances(comparison: RunComparison) -> Iterator[Fact]:
    before, after = comparison.before, comparison.after
    yield Fact(name="before", value=run_words(before, len(before.records)))
    yield Fact(name="now", value=run_words(after, len(after.records)))
    for each in (comparison.target, comparison.condition):
        yield Fact(name=each.aspect.value, value=shown_line(_difference(each), 600))
    if not comparison.same_machine:
        hosts = (before.meta.hostname or "unknown", after.meta.hostname or "unknown")
        yield Fact(name="machine", value=shown_line(f"changed: {hosts[0]} → {hosts[1]}"))


def _difference(each: Difference) -> str:
    match each.sameness:
        case Sameness.UNCHANGED:
            return f"unchanged: {each.after}"
        case Sameness.CHANGED:
            details = f" ({', '.join(each.details)})" if each.details else ""
            return f"changed: {each.before} → {each.after}{details}"
        case _:
            return each.sameness.value


def _groups(comparison: RunComparison, anchors: Mapping[str, str]) -> Iterator[ChangeGroup]:
    by_change: dict[ChangeKind, list[PackageComparison]] = {}
    for each in comparison.packages:
        if each.is_change:
            by_change.setdefault(each.change, []).append(each)
    for kind in ChangeKind:
        if kind.is_regression and kind in by_change:
            yield _group(kind, by_change[kind], anchors)
    yield from _signature_groups(comparison, (SignatureState.NEW, SignatureState.GONE))
    for kind in ChangeKind:
        if not kind.is_regression and kind in by_change:
            yield _group(kind, by_change[kind], anchors)
    yield from _signature_groups(comparison, (SignatureState.NOT_TESTED, SignatureState.STAYS))
    yield from _timing_group(comparison, anchors)
    yield from _one_sided("Only before: nothing is known of them now", comparison.only_before)
    yield from _one_sided("Only now", comparison.only_after)


def _group(
    kind: ChangeKind, packages: list[PackageComparison], anchors: Mapping[str, str]
) -> ChangeGroup:
    title = CHANGE_WORDS[kind].capitalize()
    if kind is ChangeKind.SAME:
        title = "Same verdict, other tests"
    return ChangeGroup(
        title=title,
        tone=_TONES[kind],
        changes=tuple(_change(each, anchors) for each in packages[:SHOWN]),
        lines=tuple(shown_line(each.package, 100) for each in packages[SHOWN:]),
        open=kind is not ChangeKind.SAME,
    )


def _change(each: PackageComparison, anchors: Mapping[str, str]) -> Change:
    before, after = each.before.status, each.after.status
    return Change(
        package=shown_line(each.package, 100),
        anchor=anchors.get(each.package, ""),
        before=before.value,
        before_tone=STATUS_TONES[before],
        after=after.value,
        after_tone=STATUS_TONES[after],
        reason=each.comparison.reason,
        lines=tuple(shown_line(line.strip(), 400) for line in package_lines(each)[1:]),
    )


def _signature_groups(
    comparison: RunComparison, states: Iterable[SignatureState]
) -> Iterator[ChangeGroup]:
    for state in states:
        lines = [
            shown_line(f"{each.signature} ({', '.join(each.packages)})", 400)
            for each in comparison.signatures
            if each.state is state
        ]
        if lines:
            title, tone = _SIGNATURES[state]
            is_open = state is not SignatureState.STAYS
            yield ChangeGroup(title=title, tone=tone, lines=tuple(lines), open=is_open)


def _timing_group(comparison: RunComparison, anchors: Mapping[str, str]) -> Iterator[ChangeGroup]:
    timings = comparison.timings
    if timings is None or not timings.changes:
        return
    changes = []
    for timing in timings.changes:
        ratio = timing.ratio if timing.slower else 1 / timing.ratio
        changes.append(
            Change(
                package=shown_line(timing.package, 100),
                anchor=anchors.get(timing.package, ""),
                before=f"{timing.before:.1f} s",
                before_tone=Tone.PLAIN,
                after=f"{timing.after:.1f} s",
                after_tone=Tone.SLOW if timing.slower else Tone.GOOD,
                reason=f"{ratio:.1f} times {'slower' if timing.slower else 'faster'}",
            )
        )
    title = "Durations beyond noise"
    if not comparison.same_machine:
        title += ", on two machines"
    yield ChangeGroup(title=title, tone=Tone.SLOW, changes=tuple(changes), open=False)


def _one_sided(title: str, records: Iterable[Record]) -> Iterator[ChangeGroup]:
    ordered = sorted(records, key=lambda record: (record.status is Status.PASS, record.package))
    if ordered:
        lines = tuple(shown_line(f"{record.package} ({record.status})") for record in ordered)
        yield ChangeGroup(title=title, tone=Tone.PLAIN, lines=lines, open=False)
