"""How a hunt looks before it starts and at its end."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING

from labeille.reports.words import STATUS_STYLES, Verbosity, one_line, tests_text
from labeille.results.model import Record, Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labeille.campaigns.plan import HuntPlan

#: Rows of a table before the unremarkable ones are only counted, unless --verbose.
TABLE_ROWS = 60


def summary_text(plan: HuntPlan, records: Sequence[Record], verbosity: Verbosity) -> str:
    """What a run found: a table, counts, and the crashes with what is needed to repeat them."""
    blocks = []
    if verbosity > Verbosity.QUIET and len(records) > 1:
        blocks.append(_table(records, everything=verbosity >= Verbosity.VERBOSE))
    counts = Counter(record.status for record in records)
    total = ", ".join(f"{counts[status]} {status}" for status in Status if counts[status])
    selected = len(plan.campaign.selected.chosen)
    if selected > 1 or not records:  # one package's verdict has been said already
        blocks.append(f"{len(records)} of {selected} packages: {total or 'nothing'}")
    notes = [record.source_note for record in records if record.source_note]
    if notes:
        blocks.append(f"{len(notes)} not from where it was expected; the first: {notes[0]}")
    problems = [str(problem) for problem in plan.campaign.selected.problems]
    if problems:
        blocks.append("registry files left out:\n" + "\n".join(f"  {line}" for line in problems))
    blocks += _crash_blocks(plan, records)
    blocks.append(f"results: {plan.run.path}")
    return "\n\n".join(blocks)


def _crash_blocks(plan: HuntPlan, records: Sequence[Record]) -> list[str]:
    # Imported here: a dry run, and a hunt before its end, have no use for them.
    from labeille.analysis.run import crash_groups
    from labeille.analysis.runs import read_run
    from labeille.reports.crashes import crash_block

    run = read_run(plan.run.path)
    return [] if run is None else [crash_block(run, group) for group in crash_groups(records)]


def _table(records: Sequence[Record], *, everything: bool) -> str:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = sorted(records, key=lambda record: (record.status is Status.PASS, record.package))
    left_out = 0
    if not everything and len(shown) > TABLE_ROWS:
        remarkable = [record for record in shown if record.status is not Status.PASS]
        left_out = len(shown) - len(remarkable[:TABLE_ROWS])
        shown = remarkable[:TABLE_ROWS]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("package", "version", "status", "tests", "seconds", "remark"):
        table.add_column(name, justify="right" if name == "seconds" else "left", no_wrap=True)
    for record in shown:
        table.add_row(
            record.package,
            record.package_version or "",
            Text(record.status.value, style=STATUS_STYLES[record.status]),
            tests_text(record),
            f"{record.duration_seconds:.1f}" if record.duration_seconds else "",
            Text(record.crash_signature or one_line(record.reason or "")),
        )
    # On a terminal as wide as it is; in a file the last column is never cut.
    console = Console(width=None if sys.stdout.isatty() else 400)
    with console.capture() as capture:
        console.print(table)
    lines = [line.rstrip() for line in capture.get().rstrip().splitlines()]
    if left_out:
        lines.append(f"… and {left_out} more (-v shows all)")
    return "\n".join(lines)
