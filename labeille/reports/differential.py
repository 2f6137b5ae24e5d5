"""How a differential looks on a terminal: before it starts, while it runs, at its end."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from labeille.reports.step_lines import StepLines
from labeille.reports.tables import Table, table_text
from labeille.reports.words import (
    Verbosity,
    one_line,
    target_text,
    tests_text,
    verdict_line,
)
from labeille.results.differential import Differential, DifferentialVerdict, Finding, Scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from labeille.campaigns.differential.package import Compared
    from labeille.campaigns.differential.plan import DifferentialPlan
    from labeille.campaigns.differential.trials import Ran
    from labeille.results.model import Record

#: Tests of one verdict that are named for a package, unless --verbose.
NAMED_TESTS = 5

SCOPE_WORDS = {
    Scope.TEST: "shows in the test alone",
    Scope.FILE: "shows in its file, not in the test alone",
    Scope.SUITE: "shows in the whole suite only",
}


def headline(plan: DifferentialPlan) -> str:
    """One line: what is compared, on which interpreter, how often, and where it is kept."""
    count = len(plan.jobs)
    what = plan.jobs[0].name if count == 1 else f"{count} packages"
    return (
        f"{what} on {target_text(plan.target)}, {plan.repeat} times each under "
        f"{', '.join(plan.conditions.names)}; "
        f"environments in {plan.campaign.wishes.places.venvs_dir}; run {plan.run.path}"
    )


class DifferentialProgress(StepLines):
    """A line for each thing that happens."""

    def __init__(self, plan: DifferentialPlan, verbosity: Verbosity) -> None:
        super().__init__(headline(plan), len(plan.jobs), verbosity)

    def tried(self, ran: Ran, what: str) -> None:
        """Say how a trial ended, if there is time to read it."""
        self._say(trial_line(ran, what))

    def finished(self, compared: Compared) -> None:
        """Say the verdict."""
        self._count(package_line(compared))


def trial_line(ran: Ran, what: str) -> str:
    """One trial on one line."""
    job, log = ran.prepared.job, ran.trial.log
    parts = [f"{job.name}: {job.condition.name}, {what}: {ran.verdict.status}"]
    if log.counts is not None:
        parts.append(f"{log.counts.total} tests")
    parts.append(f"{ran.trial.outcome.duration_seconds:.1f} s")
    if log.jit is not None and log.jit.executors:
        parts.append(f"{log.jit.executors} executors")
    if log.running_test:
        parts.append(f"in {log.running_test}")
    if ran.verdict.reason:
        parts.append(one_line(ran.verdict.reason))
    return ", ".join(parts)


def package_line(compared: Compared) -> str:
    """One package's result on one line."""
    line = compared.differential
    if line is None:
        return "; ".join(verdict_line(record) for record in compared.records)
    parts = [f"{line.package}: {line.verdict}"]
    if compared.records:
        parts.append(tests_text(compared.records[0]) or "no per-test log")
    parts += [f"{count} {verdict}" for verdict, count in _counts(line).items()]
    compiled = executors_text(line)
    if compiled:
        parts.append(f"executors: {compiled}")
    again = compared.trials - len(line.conditions) * line.repeat
    if again > 0:
        parts.append(f"{again} runs to confirm")
    return ", ".join(parts)


