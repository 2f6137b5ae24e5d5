"""``labeille reproduce``: a recorded trial made again, exactly or with its differences named."""

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
from labeille.errors import ExitCode, UsageError
from labeille.reports.investigation import ReproductionLines, reproduction_text
from labeille.reports.words import Verbosity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labeille.campaigns.investigation.rebuild import Rebuilt


@click.command()
@click.argument("run", metavar="RUN")
@click.argument("package", metavar="PACKAGE")
@click.option(
    "--times", type=click.IntRange(1), default=1, show_default=True, metavar="N", help="How often."
)
@click.option(
    "--test", "tests", metavar="ID", multiple=True, help="This test alone; may be given again."
)
@click.option("--shell", is_flag=True, help="Open a shell in the environment; nothing is run.")
@click.option("--gdb", is_flag=True, help="Run it once under gdb, on this terminal.")
@click.option(
    "--condition", metavar="CONDITION", help="Another condition.  [default: the recorded one]"
)
@investigation_options
def reproduce(run: str, package: str, **options: Any) -> ExitCode:
    """Make a package's trial of a stored RUN again.

    The checkout at its revision or version, the versions of everything that was installed, the
    interpreter, the condition, the variables and the command are those that were recorded; what
    could not be made equal is named. RUN is a run's id, its folder, latest or latest~N.

    \b
    Exit codes: 0 no crash, 1 it crashed, 2 usage or configuration, 130 interrupted.
    """
    return run_reproduce(run, package, options)


def run_reproduce(run: str, package: str, options: Mapping[str, Any]) -> ExitCode:
    """Rebuild what was recorded, then repeat it, or leave it to the user."""
    if options["shell"] and options["gdb"]:
        raise UsageError(
            "--shell and --gdb do not go together", hint="gdb can be called in a shell"
        )
    from labeille.campaigns.investigation import reproduce as campaign
    from labeille.campaigns.investigation.rebuild import plan_rebuild, rebuild
    from labeille.suites.gdb import find_gdb

    if options["gdb"]:
        find_gdb()
    wishes = investigation_wishes({**options, "workers": 1})
    recorded = recorded_in(find_hunt(wishes, run), package)
    blueprint = plan_rebuild(recorded, wishes, condition=options["condition"])
    verbosity = Verbosity.parse(verbose=options["verbose"], quiet=options["quiet"])
    lines = ReproductionLines(verbosity, options["times"], options["tests"])
    with investigating("what was repeated is kept") as cancel:
        nested = campaign.reproduction_run(recorded)
        rebuilt = rebuild(blueprint, nested.log_dir(recorded.name), cancel=cancel)
        if not (options["shell"] or options["gdb"]):
            done = campaign.reproduce(
                rebuilt,
                nested,
                options["times"],
                tests=options["tests"],
                progress=lines,
                cancel=cancel,
            )
            click.echo(reproduction_text(done))
            return ExitCode.CRASH_FOUND if done.crashed else ExitCode.OK
    lines.rebuilt(rebuilt)
    _by_hand(rebuilt, options)
    return ExitCode.OK


def _by_hand(rebuilt: Rebuilt, options: Mapping[str, Any]) -> None:
    from labeille.campaigns.investigation.reproduce import open_gdb, open_shell

    if options["gdb"]:
        open_gdb(rebuilt, tests=options["tests"])
    else:
        click.echo('the test command is in $REPRODUCE: eval "$REPRODUCE"')
        open_shell(rebuilt, tests=options["tests"])
