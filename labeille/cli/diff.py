"""``labeille diff``: suites with the JIT and without, compared test by test."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from labeille.campaigns.differential.conditions import split_conditions
from labeille.campaigns.differential.plan import (
    DEFAULT_REPEAT,
    DifferentialPlan,
    DifferentialWishes,
    begin,
    finish,
    plan_differential,
)
from labeille.cli.options import (
    eligibility_options,
    environment_options,
    interpreter_options,
    place_options,
    run_options,
    selection_options,
    source_options,
    trial_options,
)
from labeille.cli.running import running
from labeille.cli.session_options import BATCH_OPTIONS, PackageCommand
from labeille.cli.wishes import shared_wishes
from labeille.errors import ExitCode, UsageError
from labeille.reports.differential import DifferentialProgress, headline, summary_text
from labeille.reports.dry_run import dry_run_text
from labeille.reports.words import Verbosity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from labeille.results.differential import Differential


@click.command()
@selection_options
@eligibility_options
@place_options
@interpreter_options
@click.option(
    "--conditions",
    metavar="A,B,…",
    multiple=True,
    help="What is compared: conditions of `labeille run`, at least one with the JIT and one "
    "without.  [default: nojit,jit and, where the target knows it, jit-eager:63]",
)
@click.option(
    "--repeat",
    type=click.IntRange(1),
    default=DEFAULT_REPEAT,
    show_default=True,
    metavar="K",
    help="How often each suite is run under each condition.",
)
@source_options
@environment_options
@trial_options
@run_options
@click.option("--dry-run", is_flag=True, help="Say what would be compared, and on what.")
@click.option("-v", "--verbose", is_flag=True, help="Say how each trial ended.")
@click.option("-q", "--quiet", is_flag=True, help="Only the summary.")
def diff(**options: Any) -> ExitCode:
    """Run suites with the JIT and without, and say which tests behave differently with it.

    All runs of a package share one environment, the order of tests, seeds, time zone and locale.
    What fails every time with the JIT and never without is confirmed by further runs: of the test,
    its file, the whole suite.

    \b
    Exit codes: 0 no confirmed finding, 1 a confirmed finding, 2 usage or configuration,
    130 interrupted.
    """
    return compare(parse_wishes(options, sys.argv[1:]), options)


#: The sessions ``diff-<package>``: this command without what belongs to a batch.
PACKAGE_COMMAND = PackageCommand(family="diff", command=diff, batch_only=BATCH_OPTIONS)


def compare_in_session(
    package: str, posargs: Sequence[str], *, run_id: str, command: Sequence[str]
) -> ExitCode:
    """The differential of one package's nox session.

    ``run_id`` is the run that the sessions of this nox share, ``command`` nox's whole command line.
    """
    options = PACKAGE_COMMAND.parse(package, posargs)
    wishes = replace(parse_wishes(options, command), shared_run_id=run_id)
    return compare(wishes, options)


def parse_wishes(options: Mapping[str, Any], cli_args: Sequence[str]) -> DifferentialWishes:
    """Turn click's values into wishes; what click could not check is checked here."""
    conditions = split_conditions(options["conditions"])
    if options["conditions"] and not conditions:
        raise UsageError("--conditions is empty", hint="for example --conditions nojit,jit")
    return DifferentialWishes(
        **shared_wishes(options, cli_args), conditions=conditions, repeat=options["repeat"]
    )


def compare(wishes: DifferentialWishes, options: Mapping[str, Any]) -> ExitCode:
    """Plan, compare and report; the exit code says whether a finding was confirmed."""
    verbosity = Verbosity.parse(verbose=options["verbose"], quiet=options["quiet"])
    plan = plan_differential(wishes, report=lambda line: click.echo(line, err=True))
    if options["dry_run"]:
        click.echo(dry_run_text(headline(plan), plan, verbosity))
        return ExitCode.OK
    run_plan(plan, verbosity)
    return exit_code(plan.differentials())


def run_plan(plan: DifferentialPlan, verbosity: Verbosity) -> None:
    """Run a plan with its progress and its summary on the terminal, however it ends.

    Raises Interrupted, once no process is left, for signals and where nobody reads the output.
    """
    # 0.15 s that a dry run and --help need not wait for
    from labeille.campaigns.differential.campaign import run_differential

    with running(plan.campaign, plan.jobs) as cancel:
        meta = begin(plan)
        try:
            with DifferentialProgress(plan, verbosity) as progress:
                for _ in run_differential(plan, progress=progress, cancel=cancel):
                    pass  # each result is kept and shown already
        finally:
            click.echo(summary_text(plan, plan.differentials(), verbosity))
        finish(plan, meta)


def exit_code(lines: Iterable[Differential]) -> ExitCode:
    """Whether a finding was confirmed."""
    if any(finding.confirmed for line in lines for finding in line.findings):
        return ExitCode.CRASH_FOUND
    return ExitCode.OK
