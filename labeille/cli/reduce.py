"""``labeille reduce``: the fewest tests that still show a recorded crash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from labeille.cli.investigating import (
    find_hunt,
    investigating,
    investigation_options,
    investigation_wishes,
    recorded_in,
)
from labeille.cli.options import Workers
from labeille.errors import ExitCode
from labeille.reports.investigation import ReductionLines, reduction_text
from labeille.reports.words import Verbosity

if TYPE_CHECKING:
    from collections.abc import Mapping


#: Seconds that a shrunk test may take at least before it counts as one that does not crash.
SHRINK_SECONDS = 30.0


@click.command()
@click.argument("run", metavar="RUN")
@click.argument("package", metavar="PACKAGE")
@click.option(
    "--max-minutes",
    type=click.FloatRange(0, min_open=True),
    metavar="M",
    help="Search no longer; what is found by then is the answer.",
)
@click.option(
    "--repeat",
    type=click.IntRange(1),
    metavar="N",
    help="Runs of each candidate at most.  [default: as many as the suite's own rate needs]",
)
@click.option(
    "--at-least",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    metavar="K",
    help="Of these, how many have to crash.",
)
@click.option(
    "--baseline",
    type=click.IntRange(1),
    default=3,
    show_default=True,
    metavar="N",
    help="Runs of the whole suite at first, and of the answer in the end.",
)
@click.option(
    "--workers", type=Workers(), default="auto", show_default=True, help="Trials at a time."
)
@click.option(
    "--no-verify", is_flag=True, help="Do not run the script that repeats it without labeille."
)
@click.option(
    "--script", is_flag=True, help="Hand the test's file to shrinkray, where that is installed."
)
@investigation_options
def reduce(run: str, package: str, **options: Any) -> ExitCode:
    """Find the fewest tests with which a package's crash of a stored RUN still comes.

    First the test that it crashed in alone, then with its file, then with what else ran before,
    by delta debugging over files and tests. The answer is kept in the run, with a script that
    repeats the crash without labeille.

    \b
    Exit codes: 0 reduced, 2 usage, configuration, or no crash any more, 130 interrupted.
    """
    return run_reduce(run, package, options)


def run_reduce(run: str, package: str, options: Mapping[str, Any]) -> ExitCode:
    """Rebuild what was recorded, reduce it, and keep the answer."""
    from labeille.campaigns.investigation.rebuild import plan_rebuild, rebuild
    from labeille.campaigns.investigation.reduce import ReduceSettings
    from labeille.campaigns.investigation.reduce import reduce as campaign
    from labeille.campaigns.investigation.script import with_script
    from labeille.campaigns.investigation.shrink import find_shrinkray, shrink
    from labeille.pipeline.scratch import scratch_folder

    if options["script"]:
        find_shrinkray()
    wishes = investigation_wishes(options)
    recorded = recorded_in(find_hunt(wishes, run), package)
    minutes = options["max_minutes"]
    settings = ReduceSettings(
        runs=options["repeat"],
        at_least=options["at_least"],
        baseline=options["baseline"],
        seconds=None if minutes is None else minutes * 60,
    )
    lines = ReductionLines(Verbosity.parse(verbose=options["verbose"], quiet=options["quiet"]))
    blueprint = plan_rebuild(recorded, wishes)
    with investigating("a reduction begins anew; --max-minutes bounds one") as cancel:
        rebuilt = rebuild(blueprint, recorded.run.log_dir(f"{package}.reduce"), cancel=cancel)
        with scratch_folder(rebuilt.settings, "reduce") as scratch:
            found = campaign(rebuilt, settings, scratch, progress=lines, cancel=cancel)
        found = with_script(rebuilt, found, verify=not options["no_verify"], cancel=cancel)
    click.echo(reduction_text(found, recorded.run))
    if options["script"]:
        seconds = max(SHRINK_SECONDS, 10 * found.seconds / max(1, found.trials))
        click.echo(f"shrunk: {shrink(rebuilt, found, seconds=seconds)}")
    return ExitCode.OK
