"""The commands of ``labeille ft`` that read runs: show, flaky, compat, compare, report, export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from labeille.analysis.runs import LATEST
from labeille.cli.options import results_folder, results_option
from labeille.errors import UsageError

if TYPE_CHECKING:
    from labeille.analysis.freethreading.runs import FreeThreadedRun
    from labeille.reports.document import Document

_FILE = click.Path(dir_okay=False, path_type=Path)

_output_option = click.option(
    "-o", "--output", type=_FILE, metavar="FILE", help="Write to FILE, not to stdout."
)


def commands() -> tuple[click.Command, ...]:
    """The commands that read runs, for the group ``ft``."""
    return (show, flaky, compat, compare, report, export)


@click.command()
@click.argument("run", metavar="[DIR]", default=LATEST)
@results_option
@click.option(
    "--sort",
    "order",
    type=click.Choice(["category", "pass_rate", "name"]),
    default="category",
    show_default=True,
    help="The gravest first, the lowest rate first, or by name.",
)
@click.option("--limit", type=click.IntRange(1), metavar="N", help="At most N packages.")
def show(run: str, results_dir: Path | None, order: str, limit: int | None) -> None:
    """Show a run: its categories, and a row a package; also one that goes on or was killed.

    DIR is a run's id, its path, a folder of runs, latest (the default), latest~1, or a glob: of
    several the one that started last.
    """
    from labeille.reports.freethreading.show import Order, show_document

    _print(show_document(_load(run, results_dir), order=Order(order), limit=limit))


@click.command()
@click.argument("run", metavar="[DIR]", default=LATEST)
@results_option
@click.option("--package", metavar="P", help="This package alone.")
def flaky(run: str, results_dir: Path | None, package: str | None) -> None:
    """Say which tests fail, how often, in how many ways, and what the GIL has to do with it.

    DIR is as for `ft show`. Rates stand with their 95 % intervals (Clopper-Pearson) and with the
    number of runs that would show a failure with 99 %.
    """
    from labeille.reports.freethreading.flaky import flaky_document

    _print(flaky_document(_load(run, results_dir), package=package))


@click.command()
@click.argument("run", metavar="[DIR]", default=LATEST)
@results_option
@click.option("--extensions-only", is_flag=True, help="Leave out pure Python packages.")
def compat(run: str, results_dir: Path | None, extensions_only: bool) -> None:
    """Say which packages turn the GIL on, by which modules, and how that is known.

    DIR is as for `ft show`.
    """
    from labeille.reports.freethreading.compat import compat_document

    _print(compat_document(_load(run, results_dir), extensions_only=extensions_only))


@click.command()
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@results_option
def compare(before: str, after: str, results_dir: Path | None) -> None:
    """Say what changed from run A to run B: categories, pass rates, what is new and resolved.

    A and B are as DIR for `ft show`.
    """
    from labeille.analysis.freethreading.compare import compare_runs
    from labeille.reports.freethreading.compare import compare_document

    runs = (_load(before, results_dir), _load(after, results_dir))
    _print(compare_document(compare_runs(*runs)))


@click.command()
@click.argument("run", metavar="[DIR]", default=LATEST)
@results_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["markdown", "text", "html"]),
    default="markdown",
    show_default=True,
    help="HTML is the page of `labeille report`, one file that needs no other.",
)
@_output_option
def report(run: str, results_dir: Path | None, form: str, output: Path | None) -> None:
    """Write everything about a run into one document.

    DIR is as for `ft show`.
    """
    found = _load(run, results_dir)
    _write(_page(found) if form == "html" else _document(found, form), output)


@click.command()
@click.argument("run", metavar="[DIR]", default=LATEST)
@results_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "json"]),
    default="csv",
    show_default=True,
    help="A row a package, or everything.",
)
@_output_option
def export(run: str, results_dir: Path | None, form: str, output: Path | None) -> None:
    """Write a run's results for other programs.

    DIR is as for `ft show`.
    """
    from labeille.reports.freethreading.export import export_csv, export_json

    found = _load(run, results_dir)
    _write(export_json(found) if form == "json" else export_csv(found), output)


def _document(run: FreeThreadedRun, form: str) -> str:
    from labeille.reports.document import document_markdown, document_text
    from labeille.reports.freethreading.whole import report_document

    document = report_document(run)
    return document_markdown(document) if form == "markdown" else f"{document_text(document)}\n"


def _page(run: FreeThreadedRun) -> str:
    from labeille.analysis.runs import list_runs
    from labeille.reports.html.render import render
    from labeille.reports.page.build import build_page

    return render(build_page(run.stored, list_runs(run.path.parent), details=True))


def _load(text: str, results_dir: Path | None) -> FreeThreadedRun:
    from labeille.analysis.freethreading.runs import load_run

    return load_run(results_folder(results_dir), text)


def _print(document: Document) -> None:
    from labeille.reports.document import document_text

    click.echo(document_text(document))


def _write(text: str, output: Path | None) -> None:
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {output}: {error.strerror}") from None
