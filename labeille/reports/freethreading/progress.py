"""How a free-threaded campaign looks while it runs, and what it says at its end."""

from __future__ import annotations

import shlex
from collections import Counter
from typing import TYPE_CHECKING

from labeille.reports.freethreading.words import percent, verdict_text
from labeille.reports.step_lines import StepLines
from labeille.reports.words import Verbosity, one_line
from labeille.results.freethreading import Category, IterationStatus, Series

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labeille.campaigns.freethreading.plan import FreeThreadedPlan
    from labeille.pipeline.job import Job
    from labeille.results.freethreading import FreeThreadedRecord, Iteration

_SERIES_WORDS = {
    Series.PLAIN: "iteration",
    Series.GIL: "with the GIL,",
    Series.STRESS: "under stress,",
}


class FreeThreadedProgress(StepLines):
    """A line for each package, and with --verbose for each iteration."""

    def __init__(self, plan: FreeThreadedPlan, verbosity: Verbosity) -> None:
        super().__init__(headline(plan), len(plan.jobs), verbosity)
        self._iterations = plan.manner.iterations

    def iterated(self, job: Job, series: Series, iteration: Iteration) -> None:
        """Say how an iteration ended, if there is time to read it."""
        which = f"{_SERIES_WORDS[series]} {iteration.index + 1}/{self._iterations}"
        self._say(f"{job.name}: {which}: {iteration_text(iteration)}")

    def finished(self, record: FreeThreadedRecord) -> None:
        """Say the category."""
        self._count(record_line(record))


def headline(plan: FreeThreadedPlan) -> str:
    """One line: what is run how often, on which interpreter, and where it is kept."""
    target, manner = plan.target, plan.manner
    facts = [target.version, "free-threaded"]
    facts += ["debug"] if target.debug else []
    facts += [f"sanitizers: {', '.join(target.sanitizers)}"] if target.sanitizers else []
    count = len(plan.jobs)
    what = plan.jobs[0].name if count == 1 else f"{count} packages"
    plural = "" if manner.iterations == 1 else "s"
    how = f"{manner.iterations} iteration{plural} with PYTHON_GIL=0"
    if manner.compare_with_gil:
        how += ", as many with PYTHON_GIL=1"
    if manner.stress_threads:
        how += f", as many with each test in {manner.stress_threads} threads"
    places = plan.campaign.wishes.places
    return (
        f"{what} on {target.python} ({', '.join(facts)}), {how}; "
        f"environments in {places.venvs_dir}; run {plan.run.path}"
    )


def iteration_text(iteration: Iteration) -> str:
    """One iteration's end in a few words."""
    parts = [iteration.status.value]
    if iteration.activity is not None:
        parts.append(iteration.activity.value)
    if iteration.crash_signature:
        parts.append(iteration.crash_signature)
    if iteration.failed_tests:
        parts.append(f"{len(iteration.failed_tests)} failed")
    parts.append(f"{iteration.duration_s:.1f} s")
    if iteration.running_test:
        parts.append(f"in {iteration.running_test}")
    return ", ".join(parts)


def record_line(record: FreeThreadedRecord) -> str:
    """One package's result on one line."""
    parts = [f"{record.package}: {record.category}"]
    if record.iterations_completed:
        parts.append(f"{record.pass_count} of {record.iterations_completed} pass")
    kinds = (
        (record.crash_count, IterationStatus.CRASH),
        (record.deadlock_count, IterationStatus.DEADLOCK),
        (record.timeout_count, IterationStatus.TIMEOUT),
        (record.error_count, IterationStatus.ERROR),
    )
    parts += [f"{count} {status}" for count, status in kinds if count]
    if record.gil_enabled_pass_rate is not None:
        parts.append(f"{percent(record.gil_enabled_pass_rate)} pass with the GIL")
    if verdict := verdict_text(record.breakage):
        parts.append(verdict)
    if record.stress_pass_rate is not None:
        parts.append(f"{percent(record.stress_pass_rate)} pass under stress")
    if record.stopped_early:
        parts.append(record.stopped_early)
    message = record.install_error or record.import_error or record.reason
    if message:
        parts.append(one_line(message))
    return ", ".join(parts)


def summary_text(plan: FreeThreadedPlan, records: Sequence[FreeThreadedRecord]) -> str:
    """What a run came to: how many of each category, and where to read on."""
    counts = Counter(record.category for record in records)
    total = ", ".join(f"{counts[each]} {each}" for each in Category if counts[each])
    selected = len(plan.campaign.selected.chosen)
    lines = [f"{len(records)} of {selected} packages: {total or 'nothing'}"]
    problems = [str(problem) for problem in plan.campaign.selected.problems]
    if problems:
        lines.append("registry files left out:\n" + "\n".join(f"  {line}" for line in problems))
    lines.append(f"results: {plan.run.path}")
    if records:
        lines.append(f"read on: labeille ft show {shlex.quote(str(plan.run.path))}")
    return "\n".join(lines)
