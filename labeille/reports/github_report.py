"""A report as annotations of a GitHub Actions job.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions: commands on standard
output, ``%`` and line ends escaped, in properties ``:`` and ``,`` too. A step shows ten annotations
of each level, so that like things go into one.
"""

from __future__ import annotations

import enum
from collections import Counter
from typing import TYPE_CHECKING

from labeille.reports.page.model import Outcome
from labeille.reports.quantities import counted
from labeille.reports.tones import Tone

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from labeille.reports.page.model import ChangeGroup, Finding, Page

#: Annotations of one level that a step shows.
LIMIT = 10
#: Packages that one annotation names.
NAMED = 10


class Level(enum.StrEnum):
    """How an annotation looks."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


def github_report(page: Page) -> str:
    """The page's findings, verdicts and headline as workflow commands, a line each."""
    commands = [*_findings(page.findings), *_verdicts(page)]
    if page.changes:
        groups = [f"{group.title}: {_number(group)}" for group in page.changes.groups if group.open]
        message = "\n".join([page.changes.words, *groups])
        commands.append(annotation(Level.NOTICE, "What changed", message))
    message = "\n".join([" · ".join(page.subtitle), *page.warnings])
    commands.append(annotation(Level.NOTICE, f"{page.run_id}: {page.heading}", message))
    return "\n".join(commands) + "\n"


def annotation(level: Level, title: str, message: str) -> str:
    """One workflow command."""
    return f"::{level} title={_property(title)}::{_data(message)}"


def _findings(findings: Iterable[Finding]) -> Iterator[str]:
    """Each finding; those beyond what a step shows together in the last annotation."""
    for level, certain in ((Level.ERROR, True), (Level.WARNING, False)):
        group = [finding for finding in findings if finding.certain is certain]
        alone = group if len(group) <= LIMIT else group[: LIMIT - 1]
        for finding in alone:
            yield annotation(level, f"{finding.label}: {finding.title}", _message(finding))
        rest = group[len(alone) :]
        if rest:
            titles = "\n".join(finding.title for finding in rest)
            yield annotation(level, f"{len(rest)} more findings", titles)


def _message(finding: Finding) -> str:
    cases = finding.cases
    names = ", ".join(case.name for case in cases[:NAMED])
    more = f" and {len(cases) - NAMED} more" if len(cases) > NAMED else ""
    lines = [f"{names}{more}", finding.detail]
    tests = (fact.value for case in cases[:1] for fact in case.facts if fact.name == "running test")
    lines += [f"running test: {test}" for test in tests]
    lines += [f"repeat: {command.text}" for case in cases[:1] for command in case.commands[:1]]
    return "\n".join(filter(None, lines))


def _verdicts(page: Page) -> Iterator[str]:
    """One annotation for each verdict that no finding stands for."""
    told = {case.anchor for finding in page.findings for case in finding.cases}
    rows = [
        row
        for row in page.rows
        if row.outcome is not Outcome.PASSED and row.anchor not in told
    ]  # fmt: skip
    for word in Counter(row.word for row in rows):
        group = [row for row in rows if row.word == word]
        grave = group[0].tone in (Tone.HANG, Tone.ERROR, Tone.CRASH, Tone.WRONG)
        level = Level.WARNING if grave else Level.NOTICE
        lines = [f"{row.package}: {row.remark}".removesuffix(": ") for row in group[:NAMED]]
        if len(group) > NAMED:
            lines.append(f"and {len(group) - NAMED} more")
        title = f"{word}: {counted(len(group), 'package')}"
        yield annotation(level, title, "\n".join(lines))


def _number(group: ChangeGroup) -> int:
    return len(group.changes) + len(group.lines)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
