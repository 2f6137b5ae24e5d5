"""From a command line's wishes to a hunt that can start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from labeille.campaigns.campaign import (
    Campaign,
    Wishes,
    check_places,
    new_meta,
    plan_campaign,
)
from labeille.campaigns.durations import last_durations, longest_first
from labeille.campaigns.resume import still_to_do
from labeille.errors import UsageError
from labeille.pipeline.job import Job
from labeille.results.directory import timestamp
from labeille.targets.conditions import kind_for, resolve_condition

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from labeille.results.directory import RunDirectory
    from labeille.results.model import Record, RunMeta
    from labeille.targets.model import Condition, Target


@dataclass(frozen=True, kw_only=True)
class HuntWishes(Wishes):
    """What a command line asks of a hunt: over after ``stop_after_crash`` crashes."""

    condition: str = "jit"
    stop_after_crash: int | None = None


@dataclass(frozen=True, kw_only=True)
class HuntPlan:
    """A hunt that is ready to start.

    ``jobs`` are those still to be done, longest first; ``completed`` counts those that
    ``skip_completed`` left out.
    """

    campaign: Campaign
    condition: Condition
    jobs: tuple[Job, ...]
    completed: int
    stop_after_crash: int | None = None

    @property
    def run(self) -> RunDirectory:
        return self.campaign.run

    @property
    def target(self) -> Target:
        return self.campaign.target

    def records(self) -> list[Record]:
        """The records that the run has of the selected packages, also from before a resume."""
        records = self.run.last_records()
        names = (chosen.package.name for chosen in self.campaign.selected.chosen)
        return [records[name] for name in names if name in records]


def plan_hunt(wishes: HuntWishes, *, report: Callable[[str], None]) -> HuntPlan:
    """Check every wish and say what is to be done, before anything is fetched.

    Raises LabeilleError for whatever cannot be: an unknown package, an empty selection, no target,
    a condition that the target cannot honour.
    """
    campaign = plan_campaign(wishes, want=kind_for(wishes.condition), report=report)
    target = campaign.target
    condition = resolve_condition(wishes.condition, target, wishes.env)
    jobs: Sequence[Job] = [
        Job(package=chosen.package, revision=chosen.revision, target=target, condition=condition)
        for chosen in campaign.selected.chosen
    ]
    total = len(jobs)
    if wishes.skip_completed:
        jobs = still_to_do(jobs, campaign.run.last_records())
    return HuntPlan(
        campaign=campaign,
        condition=condition,
        jobs=tuple(longest_first(jobs, last_durations(wishes.places.results_dir))),
        completed=total - len(jobs),
        stop_after_crash=wishes.stop_after_crash,
    )


def begin(plan: HuntPlan) -> RunMeta:
    """Note the beginning of the run, which exists on disk, and return its metadata as written.

    Raises UsageError when the run was begun on another target or under another condition (one run
    answers one question), and where one of the folders cannot be written.
    """
    check_places(plan.campaign.wishes.places)
    meta = msgspec.structs.replace(
        new_meta(plan.campaign),
        jit_enabled=condition_enables_jit(plan.condition, plan.target),
        env_overrides=dict(plan.condition.env),
        condition=plan.condition.name,
    )
    before = plan.run.read_meta()
    if before is not None:
        _check_same(before, plan)
        meta = msgspec.structs.replace(meta, started_at=before.started_at)
    plan.run.write_meta(meta)
    return meta


def finish(plan: HuntPlan, meta: RunMeta) -> None:
    """Note the end of the run."""
    plan.run.write_meta(msgspec.structs.replace(meta, finished_at=timestamp()))


def condition_enables_jit(condition: Condition, target: Target) -> bool:
    """Whether the JIT is on in the test process: what the build can do under the variables."""
    setting = condition.env.get("PYTHON_JIT")
    if setting is None:
        return target.jit_default
    return setting != "0" and target.jit_works


def _check_same(before: RunMeta, plan: HuntPlan) -> None:
    same_target = before.target_id in (None, plan.target.target_id)
    same_condition = before.condition in (None, plan.condition.name)
    if not (same_target and same_condition):
        begun = f"{before.target_python} under {before.condition}"
        raise UsageError(
            f"run {before.run_id} was begun with {begun}, not with "
            f"{plan.target.python} under {plan.condition.name}",
            hint="give this one another --run-id",
        )
