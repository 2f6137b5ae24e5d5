"""``labeille merge``: one run out of several, as shards of a hunt leave them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from labeille.cli.options import results_folder, results_option
from labeille.names import parse_run_id

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("dirs", metavar="DIRS…", nargs=-1, required=True)
@results_option
@click.option("--run-id", metavar="ID", help="The new run's name.  [default: from the time]")
def merge(dirs: tuple[str, ...], results_dir: Path | None, run_id: str | None) -> None:
    """Make one run of several that tested different packages.

    DIRS are folders of runs, folders with runs in them, or run ids. No record is lost, and a
    package that two of them have a record of is refused. The runs themselves stay as they are.
    """
    from labeille.analysis.merge import merge_runs

    name = None if run_id is None else parse_run_id(run_id)
    merged = merge_runs(dirs, results_folder(results_dir), name)
    click.echo(f"{merged.lines} records in {merged.path}")
    if merged.left_out:
        click.echo(f"of several, only the first was taken: {', '.join(merged.left_out)}")
