"""A campaign's run from a command line: held, interruptible, and what it says when interrupted."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from labeille.campaigns.campaign import holding
from labeille.campaigns.resume import RESUME_OPTION
from labeille.errors import Interrupted
from labeille.supervision.cancellation import Cancellation
from labeille.supervision.interrupts import interruptible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from labeille.campaigns.campaign import Campaign
    from labeille.pipeline.job import Job


@contextlib.contextmanager
def running(campaign: Campaign, jobs: Iterable[Job]) -> Iterator[Cancellation]:
    """Within the block the run is held for these jobs, and signals cancel what is yielded.

    Raises Interrupted, once no process is left, for signals and where nobody reads the output.
    """
    cancel = Cancellation()
    try:
        with interruptible(cancel), holding(campaign, (job.name for job in jobs)):
            yield cancel
    except (KeyboardInterrupt, Interrupted, BrokenPipeError):
        raise Interrupted(
            "interrupted",
            hint=f"the same command with {RESUME_OPTION} goes on with run {campaign.run.run_id}",
        ) from None
