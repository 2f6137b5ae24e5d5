"""``labeille ft``: suites many times on a free-threaded target, and what that says of packages."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from labeille.cli import ft_reading
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
from labeille.errors import ExitCode
from labeille.results.freethreading import Category

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from labeille.campaigns.freethreading.plan import FreeThreadedPlan, FreeThreadedWishes
    from labeille.reports.words import Verbosity
    from labeille.results.freethreading import FreeThreadedRecord
    from labeille.supervision.cancellation import Cancellation

#: Categories by which a run has found something.
_FOUND = frozenset({Category.DEADLOCK, Category.CRASH, Category.TSAN_WARNINGS})


@click.group()
def ft() -> None:
    """Run suites many times without the GIL, and read what that says."""


for _command in ft_reading.commands():
    ft.add_command(_command)


@ft.command()
@selection_options
@eligibility_options
@place_options
@interpreter_options
@source_options
@environment_options
@trial_options
@run_options
@click.option(
    "--iterations",
    type=click.IntRange(1),
    default=10,
    show_default=True,
    metavar="N",
    help="How often each suite is run.",
)
@click.option(
    "--parallel-iterations",
    is_flag=True,
    help="Run a package's iterations side by side, and one package at a time.",
)
@click.option("--compare-with-gil", is_flag=True, help="Run each suite with PYTHON_GIL=1 as well.")
@click.option("--stop-on-first-pass", is_flag=True, help="End a package once an iteration passes.")
@click.option(
    "--until-decided",
    is_flag=True,
    help="End a package once no further iteration can change its category.",
)
@click.option(
    "--detect-extensions/--no-detect-extensions",
    default=True,
    show_default=True,
    help="Find out whether importing a package turns the GIL on again.",
)
@click.option("--tsan", is_flag=True, help="Collect the reports of a ThreadSanitizer build.")
@click.option(
    "--tsan-suppressions",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="ThreadSanitizer's suppressions.",
)
@click.option(
    "--stress-threads",
    type=click.IntRange(2),
    metavar="N",
    help="Run each suite also with every test in N threads at once (pytest-run-parallel).",
)
@click.option(
    "--check-stability",
    is_flag=True,
    help="Measure load, memory and clock first; wait for a calm machine, or warn.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be run, and on what.")
@click.option("-v", "--verbose", is_flag=True, help="Say how each iteration ended.")
@click.option("-q", "--quiet", is_flag=True, help="Only the summary.")
def run(**options: Any) -> ExitCode:
    """Run each package's suite many times with PYTHON_GIL=0 and sort packages into categories.

    \b
    Exit codes: 0 no crash, deadlock or race report, 1 one found, 2 usage or configuration,
    130 interrupted.
    """
    return run_free_threaded(parse_wishes(options, sys.argv[1:]), options)


#: The sessions ``ft-<package>``: this command without what belongs to a batch.
PACKAGE_COMMAND = PackageCommand(family="ft", command=run, batch_only=BATCH_OPTIONS)


def free_threaded_in_session(
    package: str, posargs: Sequence[str], *, run_id: str, command: Sequence[str]
) -> ExitCode:
    """The campaign of one package's nox session.

    ``run_id`` is the run that the sessions of this nox share, ``command`` nox's whole command line.
    """
    options = PACKAGE_COMMAND.parse(package, posargs)
    wishes = replace(parse_wishes(options, command), shared_run_id=run_id)
    return run_free_threaded(wishes, options)


def parse_wishes(options: Mapping[str, Any], cli_args: Sequence[str]) -> FreeThreadedWishes:
    """Turn click's values into wishes; what click could not check is checked here."""
    from labeille.campaigns.freethreading.plan import (
        DEFAULT_STALL_THRESHOLD,
        FreeThreadedWishes,
        Manner,
    )

    shared = shared_wishes(options, cli_args)
    if shared["stall_threshold"] is None:
        shared["stall_threshold"] = DEFAULT_STALL_THRESHOLD
    suppressions = options["tsan_suppressions"]
    return FreeThreadedWishes(
        **shared,
        manner=Manner(
            iterations=options["iterations"],
            parallel_iterations=options["parallel_iterations"],
            compare_with_gil=options["compare_with_gil"],
            stop_on_first_pass=options["stop_on_first_pass"],
            until_decided=options["until_decided"],
            detect_extensions=options["detect_extensions"],
            tsan=options["tsan"],
            tsan_suppressions=suppressions.absolute() if suppressions else None,
            stress_threads=options["stress_threads"],
        ),
    )


def run_free_threaded(wishes: FreeThreadedWishes, options: Mapping[str, Any]) -> ExitCode:
    """Plan, test and report; the exit code says whether something was found."""
    from labeille.campaigns.freethreading.plan import plan_free_threaded
    from labeille.reports.words import Verbosity

    verbosity = Verbosity.parse(verbose=options["verbose"], quiet=options["quiet"])
    plan = plan_free_threaded(wishes, report=_tell)
    if options["dry_run"]:
        from labeille.reports.dry_run import dry_run_text
        from labeille.reports.freethreading.progress import headline

        click.echo(dry_run_text(headline(plan), plan, verbosity))
        return ExitCode.OK
    run_plan(plan, verbosity, check_stability=options["check_stability"])
    return exit_code(plan.records())


def run_plan(
    plan: FreeThreadedPlan, verbosity: Verbosity, *, check_stability: bool = False
) -> None:
    """Run a plan with its progress and its summary on the terminal, however it ends.

    Raises Interrupted, once no process is left, for signals and where nobody reads the output.
    """
    from labeille.campaigns.freethreading.campaign import test_free_threading
    from labeille.campaigns.freethreading.plan import begin, finish
    from labeille.reports.freethreading.progress import FreeThreadedProgress, summary_text

    with running(plan.campaign, plan.jobs) as cancel:
        unstable = _wait_until_calm(plan, cancel) if check_stability else None
        meta = begin(plan, unstable)
        try:
            with FreeThreadedProgress(plan, verbosity) as progress:
                for _ in test_free_threading(plan, progress=progress, cancel=cancel):
                    pass  # each record is kept and shown already
        finally:
            click.echo(summary_text(plan, plan.records()))
        finish(plan, meta)


def _wait_until_calm(plan: FreeThreadedPlan, cancel: Cancellation) -> tuple[str, ...]:
    from labeille.campaigns.freethreading.stability import wait_until_calm

    return wait_until_calm(plan.campaign.slots, report=_tell, cancel=cancel)


def exit_code(records: Iterable[FreeThreadedRecord]) -> ExitCode:
    """Whether these records call for attention: a crash, a deadlock or a race that was reported."""
    found = any(record.category in _FOUND for record in records)
    return ExitCode.CRASH_FOUND if found else ExitCode.OK


def _tell(line: str) -> None:
    click.echo(line, err=True)
