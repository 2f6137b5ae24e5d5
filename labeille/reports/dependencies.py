"""How a dependency scan looks: for people, as JSON, as requirement lines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from labeille.projects.needs import Certainty, ReasonKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from labeille.projects.install_commands import Comparison
    from labeille.projects.needs import DependencyReport, Need, Reason

#: Signs of one kind that are shown before the rest is counted.
_SHOWN = 2

_VERBS = {
    ReasonKind.DECLARED: "",
    ReasonKind.RUNNER: "",
    ReasonKind.REQUIRED_PLUGIN: "required_plugins ",
    ReasonKind.OPTION: "option ",
    ReasonKind.SETTING: "setting ",
    ReasonKind.PLUGIN: "plugin ",
    ReasonKind.FIXTURE: "fixture ",
    ReasonKind.MARKER: "marker ",
    ReasonKind.IMPORT: "imported in ",
    ReasonKind.WARNING: "warning filter ",
    ReasonKind.SOURCE: "imported by the package in ",
}


def pip_text(report: DependencyReport) -> str:
    """Requirement lines of what is declared or known; a guess is never among them."""
    return "\n".join(str(need.requirement) for need in report.installable)


def json_text(report: DependencyReport, comparison: Comparison | None) -> str:
    """Everything that was found, as one JSON object."""
    content: dict[str, Any] = {
        "project": report.project,
        "framework": report.framework.value,
        "test_dirs": list(report.test_dirs),
        "files": report.files,
        "declared_sets": [
            {"kind": each.kind.value, "name": each.name, "place": each.place}
            for each in report.sets
        ],
        "needs": [_need_facts(need) for need in report.needs],
        "install": [str(need.requirement) for need in report.installable],
        "comparison": None if comparison is None else _comparison_facts(comparison),
        "notes": list(report.notes),
    }
    return json.dumps(content, indent=2)


def human_text(report: DependencyReport, comparison: Comparison | None) -> str:
    """A paragraph for each group of needs, each need on a line with its signs."""
    return "\n".join(_human_lines(report, comparison))


def _human_lines(report: DependencyReport, comparison: Comparison | None) -> Iterator[str]:
    name = report.project or "unnamed project"
    dirs = " ".join(report.test_dirs) or "no tests"
    yield f"{name}: {report.framework} ({dirs}, {report.files} files)"
    if report.sets:
        yield f"declared for tests: {', '.join(map(str, report.sets))}"
    sure = [need for need in report.installable if not need.conditional]
    maybe = [need for need in report.installable if need.conditional]
    others = [need for need in report.needs if not need.installable]
    yield from _section("needed", sure)
    yield from _section("used where installed", maybe)
    yield from _section(
        "comes with the package", (need for need in others if need.with_project), signs=False
    )
    yield from _section(
        "left out", (need for need in others if need.tool and not need.with_project)
    )
    yield from _section(
        "not needed to run the suite",
        (
            need
            for need in others
            if not (need.useful or need.with_project) and need.certainty is not Certainty.GUESSED
        ),
    )
    yield from _section("guessed, and in no install line", report.guesses)
    if comparison is not None:
        yield from _comparison_lines(comparison)
    for note in report.notes:
        yield f"note: {note}"


def _section(title: str, needs: Iterable[Need], *, signs: bool = True) -> Iterator[str]:
    needs = list(needs)
    if not needs:
        return
    if not signs:
        yield f"{title}: {', '.join(need.package for need in needs)}"
        return
    yield f"{title}:"
    width = min(max(len(str(need.requirement)) for need in needs), 32)
    for need in needs:
        yield f"  {need.requirement!s:<{width}}  {_signs(need)}"


def _signs(need: Need) -> str:
    """The signs in few words: each kind with its first places."""
    parts = [f"maybe {' or '.join(need.others)}"] if need.others else []
    if need.tool:
        parts.append(need.tool)
    by_kind: dict[ReasonKind, list[Reason]] = {}
    for reason in need.reasons:
        by_kind.setdefault(reason.kind, []).append(reason)
    for kind, reasons in by_kind.items():
        shown = list(dict.fromkeys(_sign(reason) for reason in _sure_first(reasons)))
        rest = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
        parts.append(f"{_VERBS[kind]}{', '.join(shown[:_SHOWN])}{rest}")
    return "; ".join(parts)


def _sure_first(reasons: list[Reason]) -> list[Reason]:
    return sorted(reasons, key=lambda reason: reason.condition is not None)


def _sign(reason: Reason) -> str:
    """One sign after its verb."""
    condition = f" ({reason.condition})" if reason.condition else ""
    if reason.kind in (ReasonKind.IMPORT, ReasonKind.SOURCE):
        return reason.place + condition
    if reason.kind in (ReasonKind.DECLARED, ReasonKind.RUNNER):
        return reason.detail + condition
    return f"{reason.detail} ({reason.place}){condition}"


def _comparison_lines(comparison: Comparison) -> Iterator[str]:
    yield f"install command: {comparison.command}"
    if comparison.missing:
        yield f"  missing: {' '.join(str(need.requirement) for need in comparison.missing)}"
    else:
        yield "  missing: nothing"
    if comparison.missing_conditional:
        names = " ".join(str(need.requirement) for need in comparison.missing_conditional)
        yield f"  missing, used where installed: {names}"
    if comparison.unread:
        yield f"  not understood: {' '.join(comparison.unread)}"


def _need_facts(need: Need) -> dict[str, Any]:
    return {
        "package": need.package,
        "requirement": str(need.requirement),
        "certainty": need.certainty.value,
        "conditional": need.conditional,
        "with_project": need.with_project,
        "install": need.installable,
        "left_out_because": need.tool,
        "maybe": list(need.others),
        "reasons": [
            {
                "kind": reason.kind.value,
                "detail": reason.detail,
                "place": reason.place,
                "condition": reason.condition.value if reason.condition else None,
            }
            for reason in need.reasons
        ],
    }


def _comparison_facts(comparison: Comparison) -> dict[str, Any]:
    return {
        "command": comparison.command,
        "installs": list(comparison.installs),
        "missing": [str(need.requirement) for need in comparison.missing],
        "missing_conditional": [str(need.requirement) for need in comparison.missing_conditional],
        "not_understood": list(comparison.unread),
    }
