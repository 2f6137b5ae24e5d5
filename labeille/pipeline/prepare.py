"""From a job to a checkout and an environment, ready for trials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeille.environments.build import get_environment
from labeille.environments.model import EnvironmentRequest
from labeille.errors import Interrupted, LabeilleError
from labeille.pipeline.trial import Prepared
from labeille.sources.get import get_checkout

if TYPE_CHECKING:
    from pathlib import Path

    from labeille.pipeline.job import Job, PipelineSettings
    from labeille.sources.model import Checkout
    from labeille.supervision.cancellation import Cancellation


@dataclass(frozen=True, kw_only=True)
class Unprepared:
    """A job whose source or environment could not be had, and why."""

    job: Job
    error: LabeilleError
    checkout: Checkout | None = None


def prepare(
    job: Job,
    settings: PipelineSettings,
    log_dir: Path,
    *,
    cancel: Cancellation,
    checkout: Checkout | None = None,
) -> Prepared | Unprepared:
    """Get the job's checkout and environment; whatever stands already and is right is reused.

    ``log_dir`` keeps the logs of the install. A ``checkout`` that is given is taken as it is; as
    its files may be others than those that its environment was built with, the import check is made
    again. Raises Interrupted when ``cancel`` was the reason.
    """
    given = checkout is not None
    try:
        if checkout is None:
            checkout = get_checkout(job.package, job.revision, settings.sources, cancel=cancel)
        environment = get_environment(
            EnvironmentRequest(
                package=job.package,
                checkout=checkout,
                target=job.target,
                settings=settings.environments,
                log_dir=log_dir,
                import_again=given,
            ),
            cancel=cancel,
        )
    except LabeilleError as error:
        if cancel.cancelled or isinstance(error, Interrupted):
            raise Interrupted("interrupted") from None
        return Unprepared(job=job, error=error, checkout=checkout)
    return Prepared(job=job, checkout=checkout, environment=environment)
