"""``labeille report``: what a run found, as a page, for CI, or for CPython's tracker."""

from __future__ import annotations

from pathlib import Path

import click

from labeille.analysis.runs import LATEST, find_run, list_runs
from labeille.cli.options import results_folder, results_option
from labeille.errors import UsageError

_STDOUT = "-"


@click.command()
@click.argument("run", metavar="[RUN]", default=LATEST)
@results_option
@click.option("-o", "--output", metavar="FILE", help="Where to write it, - for standard output.")
def report(run: str, results_dir: Path | None, output: str | None) -> None:
    """Write what a run found as a page that opens offline.

    RUN is a run's id, its path, latest, or latest~N for one N before it.
    """
    from labeille.reports.html.render import render
    from labeille.reports.page.build import build_page

    folder = results_folder(results_dir)
    found = find_run(folder, run)
    page = build_page(found, list_runs(found.path.parent), details=True)
    _write(render(page), output or "report.html")


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
    click.echo(f"wrote {path} ({path.stat().st_size / 1e6:.1f} MB)")
