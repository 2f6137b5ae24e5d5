"""What a campaign would do, without doing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from labeille.reports.words import Verbosity

if TYPE_CHECKING:
    from labeille.campaigns.campaign import Campaign
    from labeille.pipeline.job import Job


class Plan(Protocol):
    """A campaign's plan, as far as all of them are alike.

    ``completed`` counts the packages that --skip-completed left out of ``jobs``.
    """

    @property
    def campaign(self) -> Campaign: ...
    @property
    def jobs(self) -> tuple[Job, ...]: ...
    @property
    def completed(self) -> int: ...


def dry_run_text(headline: str, plan: Plan, verbosity: Verbosity) -> str:
    """The headline, the packages that it is about, and what was passed over."""
    lines = [headline]
    for job in plan.jobs:
        line = f"  {job.name}{f'@{job.revision}' if job.revision else ''}"
        if verbosity >= Verbosity.VERBOSE:
            line += f": {job.package.install_command} ; {job.package.test_command}"
        lines.append(line)
    selected = plan.campaign.selected
    lines += [f"{count} passed over: {reason}" for reason, count in selected.counts.items()]
    if plan.completed:
        lines.append(f"{plan.completed} have a verdict already")
    lines += [str(problem) for problem in selected.problems]
    return "\n".join(lines)
