"""What is said below a nox whose sessions hunted together.

Printed while the interpreter shuts down, when nothing that starts threads can be imported any more:
concurrent.futures, and whatever needs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from labeille.analysis.run import read_facts
from labeille.analysis.runs import read_run
from labeille.campaigns.resume import earlier_run
from labeille.reports.run_analysis import end_text
from labeille.results.kinds import RunKind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def print_end_of_run(command: Sequence[str], results_dir: Path, since: float) -> None:
    """Say what all sessions found together.

    ``command`` is nox's whole command line, ``since`` the time of its start in seconds. Where it
    wrote no run, or only one package's, which has been told already, nothing is said. Raises
    LabeilleError or OSError where the run cannot be read or nobody reads the output.
    """
    run_id = earlier_run(results_dir, command)
    run = None if run_id is None else read_run(results_dir / run_id)
    if run is None or run.kind is not RunKind.HUNT or run.lines_path.stat().st_mtime < since:
        return
    facts = read_facts(run)
    if len(facts.records) > 1:
        click.echo(end_text(facts))
