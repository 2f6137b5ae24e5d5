"""What ``reproduce``, ``reduce`` and ``triage`` share: options, and the run that they read."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any

import click

from labeille.analysis.runs import find_run
from labeille.campaigns.campaign import Wishes, check_places
from labeille.campaigns.investigation.recorded import find_recorded
from labeille.cli.options import bound_options, place_options
from labeille.cli.wishes import shared_wishes
from labeille.environments.model import InstallerChoice
from labeille.errors import Interrupted
from labeille.results.directory import RunDirectory
from labeille.results.kinds import RunKind
from labeille.supervision.cancellation import Cancellation
from labeille.supervision.interrupts import interruptible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from labeille.analysis.runs import StoredRun
    from labeille.campaigns.investigation.recorded import Recorded


def investigation_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Where a run is and how its trials are made again; what is not given is as recorded."""
    for option in reversed(
        (
            place_options,
            click.option(
                "--target-python",
                metavar="PYTHON",
                help="Another interpreter.  [default: the recorded build, wherever it is]",
            ),
            click.option(
                "--env",
                "env",
                metavar="K=V",
                multiple=True,
                help="A further variable for the test process.",
            ),
            click.option(
                "--repo-override",
                metavar="PKG=URL",
                multiple=True,
                help="Clone the package from another repository.",
            ),
            click.option(
                "--installer",
                type=click.Choice([choice.value for choice in InstallerChoice]),
                default=InstallerChoice.AUTO.value,
                help="Another installer.  [default: the recorded one]",
            ),
            bound_options,
            click.option("-v", "--verbose", is_flag=True, help="Say more."),
            click.option("-q", "--quiet", is_flag=True, help="Only the result."),
        )
    ):
        function = option(function)
    return function


def investigation_wishes(options: Mapping[str, Any]) -> Wishes:
    """What an investigation's options ask for; its folders can be written."""
    wishes = Wishes(**shared_wishes(options, sys.argv[1:]))
    check_places(wishes.places)
    return wishes


def find_hunt(wishes: Wishes, run: str) -> StoredRun:
    """The hunt that RUN names."""
    return find_run(wishes.places.results_dir, run, kinds={RunKind.HUNT})


def recorded_in(stored: StoredRun, package: str) -> Recorded:
    """A package's record in a run."""
    run = RunDirectory(stored.path.parent, stored.path.name)
    return find_recorded(run, stored.meta, stored.records, package)


@contextlib.contextmanager
def investigating(hint: str) -> Iterator[Cancellation]:
    """A block that Ctrl-C ends in order; raises Interrupted with ``hint`` then."""
    cancel = Cancellation()
    try:
        with interruptible(cancel):
            yield cancel
    except (KeyboardInterrupt, Interrupted, BrokenPipeError):
        raise Interrupted("interrupted", hint=hint) from None
