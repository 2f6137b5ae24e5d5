"""How resolving looks: a line a package, and a summary that counts."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from labeille.campaigns.describe import Remark
from labeille.campaigns.resolve import Outcome
from labeille.reports.words import Verbosity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from labeille.campaigns.resolve import Resolved, Resolving
    from labeille.campaigns.wanted import WantedList

#: Of these there may be thousands, and there is nothing to do about one of them.
_UNREMARKABLE = (Outcome.COMPLETE, Outcome.ENRICHED, Outcome.NOT_ASKED)
_WOULD = {Outcome.CREATED: "would create", Outcome.FILLED: "would fill in"}


def resolved_text(resolved: Resolved, verbosity: Verbosity, *, dry_run: bool = False) -> str:
    """What is said of one package; empty where nothing is."""
    if verbosity is Verbosity.QUIET:
        return ""
    if resolved.outcome in _UNREMARKABLE and verbosity < Verbosity.VERBOSE:
        return ""
    lines = [_line(resolved, dry_run=dry_run)]
    if verbosity >= Verbosity.VERBOSE and dry_run and resolved.content is not None:
        content = resolved.content.decode(errors="backslashreplace")
        lines += [f"    {line}" for line in content.splitlines()]
    return "\n".join(lines)


def _line(resolved: Resolved, *, dry_run: bool) -> str:
    name, outcome, found = resolved.name, resolved.outcome, resolved.description
    if outcome in (Outcome.UNKNOWN, *_UNREMARKABLE):
        return f"{name}: {outcome}"
    if found is None or not outcome.is_resolved:
        return f"{name}: {outcome}: {resolved.text}"
    package = found.package
    did = _WOULD.get(outcome, str(outcome)) if dry_run else str(outcome)
    if outcome is Outcome.FILLED:
        did = f"{did} {', '.join(resolved.filled)}"
    facts = [package.repo or "no repo", package.extension_type.value]
    facts += [text for _, text in found.remarks]
    version = f" {found.version}" if found.version else ""
    return f"{name}{version}: {did}: {'; '.join(facts)}"


def resolving_summary(
    wanted: WantedList, results: Iterable[Resolved], resolving: Resolving, *, dry_run: bool
) -> str:
    """Counts of what became of the packages, and what is worth knowing of them."""
    results = list(results)
    outcomes = Counter(resolved.outcome for resolved in results)
    counted = [f"{outcomes[outcome]} {outcome}" for outcome in Outcome if outcomes[outcome]]
    if wanted.invalid:
        counted.append(f"{len(wanted.invalid)} no package name")
    if wanted.repeated:
        counted.append(f"{wanted.repeated} named again")
    total = len(wanted.packages) + len(wanted.invalid) + wanted.repeated
    lines = [f"{_counted(total)}: {', '.join(counted) or 'none done'}"]
    if dry_run:
        lines[0] += " (a dry run: nothing is written)"
    remarks = Counter(
        remark
        for resolved in results
        if resolved.description is not None
        for remark, _ in resolved.description.remarks
    )
    lines += [f"  {remarks[remark]} {remark}" for remark in Remark if remarks[remark]]
    if resolving.index_problem:
        lines.append(f"the index is left as it is: {resolving.index_problem}")
    elif resolving.index_changes:
        would = "would change" if dry_run else "changed"
        lines.append(f"index.yaml: {_counted(resolving.index_changes)} {would}")
    return "\n".join(lines)


def _counted(number: int) -> str:
    return "1 entry" if number == 1 else f"{number} entries"
