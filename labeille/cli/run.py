"""``labeille run``: the hunt, in batches; and the same options for one package's nox session."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from labeille.campaigns.plan import HuntPlan, HuntWishes, begin, finish, plan_hunt
from labeille.cli.options import (
    eligibility_options,
    environment_options,
    place_options,
    run_options,
    selection_options,
    source_options,
    target_options,
    trial_options,
)
from labeille.cli.running import running
from labeille.cli.session_options import BATCH_OPTIONS, PackageCommand
from labeille.cli.wishes import shared_wishes
from labeille.errors import ExitCode
from labeille.reports.dry_run import dry_run_text
from labeille.reports.progress import progress_display
from labeille.reports.summary import summary_text
from labeille.reports.words import Verbosity, headline
from labeille.results.model import Record, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@click.command()
@selection_options
@eligibility_options
@place_options
@target_options
@source_options
@environment_options
@trial_options
@run_options
@click.option(
    "--stop-after-crash", type=click.IntRange(1), metavar="N", help="Stop after N crashes."
)
@click.option("--dry-run", is_flag=True, help="Say what would be run, and on what.")
@click.option("--strict", is_flag=True, help="Exit with 1 for every verdict but pass.")
@click.option("-v", "--verbose", is_flag=True, help="Say more of each package.")
@click.option("-q", "--quiet", is_flag=True, help="Only the summary.")
def run(**options: Any) -> ExitCode:
    """Run the packages' own test suites on the target and keep a verdict of each.

    \b
    Exit codes: 0 nothing crashed, 1 crash found, 2 usage or configuration, 130 interrupted.
    """
    return run_hunt(parse_wishes(options, sys.argv[1:]), options)


#: The sessions ``run-<package>``: this command without what belongs to a batch.
PACKAGE_COMMAND = PackageCommand(
    family="run", command=run, batch_only={**BATCH_OPTIONS, "stop_after_crash": None}
)


def hunt_in_session(
    package: str, posargs: Sequence[str], *, run_id: str, command: Sequence[str]
) -> ExitCode:
    """The hunt of one package's nox session.

    ``run_id`` is the run that the sessions of this nox share, ``command`` nox's whole command line.
    """
    options = PACKAGE_COMMAND.parse(package, posargs)
    wishes = replace(parse_wishes(options, command), shared_run_id=run_id)
    return run_hunt(wishes, options)


def parse_wishes(options: Mapping[str, Any], cli_args: Sequence[str]) -> HuntWishes:
    """Turn click's values into wishes; what click could not check is checked here."""
    return HuntWishes(
        **shared_wishes(options, cli_args),
        condition=options["condition"],
        stop_after_crash=options["stop_after_crash"],
    )


def run_hunt(wishes: HuntWishes, options: Mapping[str, Any]) -> ExitCode:
    """Plan, hunt and report; the exit code says whether something crashed."""
    verbosity = Verbosity.parse(verbose=options["verbose"], quiet=options["quiet"])
    plan = plan_hunt(wishes, report=lambda line: click.echo(line, err=True))
    if options["dry_run"]:
        click.echo(dry_run_text(headline(plan), plan, verbosity))
        return ExitCode.OK
    run_plan(plan, verbosity)
    return exit_code(plan.records(), strict=options["strict"])


def run_plan(plan: HuntPlan, verbosity: Verbosity) -> None:
    """Run a plan with its progress and its summary on the terminal, however it ends.

    Raises Interrupted, once no process is left, for signals and where nobody reads the output.
    """
    from labeille.campaigns.hunt import hunt  # 0.15 s that a dry run and --help need not wait for

    with running(plan.campaign, plan.jobs) as cancel:
        meta = begin(plan)
        try:
            with progress_display(plan, verbosity) as progress:
                for _ in hunt(plan, progress=progress, cancel=cancel):
                    pass  # each record is kept and shown already
        finally:
            click.echo(summary_text(plan, plan.records(), verbosity))
        finish(plan, meta)


def exit_code(records: Iterable[Record], *, strict: bool) -> ExitCode:
    """Whether these records call for attention: a crash always, anything but a pass if strict."""
    for record in records:
        if record.status is Status.CRASH or (strict and record.status is not Status.PASS):
            return ExitCode.CRASH_FOUND
    return ExitCode.OK
