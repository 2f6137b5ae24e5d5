"""``labeille report``: what a run found, as a page, for CI, or for CPython's tracker."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import TYPE_CHECKING

import click

from labeille.analysis.runs import LATEST, find_run, list_runs
from labeille.cli.options import results_folder, results_option
from labeille.errors import UsageError

if TYPE_CHECKING:
    from labeille.reports.page.model import Page

_STDOUT = "-"


class ReportFormat(enum.StrEnum):
    """How a report is written."""

    HTML = "html"
    MARKDOWN = "markdown"
    JUNIT = "junit"
    GITHUB = "github"


#: The formats that a file's ending tells, and the file that each is written to without ``-o``.
_ENDINGS = {".md": ReportFormat.MARKDOWN, ".xml": ReportFormat.JUNIT}
_OUTPUTS = {ReportFormat.HTML: "report.html"}


@click.command()
@click.argument("run", metavar="[RUN]", required=False)
@click.argument("other", metavar="[OTHER]", required=False)
@results_option
@click.option(
    "--format",
    "form",
    type=click.Choice([form.value for form in ReportFormat]),
    help="A page, a summary for a CI job's page, JUnit XML, or GitHub annotations.  "
    "[default: by FILE's ending, else html]",
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    help="Where to write it, - for standard output.  [default: report.html; others are printed]",
)
@click.option(
    "--crash",
    metavar="ID",
    help="A bug report for CPython's tracker instead, of one crash: its signature, the hash at the "
    "signature's end, or a package.",
)
def report(
    run: str | None,
    other: str | None,
    results_dir: Path | None,
    form: str | None,
    output: str | None,
    crash: str | None,
) -> None:
    """Write what a run found, as a page that opens offline or in another format.

    RUN is a run's id, its path, latest (the default), or latest~N for one N before it. With OTHER,
    the report is of OTHER, and what changed from RUN to it comes first. --crash looks into all
    runs, or into RUN alone.
    """
    folder = results_folder(results_dir)
    if crash is not None:
        if other is not None or form not in (None, ReportFormat.MARKDOWN):
            raise UsageError("--crash takes one RUN at most, and writes markdown")
        _write(_crash(run, folder, crash), output or _STDOUT)
        return
    chosen = _format(form, output)
    page = _page(run or LATEST, other, folder, chosen)
    _write(_render(page, chosen), output or _OUTPUTS.get(chosen, _STDOUT))


def _format(form: str | None, output: str | None) -> ReportFormat:
    if form is not None:
        return ReportFormat(form)
    return _ENDINGS.get(Path(output or "").suffix.lower(), ReportFormat.HTML)


def _page(run: str, other: str | None, folder: Path, form: ReportFormat) -> Page:
    from labeille.reports.page.build import build_comparison, build_page

    details = form in (ReportFormat.HTML, ReportFormat.JUNIT)
    first = find_run(folder, run)
    if other is None:
        return build_page(first, list_runs(first.path.parent), details=details)
    second = find_run(folder, other)
    return build_comparison(first, second, list_runs(second.path.parent), details=details)


def _crash(run: str | None, folder: Path, wanted: str) -> str:
    from labeille.analysis.crash import find_crash
    from labeille.reports.crash_report import crash_report

    runs = list_runs(folder) if run is None else [find_run(folder, run)]
    return crash_report(find_crash(runs, wanted))


def _render(page: Page, form: ReportFormat) -> str:
    match form:
        case ReportFormat.HTML:
            from labeille.reports.html.render import render

            return render(page)
        case ReportFormat.MARKDOWN:
            from labeille.reports.markdown_report import markdown_report

            return markdown_report(page)
        case ReportFormat.JUNIT:
            from labeille.reports.junit_report import junit_report

            return junit_report(page)
        case ReportFormat.GITHUB:
            from labeille.reports.github_report import github_report

            return github_report(page)


def _write(text: str, output: str) -> None:
    if output == _STDOUT:
        click.echo(text, nl=False)
        return
    path = Path(output)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"cannot write {path}: {error.strerror}", hint="name another file with -o"
        ) from None
    click.echo(f"wrote {path}, {path.stat().st_size / 1e6:.1f} MB")
