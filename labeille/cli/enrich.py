"""``labeille enrich``: find out how packages are installed and tested, and write it down."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from labeille.campaigns.campaign import Places
from labeille.campaigns.enrichment.enrich import DEFAULT_ATTEMPTS, Enriched, enrich
from labeille.campaigns.enrichment.planning import (
    DEFAULT_INSTALL_TIMEOUT,
    EnrichPlan,
    EnrichWishes,
    plan_enrichment,
    refresh_index,
)
from labeille.cli.options import Seconds, Size, Workers
from labeille.environments.model import InstallerChoice
from labeille.errors import ExitCode, Interrupted
from labeille.names import parse_package_name
from labeille.reports.enriching import enriched_text, enriching_summary, plan_text
from labeille.sources.model import SourceChoice
from labeille.supervision.cancellation import Cancellation
from labeille.supervision.interrupts import interruptible

if TYPE_CHECKING:
    from collections.abc import Mapping

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command("enrich")
@click.argument("packages", nargs=-1, metavar="[PACKAGES]...")
@click.option(
    "--all-unenriched", is_flag=True, help="Every package that is not enriched or skipped."
)
@click.option("--force", is_flag=True, help="Also those named that are enriched already.")
@click.option(
    "--attempts",
    type=click.IntRange(1, 20),
    default=DEFAULT_ATTEMPTS,
    show_default=True,
    metavar="N",
    help="Attempts for each package at most.",
)
@click.option(
    "--registry-dir",
    type=_FOLDER,
    help="The registry to write.  [default: LABEILLE_REGISTRY_DIR, ./registry]",
)
@click.option("--work-dir", type=_FOLDER, help="Checkouts, environments, logs of the attempts.")
@click.option("--repos-dir", type=_FOLDER, help="Checkouts.  [default: WORK_DIR/repos]")
@click.option("--venvs-dir", type=_FOLDER, help="Environments.  [default: WORK_DIR/venvs]")
@click.option("--target-python", metavar="PYTHON", help="The interpreter to enrich for.")
@click.option("--condition", default="jit", show_default=True, help="What suites run under.")
@click.option(
    "--source",
    type=click.Choice([choice.value for choice in SourceChoice]),
    default=SourceChoice.AUTO.value,
    show_default=True,
    help="auto takes git, and the released sdist when the repository is out of reach.",
)
@click.option(
    "--installer",
    type=click.Choice([choice.value for choice in InstallerChoice]),
    default=InstallerChoice.AUTO.value,
    show_default=True,
    help="auto takes uv where it is, and pip when uv fails.",
)
@click.option("--timeout", type=Seconds(), help="Of a whole suite.  [default: 600]")
@click.option(
    "--install-timeout",
    type=Seconds(),
    default=DEFAULT_INSTALL_TIMEOUT,
    show_default=True,
    help="Of one install command.",
)
@click.option(
    "--stall-threshold",
    type=Seconds(zero="wait for ever"),
    help="Without a byte of output; 0 never stalls.  [default: 120]",
)
@click.option(
    "--memory-limit", type=Size(), help="Of one suite.  [default: 80 % of the machine / workers]"
)
@click.option(
    "--workers", type=Workers(), default="auto", show_default=True, help="Packages at a time."
)
@click.option("--dry-run", is_flag=True, help="Show the plan and the reason for each choice.")
@click.option("--markdown", is_flag=True, help="The summary as a table in markdown.")
@click.option("-v", "--verbose", is_flag=True, help="Each attempt, its commands and its mend.")
@click.option("-q", "--quiet", is_flag=True, help="Only the summary.")
def enrich_command(**options: Any) -> ExitCode:
    """Find out how packages are installed and tested, by trying, and write it into their files.

    A file gets `enriched: true` only if the suite really ran on the target. It runs other people's
    code, as `labeille run` does.

    \b
    Exit codes: 0 all were seen to, whatever became of them, 2 usage, 130 interrupted.
    """
    cancel = Cancellation()
    verbose = options["verbose"]
    with interruptible(cancel):
        plan = plan_enrichment(
            _wishes(options),
            cancel,
            report=lambda line: click.echo(line, err=True),
            tell=click.echo if verbose else lambda _: None,
        )
        try:
            _run(plan, options)
        except (KeyboardInterrupt, Interrupted):
            raise Interrupted(
                "interrupted", hint="what is written stays; the same command does the rest"
            ) from None
    return ExitCode.OK


def _run(plan: EnrichPlan, options: Mapping[str, Any]) -> None:
    dry_run, quiet = options["dry_run"], options["quiet"]
    results: list[Enriched] = []
    try:
        with contextlib.closing(enrich(plan.packages, plan.rounds, slots=plan.slots)) as enriching:
            for done in enriching:
                results.append(done)
                if dry_run:
                    click.echo(plan_text(done))
                elif not quiet:
                    click.echo(enriched_text(done))
    finally:
        if not dry_run:
            order = {package.name: at for at, package in enumerate(plan.packages)}
            results.sort(key=lambda done: order[done.package.name])
            if results:
                refresh_index(plan.rounds.registry, (done.package.name for done in results))
            click.echo(enriching_summary(results, plan.passed_over, markdown=options["markdown"]))
        elif not results:
            click.echo("\n".join([*plan.passed_over, "nothing to enrich"]))


def _wishes(options: Mapping[str, Any]) -> EnrichWishes:
    return EnrichWishes(
        packages=tuple(parse_package_name(name) for name in options["packages"]),
        all_unenriched=options["all_unenriched"],
        force=options["force"],
        registry_dir=options["registry_dir"],
        places=Places.resolve(
            work_dir=options["work_dir"],
            repos_dir=options["repos_dir"],
            venvs_dir=options["venvs_dir"],
        ),
        target_python=options["target_python"],
        condition=options["condition"],
        source=SourceChoice(options["source"]),
        installer=InstallerChoice(options["installer"]),
        timeout=options["timeout"],
        install_timeout=options["install_timeout"],
        stall_threshold=options["stall_threshold"],
        memory_limit=options["memory_limit"],
        workers=options["workers"],
        attempts=options["attempts"],
        dry_run=options["dry_run"],
    )
