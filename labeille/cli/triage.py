"""``labeille triage``: each distinct crash of a run, repeated and looked at from all sides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from labeille.cli.investigating import (
    find_hunt,
    investigating,
    investigation_options,
    investigation_wishes,
)
from labeille.cli.options import Workers
from labeille.errors import ExitCode
from labeille.reports.triage import TriageLines, triage_text
from labeille.reports.words import Verbosity
from labeille.results.directory import RunDirectory

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labeille.targets.model import Target


@click.command()
@click.argument("run", metavar="RUN")
@click.option(
    "--signature", metavar="S", help="This crash alone: its signature, the hash at its end, a part."
)
@click.option("--package", metavar="P", help="The crashes of this package alone.")
@click.option(
    "--repeat",
    type=click.IntRange(1),
    default=5,
    show_default=True,
    metavar="N",
    help="Runs in each way; more where the counts do not decide.",
)
@click.option(
    "--also-target",
    metavar="PYTHON",
    multiple=True,
    help="Look at it on this interpreter too; may be given again.",
)
@click.option("--anew", is_flag=True, help="Count nothing that an earlier triage found.")
@click.option(
    "--workers", type=Workers(), default="auto", show_default=True, help="Runs at a time."
)
@investigation_options
def triage(run: str, **options: Any) -> ExitCode:
    """Repeat each distinct crash of a stored RUN, and say whom it belongs to.

    Each is repeated as it was found, with the test that it crashed in alone, without the JIT, under
    stress, with other thresholds, on the debug build where there is one, with debug memory
    allocators and under gdb, and compared with known bugs of CPython. What is found is kept in the
    run: triage.json, and for each crash a bug report. The same command goes on where an interrupted
    one was.

    \b
    Exit codes: 0 no crash came again, 1 one did, 2 usage or configuration, 130 interrupted.
    """
    return run_triage(run, options)


def run_triage(run: str, options: Mapping[str, Any]) -> ExitCode:
    """Choose the crashes, examine them, and print what came of it."""
    from labeille.campaigns.investigation.triage import (
        TriagePlan,
        TriageSettings,
        chosen_groups,
        crash_groups,
    )
    from labeille.campaigns.investigation.triage import triage as campaign

    wishes = investigation_wishes(options)
    stored = find_hunt(wishes, run)
    directory = RunDirectory(stored.path.parent, stored.path.name)
    groups = chosen_groups(
        crash_groups(directory, stored.meta, stored.records),
        signature=options["signature"],
        package=options["package"],
    )
    if not groups:
        click.echo(f"nothing crashed in run {stored.run_id}")
        return ExitCode.OK
    settings = TriageSettings(
        repeat=options["repeat"], also=_also(options["also_target"]), anew=options["anew"]
    )
    plan = TriagePlan(run=directory, groups=groups, wishes=wishes, settings=settings)
    verbosity = Verbosity.parse(verbose=options["verbose"], quiet=options["quiet"])
    with (
        directory.owned(),
        investigating("the same command goes on where this one was") as cancel,
    ):
        done = campaign(plan, progress=TriageLines(stored, verbosity), cancel=cancel)
    results = [result for group in groups if (result := done.result(group.signature))]
    click.echo(triage_text(results, directory))
    came = any(look.repeats and look.repeats.same for result in results for look in result.looks)
    return ExitCode.CRASH_FOUND if came else ExitCode.OK


def _also(names: Sequence[str]) -> tuple[Target, ...]:
    from labeille.targets.choose import choose_target
    from labeille.targets.model import TargetKind

    return tuple(
        choose_target(name, want=TargetKind.JIT, allow_provide=False, report=click.echo)
        for name in names
    )
