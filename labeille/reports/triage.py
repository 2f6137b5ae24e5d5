"""How triage looks on the terminal, and where its bug reports go."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from labeille.analysis.crash import find_crash
from labeille.analysis.runs import read_run
from labeille.campaigns.investigation.triage import TRIAGE_DIR
from labeille.reports.crash_report import crash_report
from labeille.reports.investigation import rebuilt_text
from labeille.reports.words import Verbosity, one_line
from labeille.results.directory import RunDirectory
from labeille.results.triage import LookKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from labeille.analysis.runs import StoredRun
    from labeille.campaigns.investigation.rebuild import Rebuilt
    from labeille.campaigns.investigation.triage import CrashGroup
    from labeille.results.triage import Look, Repeats, Thresholds, TriageResult

REPORT_FILE = "report.md"

_WAYS = {
    LookKind.FOUND: "as it was found",
    LookKind.ALONE: "with fewer tests",
    LookKind.NOJIT: "without the JIT",
    LookKind.JIT_STRESS: "under jit-stress",
    LookKind.DEBUG: "on the debug build",
    LookKind.RELEASE: "on the release build",
    LookKind.OTHER_TARGET: "on",
    LookKind.MALLOC_DEBUG: "with PYTHONMALLOC=debug",
    LookKind.GDB: "under gdb",
}


class TriageLines:
    """A triage's progress, a line each; it writes each crash's bug report into the run."""

    def __init__(self, run: StoredRun, verbosity: Verbosity) -> None:
        self._run = run
        self._verbosity = verbosity

    def began(self, group: CrashGroup, number: int, of: int) -> None:
        """Say whose turn it is."""
        self._say(f"[{number}/{of}] {', '.join(group.packages)}: {group.signature}")

    def rebuilt(self, rebuilt: Rebuilt) -> None:
        """Say what stands, and in what it is not as recorded."""
        if self._verbosity > Verbosity.NORMAL or rebuilt.differences:
            text = rebuilt_text(rebuilt).splitlines()
            self._say("\n".join(f"  {line}" for line in text))

    def looked(self, look: Look, signature: str) -> None:
        """Say how often it came."""
        self._say(f"  {look_line(look, signature)}")

    def tried(self, condition: str, counted: Repeats) -> None:
        """Say how often it came under one condition."""
        self._say(f"  under {condition}: {counted}")

    def finished(self, group: CrashGroup, result: TriageResult, *, before: bool) -> Path | None:
        """Write the bug report; say what was concluded."""
        if before:
            self._say("  known from an earlier triage (--anew looks again)")
        self._say(*(f"  {line}" for line in conclusion_lines(result)))
        if result.error is not None:
            return None
        run = read_run(self._run.path)  # with what triage has written by now
        assert run is not None
        text = crash_report(find_crash([run], result.signature))
        path = Path(TRIAGE_DIR) / group.crash_id / REPORT_FILE
        RunDirectory(self._run.path.parent, self._run.path.name).write_file(
            path, text.encode("utf-8", "replace")
        )
        self._say(f"  bug report: {self._run.path / path}")
        return path

    def _say(self, *lines: str) -> None:
        if self._verbosity > Verbosity.QUIET:
            print("\n".join(lines), flush=True)


def look_line(look: Look, signature: str) -> str:
    """One way to look at a crash, and how often it came."""
    way = _WAYS.get(look.kind, look.kind.value)
    if look.kind in (LookKind.OTHER_TARGET, LookKind.DEBUG, LookKind.RELEASE):
        way = f"{way} {look.target_python}" if look.kind is LookKind.OTHER_TARGET else way
        way += f" ({look.python_version.partition(' ')[0]})" if look.python_version else ""
    if look.tests and look.kind is LookKind.ALONE:
        way = f"{way} ({one_line(', '.join(look.tests), 120)})"
    if look.repeats is None:
        return f"{way}: not possible: {one_line(look.reason or 'no reason is known')}"
    parts = [str(look.repeats)]
    parts += [
        f"{count} with {other}"
        for other, count in look.repeats.signatures.items()
        if other != signature
    ]
    return f"{way}: {'; '.join(parts)}"


def conclusion_lines(result: TriageResult) -> Iterator[str]:
    """What was concluded of one crash."""
    if result.error is not None:
        yield f"could not be looked at: {one_line(result.error, 400)}"
        return
    if result.thresholds is not None:
        yield from _threshold_lines(result.thresholds)
    yield f"{result.attribution}: {result.reason}"
    for known in result.known:
        fixed = ""
        if known.fixed_before:
            fixed = f", though fixed in {known.fixed_before}, which this build has"
        elif known.fixed_in:
            fixed = f", fixed in {', '.join(known.fixed_in)}"
        yield f"may be known: gh-{known.issue}, {known.title}{fixed}: {known.url}"


def _threshold_lines(thresholds: Thresholds) -> Iterator[str]:
    tried = ", ".join(f"{rung.threshold}: {rung.repeats}" for rung in thresholds.rungs)
    highest = f"highest threshold that crashes: {thresholds.highest}"
    yield f"{highest} (tried {tried})" if tried else highest
    if thresholds.stock is not None:
        yield f"with the build's own thresholds: {thresholds.stock}"


def triage_text(results: Sequence[TriageResult], run: RunDirectory) -> str:
    """Every crash with its attribution, one a line, and where it is kept."""
    lines = []
    for result in results:
        found = result.look(LookKind.FOUND)
        counted = f"{found.repeats}" if found and found.repeats else "not repeated"
        verdict = result.attribution or "could not be looked at"
        lines.append(f"{verdict}: {', '.join(result.packages)}: {counted}: {result.signature}")
    return "\n".join([*lines, f"kept: {run.path / 'triage.json'}"])
