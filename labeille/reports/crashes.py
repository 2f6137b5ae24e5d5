"""How crashes look on a terminal: by signature, with what is needed to repeat each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labeille.analysis.inputs import short_revision
from labeille.analysis.repeat import repeat_command
from labeille.analysis.run import evidence_path
from labeille.crashes.model import CrashKind
from labeille.reports.words import one_line

if TYPE_CHECKING:
    from labeille.analysis.run import CrashGroup
    from labeille.analysis.runs import StoredRun
    from labeille.results.model import Record


def crash_block(run: StoredRun, group: CrashGroup, *, limit: int | None = None) -> str:
    """One signature and the packages that crashed with it, at most ``limit`` of them in full."""
    count = len(group.records)
    many = f" ({count} packages)" if count > 1 else ""
    lines = [f"crash {group.signature or 'without a signature'}{many}"]
    details = {record.crash.detail for record in group.records if record.crash}
    # A bare signal's sentence says no more than the signature does.
    bare = all(record.crash and record.crash.kind == CrashKind.SIGNAL for record in group.records)
    if len(details) == 1 and (detail := details.pop()) and not bare:
        lines.append(f"  {one_line(detail)}")
    for record in group.records[:limit]:
        lines += _record_lines(run, record)
    if limit is not None and count > limit:
        rest = ", ".join(record.package for record in group.records[limit:])
        lines.append(f"  and {one_line(rest)}")
    return "\n".join(lines)


def _record_lines(run: StoredRun, record: Record) -> list[str]:
    versions = dict.fromkeys(filter(None, (record.package_version, short_revision(record))))
    lines = [f"  {' '.join((record.package, *versions))}{crash_place(record)}"]
    evidence = evidence_path(run, record)
    if evidence is not None:
        lines.append(f"    evidence: {evidence}")
    lines.append(f"    repeat:   {repeat_command(record, run.meta)}")
    return lines


def crash_place(record: Record) -> str:
    """Where a crash happened, as words behind the package's name."""
    crash = record.crash
    where = f" in {record.running_test}" if record.running_test else ""
    in_tests = not crash or crash.phase == "test"
    if not where and record.reason and in_tests:
        where = f" {one_line(record.reason)}"
    child = ", in a child process" if crash and crash.in_child else ""
    during = f" during {crash.phase}" if crash and not in_tests else ""
    return f"{where}{during}{child}"