def summary_text(
    plan: DifferentialPlan, lines: Sequence[Differential], verbosity: Verbosity
) -> str:
    """What a differential found: a table, the findings with their commands, what is doubtful."""
    records = plan.run.records()
    blocks = []
    if verbosity > Verbosity.QUIET and len(lines) > 1:
        blocks.append(_table(lines, records))
    counts = Counter(line.verdict for line in lines)
    total = ", ".join(f"{counts[v]} {v}" for v in DifferentialVerdict if counts[v])
    selected = plan.campaign.selected
    blocks.append(f"{len(lines)} of {len(selected.chosen)} packages: {total or 'nothing'}")
    missing = _missing(plan, lines, records)
    if missing:
        blocks.append("not compared:\n" + "\n".join(f"  {text}" for text in missing))
    if selected.problems:
        problems = "\n".join(f"  {problem}" for problem in selected.problems)
        blocks.append(f"registry files left out:\n{problems}")
    blocks += [text for line in lines if (text := _verdicts(line, verbosity))]
    blocks += [text for line in lines for text in _findings(line)]
    idle = [text for line in lines if (text := _idle(line))]
    if idle:
        blocks.append("\n".join(idle))
    blocks.append(f"results: {plan.run.path}")
    return "\n\n".join(blocks)


def executors_text(line: Differential) -> str:
    """How much the JIT compiled under each condition that has it."""
    return ", ".join(
        f"{name} {'unknown' if count is None else count}"
        for name, count in line.executors.items()
        if _has_jit(name)
    )


def _has_jit(condition: str) -> bool:
    return condition.startswith("jit")


def _counts(line: Differential) -> Mapping[DifferentialVerdict, int]:
    counts = Counter(line.tests.values())
    return {verdict: counts[verdict] for verdict in DifferentialVerdict if counts[verdict]}


def _table(lines: Sequence[Differential], records: Iterable[Record]) -> str:
    of_first = {
        record.package: record for record in records if not _has_jit(record.condition or "")
    }
    rows = [
        (
            line.package,
            "" if (record := of_first.get(line.package)) is None else record.package_version or "",
            line.verdict.value,
            "" if record is None else tests_text(record),
            executors_text(line),
            ", ".join(f"{count} {verdict}" for verdict, count in _counts(line).items()),
        )
        for line in lines
    ]
    columns = ("package", "version", "verdict", "tests", "executors", "remark")
    return table_text(Table(columns=columns, rows=tuple(rows)))


def _missing(
    plan: DifferentialPlan, lines: Sequence[Differential], records: Sequence[Record]
) -> list[str]:
    """Packages without a line that have a record, which says why."""
    compared = {line.package for line in lines}
    chosen = {chosen.package.name for chosen in plan.campaign.selected.chosen}
    last = {record.package: record for record in records}
    return [
        verdict_line(record)
        for name, record in last.items()
        if name in chosen and name not in compared
    ]


def _verdicts(line: Differential, verbosity: Verbosity) -> str:
    """The tests that are no finding and yet not the same everywhere."""
    found = {finding.test for finding in line.findings}
    rows = []
    for verdict in _counts(line):
        tests = [test for test, own in line.tests.items() if own is verdict and test not in found]
        shown = tests if verbosity >= Verbosity.VERBOSE else tests[:NAMED_TESTS]
        rows += [f"  {verdict}: {one_line(test)}" for test in shown]
        if len(tests) > len(shown):
            rows.append(f"  {verdict}: … and {len(tests) - len(shown)} more (-v shows all)")
    return "\n".join([line.package, *rows]) if rows else ""


def _findings(line: Differential) -> list[str]:
    return [_finding(line.package, finding) for finding in line.findings]


def _finding(package: str, finding: Finding) -> str:
    doubt = "" if finding.confirmed else ", not confirmed"
    rows = [f"{finding.verdict}{doubt}: {package}, {finding.test}"]
    if finding.exception:
        rows.append(f"  {one_line(finding.exception, limit=400)}")
    if finding.confirmed:
        rows.append(f"  {SCOPE_WORDS[finding.scope]}")
    rows.append(f"  repeat: {finding.command}")
    return "\n".join(rows)


def _idle(line: Differential) -> str:
    """A warning where the JIT was on and compiled nothing."""
    idle = [name for name, count in line.executors.items() if count == 0 and _has_jit(name)]
    if not idle:
        return ""
    return (
        f"{line.package}: the JIT compiled nothing under {', '.join(idle)}: what passes there "
        "says little"
    )
