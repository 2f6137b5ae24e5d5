"""How edits and checks of package files look."""

from __future__ import annotations

import difflib
import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from labeille.registry.findings import Level
from labeille.registry.where import KNOWN_FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from labeille.registry.edit import Change, EditPlan
    from labeille.registry.findings import Finding, Validation
    from labeille.registry.index import Drift, Index
    from labeille.registry.problems import FileProblem
    from labeille.sources.registry_sync import Synced

#: How many files a sample of an edit shows.
SAMPLES = 3
#: How many files that cannot be edited are named before the others are only counted.
NAMED_PROBLEMS = 20


def edit_text(plan: EditPlan, written: int | None) -> str:
    """What an edit did, or with ``written`` None would do: a sample and counts."""
    blocks = []
    if written is None and plan.changes:
        blocks.append("".join(_diff(change) for change in plan.changes[:SAMPLES]).rstrip("\n"))
        more = len(plan.changes) - SAMPLES
        if more > 0:
            blocks.append(f"… and {more} more files")
    blocks.append("\n".join(_edit_counts(plan, written)))
    return "\n\n".join(blocks)


def problem_lines(problems: Iterable[FileProblem]) -> str:
    """Files that cannot be edited, each with its line; of very many the first ones."""
    lines = [f"{_shown(problem.path, problem.line)}: {problem.message}" for problem in problems]
    if len(lines) > NAMED_PROBLEMS:
        lines[NAMED_PROBLEMS:] = [f"… and {len(lines) - NAMED_PROBLEMS} more"]
    return "\n".join(lines)


def validation_text(validation: Validation) -> str:
    """A line for each finding, then counts."""
    lines = [finding_line(finding) for finding in validation.findings]
    rules = Counter(finding.rule for finding in validation.findings)
    if rules:
        lines.append("")
        width = max(map(len, rules))
        lines += [
            f"  {rule:<{width}}  {count:>5}  {rule.level}" for rule, count in rules.most_common()
        ]
    errors, warnings = validation.count(Level.ERROR), validation.count(Level.WARNING)
    lines.append(
        f"{_number(validation.files, 'file')}: "
        f"{_number(errors, 'error')}, {_number(warnings, 'warning')}"
    )
    return "\n".join(lines)


def finding_line(finding: Finding) -> str:
    """``file:line: level: message [rule]``."""
    place = _shown(finding.path, finding.line)
    return f"{place}: {finding.level}: {finding.message} [{finding.rule}]"


def validation_json(validation: Validation) -> str:
    """The findings and their counts as one JSON object."""
    content = {
        "files": validation.files,
        "errors": validation.count(Level.ERROR),
        "warnings": validation.count(Level.WARNING),
        "findings": [
            {
                "file": str(finding.path),
                "line": finding.line,
                "level": finding.level,
                "rule": finding.rule,
                "message": finding.message,
            }
            for finding in validation.findings
        ],
    }
    return json.dumps(content, indent=2, ensure_ascii=False)


def drift_text(drift: Drift, index: Index) -> str:
    """What a rebuild of the index changed."""
    total = _number(len(index.packages), "entry", "entries")
    if not drift:
        return f"the index is up to date: {total}"
    parts = [
        f"{len(names)} {what}"
        for names, what in (
            (drift.changed, "brought up to date"),
            (drift.missing, "added"),
            (drift.stale, "removed"),
        )
        if names
    ]
    return f"the index is rebuilt: {total}, {', '.join(parts) or 'put in order'}"


def sync_text(synced: Synced) -> str:
    """What became of a copy of a registry, and what in it is the user's own."""
    lines = [f"{synced.registry}: {synced.state} at {synced.new}"]
    if synced.old not in (None, synced.new):
        lines[0] += f" (was {synced.old})"
    if synced.edited:
        lines.append(f"  {_number(synced.edited, 'file')} with changes that are not committed")
    if synced.ahead:
        lines.append(f"  {_number(synced.ahead, 'commit')} of its own")
    return "\n".join(lines)


def _edit_counts(plan: EditPlan, written: int | None) -> list[str]:
    edit = plan.edit
    done = "would change" if written is None else "changed"
    count = len(plan.changes) if written is None else written
    lines = [f"{edit.operation} {edit.field}: {count} of {_number(plan.total, 'file')} {done}"]
    if plan.unchanged:
        lines.append(f"  {plan.unchanged} need no change")
    if plan.passed_over:
        lines.append(f"  {plan.passed_over} are not what --where asks for")
    broken = len({problem.path for problem in plan.problems})
    if broken:
        lines.append(f"  {broken} cannot be edited and are left out")
    if edit.new_name and edit.field in KNOWN_FIELDS and edit.new_name not in KNOWN_FIELDS:
        lines.append(f"labeille knows {edit.field}, and only keeps {edit.new_name}")
    if written is None and plan.changes:
        lines.append("nothing is written: this was a dry run, --apply writes")
    elif written and edit.is_indexed:
        lines.append("the index repeats this field: `labeille registry rebuild-index`")
    return lines


def _diff(change: Change) -> str:
    name = f"packages/{change.path.name}"
    lines = difflib.unified_diff(
        _lines(change.before), _lines(change.after), f"a/{name}", f"b/{name}", n=1
    )
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


def _lines(data: bytes) -> list[str]:
    text = data.decode("utf-8", errors="backslashreplace")
    lines = [f"{line}\n" for line in text.split("\n")]
    last = lines.pop().removesuffix("\n")
    return [*lines, last] if last else lines


def _shown(path: Path, line: int | None) -> str:
    """A file's path, short below the current folder, with the line where there is one."""
    here = Path.cwd()
    shown = path.relative_to(here) if path.is_relative_to(here) else path
    return f"{shown}:{line}" if line is not None else str(shown)


def _number(count: int, noun: str, plural: str | None = None) -> str:
    return f"{count} {noun if count == 1 else plural or noun + 's'}"
