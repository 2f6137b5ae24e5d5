"""From a command line's wishes to a differential that can start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from labeille.campaigns.campaign import Campaign, Wishes, check_places, new_meta, plan_campaign
from labeille.campaigns.differential.conditions import Conditions, parse_conditions
from labeille.campaigns.differential.seeds import seeded_job
from labeille.campaigns.durations import last_durations, longest_first
from labeille.errors import UsageError
from labeille.pipeline.job import Job
from labeille.results.differential import LINES_FILE, RUN_PREFIX, Differential
from labeille.results.directory import timestamp
from labeille.results.lines import LinesFile
from labeille.targets.model import TargetKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from labeille.results.directory import RunDirectory
    from labeille.results.model import RunMeta
    from labeille.targets.model import Target

DEFAULT_REPEAT = 2


@dataclass(frozen=True, kw_only=True)
class DifferentialWishes(Wishes):
    """What a command line asks of a differential; no ``conditions`` stand for the default ones."""

    conditions: tuple[str, ...] = ()
    repeat: int = DEFAULT_REPEAT


@dataclass(frozen=True, kw_only=True)
class DifferentialPlan:
    """A differential that is ready to start.

    ``jobs`` are those still to be done, longest first, under the first condition without the JIT;
    ``completed`` counts those that ``skip_completed`` left out.
    """

    campaign: Campaign
    conditions: Conditions
    repeat: int
    jobs: tuple[Job, ...]
    completed: int

    @property
    def run(self) -> RunDirectory:
        return self.campaign.run

    @property
    def target(self) -> Target:
        return self.campaign.target

    @property
    def lines(self) -> LinesFile[Differential]:
        return lines_of(self.run)

    def differentials(self) -> list[Differential]:
        """The lines that the run has of the selected packages, also from before a resume."""
        lines = last_lines(self.run)
        names = (chosen.package.name for chosen in self.campaign.selected.chosen)
        return [lines[name] for name in names if name in lines]


def lines_of(run: RunDirectory) -> LinesFile[Differential]:
    """The lines of a differential run."""
    return LinesFile(run.path / LINES_FILE, Differential)


def last_lines(run: RunDirectory) -> dict[str, Differential]:
    """The line that counts for each package: the last one."""
    return {line.package: line for line in lines_of(run).read()}


def plan_differential(
    wishes: DifferentialWishes, *, report: Callable[[str], None]
) -> DifferentialPlan:
    """Check every wish and say what is to be done, before anything is fetched.

    Raises LabeilleError for whatever cannot be: an unknown package, an empty selection, no target,
    conditions that the target cannot honour or that have nothing to compare.
    """
    campaign = plan_campaign(wishes, want=TargetKind.JIT, prefix=RUN_PREFIX, report=report)
    target = campaign.target
    conditions = parse_conditions(wishes.conditions, target, wishes.env)
    base = conditions.base()
    jobs = [
        Job(package=chosen.package, revision=chosen.revision, target=target, condition=base)
        for chosen in campaign.selected.chosen
    ]
    done = last_lines(campaign.run) if wishes.skip_completed else {}
    left = [seeded_job(job, base) for job in jobs if job.name not in done]
    return DifferentialPlan(
        campaign=campaign,
        conditions=conditions,
        repeat=wishes.repeat,
        jobs=tuple(longest_first(left, last_durations(wishes.places.results_dir))),
        completed=len(jobs) - len(left),
    )


def begin(plan: DifferentialPlan) -> RunMeta:
    """Note the beginning of the run, which exists on disk, and return its metadata as written.

    ``condition`` names all conditions, by commas. Raises UsageError when the run was begun on
    another target or under others, and where one of the folders cannot be written.
    """
    check_places(plan.campaign.wishes.places)
    meta = msgspec.structs.replace(
        new_meta(plan.campaign),
        env_overrides=dict(plan.campaign.wishes.env),
        condition=",".join(plan.conditions.names),
    )
    before = plan.run.read_meta()
    if before is not None:
        _check_same(before, meta)
        meta = msgspec.structs.replace(meta, started_at=before.started_at)
    plan.run.write_meta(meta)
    return meta


def finish(plan: DifferentialPlan, meta: RunMeta) -> None:
    """Note the end of the run."""
    plan.run.write_meta(msgspec.structs.replace(meta, finished_at=timestamp()))


def _check_same(before: RunMeta, now: RunMeta) -> None:
    if before.target_id not in (None, now.target_id) or before.condition not in (
        None,
        now.condition,
    ):
        raise UsageError(
            f"run {before.run_id} was begun with {before.target_python} under {before.condition}, "
            f"not with {now.target_python} under {now.condition}",
            hint="give this one another --run-id",
        )
