"""What changed between two differentials, and between two free-threaded runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labeille.analysis.freethreading.compare import Direction, compare_runs
from labeille.analysis.freethreading.runs import FreeThreadedRun
from labeille.reports.document import plain
from labeille.reports.freethreading.compare import passed_text, trouble_line
from labeille.reports.page.changes import run_words
from labeille.reports.page.model import Change, ChangeGroup, Changes, Fact
from labeille.reports.quantities import counted
from labeille.reports.showable import shown_line
from labeille.reports.tones import CATEGORY_TONES, DIFFERENTIAL_TONES, Tone
from labeille.results.differential import Differential, DifferentialVerdict
from labeille.results.reading import read_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from labeille.analysis.freethreading.compare import PackageChange
    from labeille.analysis.runs import StoredRun

#: Tests, crashes or races of one package that are named.
_NAMED = 20

_DIRECTIONS = {
    Direction.WORSE: ("Worse", Tone.CRASH),
    Direction.CHANGED: ("Changed", Tone.PLAIN),
    Direction.BETTER: ("Better", Tone.GOOD),
    Direction.SAME: ("Same category, other failures", Tone.PLAIN),
}


def freethreading_changes(
    before: StoredRun, after: StoredRun, anchors: Mapping[str, str]
) -> Changes:
    """The differences of two free-threaded runs."""
    comparison = compare_runs(FreeThreadedRun(before), FreeThreadedRun(after))
    groups = []
    for direction, (title, tone) in _DIRECTIONS.items():
        changes = [
            _category_change(each, anchors)
            for each in comparison.changes
            if each.direction is direction and (each.is_remarkable or each.rate_changed)
        ]
        if changes:
            groups.append(ChangeGroup(title=title, tone=tone, changes=tuple(changes)))
    sides = (("Only before", comparison.only_before), ("Only now", comparison.only_after))
    return Changes(
        before=before.run_id,
        after=after.run_id,
        words=_words(len(comparison.changes), sum(len(group.changes) for group in groups)),
        circumstances=(
            Fact(name="before", value=run_words(before, len(comparison.before.records))),
            Fact(name="now", value=run_words(after, len(comparison.after.records))),
            *(Fact(name="note", value=shown_line(text)) for text in comparison.caveats),
        ),
        groups=(*groups, *_one_sided(sides)),
    )


def _category_change(each: PackageChange, anchors: Mapping[str, str]) -> Change:
    old, new = each.before.category, each.after.category
    passed = (passed_text(each.rate_before), passed_text(each.rate_after))
    reason = f"passed {passed[0] or 'none'} → {passed[1] or 'none'}"
    if each.rate_changed:
        reason += f", p = {each.p_value:.2g}"
        reason += "" if each.is_significant else ": chance may explain it"
    lines = [f"new: {plain(trouble_line(each.name, trouble))}" for trouble in each.new[:_NAMED]]
    lines += [
        f"resolved: {plain(trouble_line(each.name, trouble))}" for trouble in each.resolved[:_NAMED]
    ]
    return Change(
        package=shown_line(each.name, 100),
        anchor=anchors.get(each.name, ""),
        before=old.value,
        before_tone=CATEGORY_TONES[old],
        after=new.value,
        after_tone=CATEGORY_TONES[new],
        reason=reason,
        lines=tuple(shown_line(line, 400) for line in lines),
    )


def differential_changes(
    before: StoredRun, after: StoredRun, anchors: Mapping[str, str]
) -> Changes:
    """The differences of two differentials: packages whose verdict, or whose findings, changed."""
    then = {line.package: line for line in read_lines(before.lines_path, Differential).items}
    now = {line.package: line for line in read_lines(after.lines_path, Differential).items}
    both = sorted(then.keys() & now.keys())
    order = list(DifferentialVerdict)
    worse: list[Change] = []
    better: list[Change] = []
    other: list[Change] = []
    for package in both:
        old, new = then[package], now[package]
        lines = tuple(_test_changes(old, new))
        if old.verdict is new.verdict and not lines:
            continue
        change = Change(
            package=shown_line(package, 100),
            anchor=anchors.get(package, ""),
            before=old.verdict.value,
            before_tone=DIFFERENTIAL_TONES[old.verdict],
            after=new.verdict.value,
            after_tone=DIFFERENTIAL_TONES[new.verdict],
            reason=_conditions(old, new),
            lines=lines,
        )
        step = order.index(new.verdict) - order.index(old.verdict)
        (worse if step < 0 else better if step > 0 else other).append(change)
    named = (
        ("Worse", Tone.CRASH, worse),
        ("Better", Tone.GOOD, better),
        ("Same verdict, other tests", Tone.PLAIN, other),
    )
    groups = [
        ChangeGroup(title=title, tone=tone, changes=tuple(changes))
        for title, tone, changes in named
        if changes
    ]
    sides = (
        ("Only before", sorted(then.keys() - now.keys())),
        ("Only now", sorted(now.keys() - then.keys())),
    )
    return Changes(
        before=before.run_id,
        after=after.run_id,
        words=_words(len(both), len(worse) + len(better) + len(other)),
        circumstances=(
            Fact(name="before", value=run_words(before, len(then))),
            Fact(name="now", value=run_words(after, len(now))),
        ),
        groups=(*groups, *_one_sided(sides)),
    )


def _test_changes(old: Differential, new: Differential) -> Iterator[str]:
    changed = []
    for test in dict.fromkeys((*new.tests, *old.tests)):
        was = old.tests.get(test, DifferentialVerdict.SAME)
        now = new.tests.get(test, DifferentialVerdict.SAME)
        if was is not now:
            changed.append(f"{was} → {now}: {test}")
    yield from (shown_line(line, 400) for line in changed[:_NAMED])
    if len(changed) > _NAMED:
        yield f"and {len(changed) - _NAMED:,} more tests"


def _conditions(old: Differential, new: Differential) -> str:
    if old.conditions == new.conditions:
        return ""
    return shown_line(f"under {', '.join(new.conditions)}, before {', '.join(old.conditions)}")


def _words(both: int, changed: int) -> str:
    found = f"{changed:,} changed" if changed else "none changed"
    return f"Of {counted(both, 'package')} in both runs {found}."


def _one_sided(sides: Sequence[tuple[str, Sequence[str]]]) -> Iterator[ChangeGroup]:
    for title, names in sides:
        if names:
            lines = tuple(shown_line(name, 100) for name in names)
            yield ChangeGroup(title=title, tone=Tone.PLAIN, lines=lines, open=False)
