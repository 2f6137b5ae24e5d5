"""``labeille bisect``: the first bad commit, release or interpreter."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from labeille.campaigns.bisect.plan import BisectWishes, plan_bisection
from labeille.cli.options import (
    Seconds,
    environment_options,
    further_bound_options,
    place_options,
    repo_override_option,
    target_options,
)
from labeille.cli.wishes import shared_wishes
from labeille.errors import ExitCode, Interrupted, UsageError
from labeille.reports.bisecting import BisectProgress, found_text
from labeille.reports.words import Verbosity
from labeille.results.bisection import BisectKind, bisection_json
from labeille.results.model import Status
from labeille.supervision.cancellation import Cancellation
from labeille.supervision.interrupts import interruptible

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labeille.campaigns.bisect.plan import BisectPlan

RESUME_OPTION = "--resume"


@click.command()
@click.argument("package")
@click.option("--good", metavar="REV", help="The good end.  [default: the newest tag that passes]")
@click.option("--bad", metavar="REV", help="The bad end.  [default: HEAD]")
@click.option("--releases", is_flag=True, help="Go through released versions, from their sdists.")
@click.option(
    "--targets",
    metavar="LIST",
    help="Go through interpreters: a file with a path a line, the oldest first; or uv.",
)
@click.option(
    "--status",
    type=click.Choice([Status.CRASH.value, Status.FAIL.value, Status.TIMEOUT.value]),
    help="What makes a commit bad.  [default: what the bad end shows]",
)
@click.option(
    "--crash-signature",
    metavar="S",
    help="Only a crash with this signature, or with this in it.  [default: the bad end's]",
)
@click.option("--test", metavar="ID", help="Run this one test.")
@click.option("--test-command", metavar="COMMAND", help="Run this instead of the registry's.")
@click.option("--install-command", metavar="COMMAND", help="Install by this instead.")
@click.option(
    "--repeat",
    type=click.IntRange(1, 1000),
    default=1,
    show_default=True,
    metavar="K",
    help="Trials of a commit: it is bad if any is.",
)
@click.option("--resume", is_flag=True, help="Go on with the bisection that was interrupted.")
@place_options
@target_options
@repo_override_option
@environment_options
@click.option(
    "--timeout", type=Seconds(), help="Of a whole suite.  [default: the package's own, or 600]"
)
@further_bound_options
@click.option("--json", "as_json", is_flag=True, help="Print bisect.json; all else to stderr.")
@click.option("-v", "--verbose", is_flag=True, help="Say more of each step.")
@click.option("-q", "--quiet", is_flag=True, help="Only the result.")
@click.pass_context
def bisect(context: click.Context, /, **options: Any) -> ExitCode:
    """Find the commit of PACKAGE's history that made its suite crash, fail or hang.

    Both ends are checked first. A commit that cannot be told (it does not build, or crashes in
    another way) is passed over; where such commits leave a doubt, the answer is a range.

    \b
    Exit codes: 0 found, 2 usage, configuration or wrong ends, 130 interrupted.
    """
    given = context.get_parameter_source("condition") is not ParameterSource.DEFAULT
    wishes = parse_wishes(options | {"condition": options["condition"] if given else None})
    verbosity = Verbosity.parse(verbose=options["verbose"], quiet=options["quiet"])
    plan = plan_bisection(wishes, report=lambda line: click.echo(line, err=True))
    run_plan(plan, verbosity, as_json=options["as_json"])
    return ExitCode.OK


def parse_wishes(options: Mapping[str, Any]) -> BisectWishes:
    """Turn click's values into wishes; what click could not check is checked here."""
    for name in ("good", "bad", "crash_signature", "test", "test_command", "install_command"):
        if options[name] is not None and not options[name].strip():
            raise UsageError(
                f"--{name.replace('_', '-')} is empty", hint="leave it out, or say something"
            )
    if options["releases"] and options["targets"] is not None:
        raise UsageError(
            "--releases and --targets are two bisections", hint="give one of them at a time"
        )
    kind = BisectKind.COMMITS
    if options["releases"]:
        kind = BisectKind.RELEASES
    elif options["targets"] is not None:
        kind = BisectKind.TARGETS
    # Whoever names one package wants it, whatever the registry says of hunts.
    shared = {
        **options,
        "packages": (options["package"],),
        "force_run": True,
        "include_unenriched": True,
        "test_command_override": options["test_command"],
        "workers": 1,
    }
    return BisectWishes(
        **shared_wishes(shared, sys.argv[1:]),
        kind=kind,
        good=options["good"],
        bad=options["bad"],
        status=None if options["status"] is None else Status(options["status"]),
        signature=options["crash_signature"],
        test=options["test"],
        install_command=options["install_command"],
        condition=options["condition"],
        targets=options["targets"],
        repeat=options["repeat"],
        resume=options["resume"],
    )


def run_plan(plan: BisectPlan, verbosity: Verbosity, *, as_json: bool) -> None:
    """Bisect, with its progress and its result on the terminal.

    Raises Interrupted, once no process is left, for signals and where nobody reads the output.
    """
    from labeille.campaigns.bisect.opening import opened  # 0.2 s that --help need not wait for
    from labeille.campaigns.bisect.search import Search
    from labeille.campaigns.bisect.trials import Bench
    from labeille.pipeline.scratch import sweep_scratch

    cancel = Cancellation()
    progress = BisectProgress(plan, verbosity, sys.stderr if as_json else sys.stdout)
    try:
        plan.run.create()
        with interruptible(cancel), plan.run.owned():
            sweep_scratch(plan.settings.work_dir)
            with opened(plan, cancel=cancel) as (lineage, subjects):
                progress.opened(lineage)
                bench = Bench(subjects, plan.settings, plan.run, watcher=progress, cancel=cancel)
                found = Search(lineage, bench, plan.notebook, plan.asked, progress).run()
                text = found_text(plan, found, lineage)
            click.echo(bisection_json(found).decode() if as_json else text, nl=not as_json)
    except (KeyboardInterrupt, Interrupted, BrokenPipeError):
        raise Interrupted(
            "interrupted",
            hint=f"the same command with {RESUME_OPTION} goes on with run {plan.run.run_id}",
        ) from None
