"""``labeille analyze``: what the stored results and the registry say."""

from __future__ import annotations

from pathlib import Path

import click

from labeille.analysis.runs import LATEST, find_run, list_runs
from labeille.cli.options import (
    json_option,
    registry_option,
    results_folder,
    results_option,
    verbosity_options,
)
from labeille.errors import UsageError
from labeille.names import parse_package_name
from labeille.registry.location import find_registry
from labeille.registry.store import Registry
from labeille.registry.where import parse_where
from labeille.reports.words import Verbosity
from labeille.results.kinds import RunKind

#: What ``analyze`` reads the records of.
HUNTS = (RunKind.HUNT,)

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def analyze() -> None:
    """Read what is stored, and say what it means; nothing is run."""


@analyze.command("registry")
@registry_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["summary", "table", "detail", "counts"]),
    default="summary",
    show_default=True,
    help="How much is cared for, a row a package, all fields, or how often each value occurs.",
)
@click.option(
    "--where",
    metavar="FIELD=VALUE",
    multiple=True,
    help="Only packages whose field has (FIELD=VALUE) or has not (FIELD!=VALUE) the value.",
)
@click.option("--export-markdown", type=_FILE, metavar="FILE", help="Write it in markdown too.")
@click.option("-o", "--output", type=_FILE, metavar="FILE", help="Write to FILE, not to stdout.")
def analyze_registry(
    registry_dir: Path | None,
    form: str,
    where: tuple[str, ...],
    export_markdown: Path | None,
    output: Path | None,
) -> None:
    """Say what the registry holds."""
    from labeille.analysis.registry import read_registry
    from labeille.reports.registry import RegistryFormat, registry_markdown, registry_text

    conditions = [parse_where(text) for text in where]
    facts = read_registry(Registry(find_registry(registry_dir)), conditions)
    shape = RegistryFormat(form)
    if export_markdown is not None:
        _write(export_markdown, registry_markdown(facts, shape))
    text = registry_text(facts, shape)
    if output is None:
        click.echo(text)
    else:
        _write(output, f"{text}\n")


@analyze.command("run")
@click.argument("run", metavar="[RUN]", default=LATEST)
@results_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["summary", "table", "full"]),
    default="summary",
    show_default=True,
    help="What stands out, a row a package, or everything.",
)
@json_option
@verbosity_options
def analyze_run(
    run: str, results_dir: Path | None, form: str, as_json: bool, verbose: bool, quiet: bool
) -> None:
    """Say what one run found.

    RUN is a run's id, its path, latest, or latest~N for one N before it.
    """
    from labeille.analysis.run import read_facts
    from labeille.reports.analysis_json import json_text, run_json
    from labeille.reports.run_analysis import RunFormat, run_text

    facts = read_facts(find_run(results_folder(results_dir), run, kinds=HUNTS))
    if as_json:
        click.echo(json_text(run_json(facts)))
    else:
        verbosity = Verbosity.parse(verbose=verbose, quiet=quiet)
        click.echo(run_text(facts, RunFormat(form), verbosity))


@analyze.command("compare")
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@results_option
@click.option("--only-changes", is_flag=True, help="Leave out what is the same in both.")
@click.option("--no-timing", is_flag=True, help="Do not compare durations.")
@json_option
def analyze_compare(
    before: str,
    after: str,
    results_dir: Path | None,
    only_changes: bool,
    no_timing: bool,
    as_json: bool,
) -> None:
    """Say what changed from run A to run B, and whether the interpreter is to blame.

    A and B are ids, paths, latest, or latest~N for one N before it.
    """
    from labeille.analysis.run_comparison import compare_runs
    from labeille.reports.analysis_json import comparison_json, json_text
    from labeille.reports.comparison import comparison_text

    folder = results_folder(results_dir)
    runs = (find_run(folder, before, kinds=HUNTS), find_run(folder, after, kinds=HUNTS))
    others = [] if no_timing else list_runs(folder, HUNTS)
    comparison = compare_runs(*runs, timing=not no_timing, others=others)
    if as_json:
        click.echo(json_text(comparison_json(comparison)))
    else:
        click.echo(comparison_text(comparison, only_changes=only_changes))


@analyze.command("history")
@results_option
@click.option("--last", type=click.IntRange(1), metavar="N", help="Only the N newest runs.")
@json_option
@click.option("-v", "--verbose", is_flag=True, help="Name every flaky package.")
def analyze_history(
    results_dir: Path | None, last: int | None, as_json: bool, verbose: bool
) -> None:
    """Say what all runs show together: trends, signatures, packages that come and go."""
    from labeille.analysis.history import read_history
    from labeille.reports.analysis_json import history_json, json_text
    from labeille.reports.history import history_text

    folder = results_folder(results_dir)
    find_run(folder, LATEST, kinds=HUNTS)  # that there are any
    history = read_history(list_runs(folder), last)
    if as_json:
        click.echo(json_text(history_json(history)))
    else:
        click.echo(history_text(history, everything=verbose))


@analyze.command("package")
@click.argument("name")
@results_option
@json_option
def analyze_package(name: str, results_dir: Path | None, as_json: bool) -> None:
    """Say everything that stored runs know of the package NAME."""
    from labeille.analysis.package import read_package
    from labeille.reports.analysis_json import json_text, package_json
    from labeille.reports.history import package_text

    history = read_package(list_runs(results_folder(results_dir)), parse_package_name(name))
    if as_json:
        click.echo(json_text(package_json(history)))
    else:
        click.echo(package_text(history))


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from None
