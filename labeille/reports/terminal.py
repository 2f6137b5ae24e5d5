"""How a hunt looks on a terminal: progress while it runs, a summary at its end."""

from __future__ import annotations

import enum
import shlex
import sys
import threading
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from labeille.results.model import Record, Status
from labeille.sources.model import SourceChoice

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Self

    from labeille.campaigns.plan import HuntPlan
    from labeille.pipeline.job import Job
    from labeille.pipeline.trial import Prepared
    from labeille.reports.live import LiveProgress

STATUS_STYLES = {
    Status.PASS: "green",
    Status.FAIL: "yellow",
    Status.CRASH: "bold red",
    Status.TIMEOUT: "magenta",
    Status.INSTALL_ERROR: "dim",
    Status.CLONE_ERROR: "dim",
    Status.ERROR: "red",
}

#: Rows of a table before the unremarkable ones are only counted, unless --verbose.
TABLE_ROWS = 60


class Verbosity(enum.IntEnum):
    """How much is said."""

    QUIET = 0
    NORMAL = 1
    VERBOSE = 2

    @classmethod
    def parse(cls, *, verbose: bool, quiet: bool) -> Verbosity:
        """-v and -q; with both, the quieter one."""
        if quiet:
            return cls.QUIET
        return cls.VERBOSE if verbose else cls.NORMAL


def headline(plan: HuntPlan) -> str:
    """One line: what is run, on which interpreter, under which condition, and where it is kept."""
    target = plan.target
    facts = [target.version]
    if target.debug:
        facts.append("debug")
    if target.free_threaded:
        facts.append("free-threaded")
    facts.append("JIT" if target.jit_available else "no JIT")
    count = len(plan.jobs)
    what = plan.jobs[0].name if count == 1 else f"{count} packages"
    return (
        f"{what} on {target.python} ({', '.join(facts)}) under {plan.condition.name}; "
        f"environments in {plan.wishes.places.venvs_dir}; run {plan.run.path}"
    )


# While it runs


class PlainProgress:
    """A line for each thing that happens: for logs, pipes and nox."""

    def __init__(self, plan: HuntPlan, verbosity: Verbosity) -> None:
        self._plan = plan
        self._verbosity = verbosity
        self._lock = threading.Lock()
        self._done = 0

    def __enter__(self) -> Self:
        if self._verbosity > Verbosity.QUIET:
            self._print(headline(self._plan))
        return self

    def __exit__(self, *_: object) -> None:
        """There is nothing to take away."""

    def preparing(self, job: Job) -> None:
        """Say that the checkout and the environment are being got, if there is time to read it."""
        if self._verbosity >= Verbosity.VERBOSE:
            self._print(f"{job.name}: preparing")

    def testing(self, prepared: Prepared) -> None:
        """Say what is run, and in which environment."""
        if self._verbosity >= Verbosity.VERBOSE:
            environment = prepared.environment
            how = "reused" if environment.reused else f"built by {environment.backend}"
            self._print(
                f"{prepared.job.name}: testing {_revision(prepared)} in {environment.path} ({how})"
            )

    def finished(self, record: Record) -> None:
        """Say the verdict."""
        with self._lock:
            self._done += 1
            done = self._done
        if self._verbosity > Verbosity.QUIET:
            self._print(f"[{done}/{len(self._plan.jobs)}] {verdict_line(record)}")

    def _print(self, line: str) -> None:
        with self._lock:
            print(line, flush=True)


def progress_display(plan: HuntPlan, verbosity: Verbosity) -> PlainProgress | LiveProgress:
    """The display that fits where the output goes."""
    if sys.stdout.isatty() and verbosity > Verbosity.QUIET and len(plan.jobs) > 1:
        from labeille.reports.live import LiveProgress  # with rich, which takes 70 ms to import

        return LiveProgress(plan, verbosity)
    return PlainProgress(plan, verbosity)


# In the end


def verdict_line(record: Record) -> str:
    """One package's verdict on one line."""
    parts = [f"{record.package}: {record.status}"]
    if record.crash_signature:
        parts.append(record.crash_signature)
    if record.tests is not None:
        parts.append(_tests_text(record))
    if record.duration_seconds:
        parts.append(f"{record.duration_seconds:.1f} s")
    if record.running_test:
        parts.append(f"in {record.running_test}")
    message = record.reason or record.error_message
    if message:
        parts.append(_one_line(message))
    return ", ".join(parts)


def summary_text(plan: HuntPlan, records: Sequence[Record], verbosity: Verbosity) -> str:
    """What a run found: a table, counts, and the crashes with what is needed to repeat them."""
    blocks = []
    if verbosity > Verbosity.QUIET and len(records) > 1:
        blocks.append(_table(records, everything=verbosity >= Verbosity.VERBOSE))
    counts = Counter(record.status for record in records)
    total = ", ".join(f"{counts[status]} {status}" for status in Status if counts[status])
    selected = len(plan.selected.chosen)
    if selected > 1 or not records:  # one package's verdict has been said already
        blocks.append(f"{len(records)} of {selected} packages: {total or 'nothing'}")
    notes = [record.source_note for record in records if record.source_note]
    if notes:
        blocks.append(f"{len(notes)} not from where it was expected; the first: {notes[0]}")
    problems = [str(problem) for problem in plan.selected.problems]
    if problems:
        blocks.append("registry files left out:\n" + "\n".join(f"  {line}" for line in problems))
    blocks += _crash_blocks(plan, records)
    blocks.append(f"results: {plan.run.path}")
    return "\n\n".join(blocks)


def dry_run_text(plan: HuntPlan, verbosity: Verbosity) -> str:
    """What would be run, without running it."""
    lines = [headline(plan)]
    for job in plan.jobs:
        revision = f"@{job.revision}" if job.revision else ""
        line = f"  {job.name}{revision}"
        if verbosity >= Verbosity.VERBOSE:
            line += f": {job.package.install_command} ; {job.package.test_command}"
        lines.append(line)
    for reason, count in plan.selected.counts.items():
        lines.append(f"{count} passed over: {reason}")
    if plan.completed:
        lines.append(f"{plan.completed} have a verdict already")
    lines += [str(problem) for problem in plan.selected.problems]
    return "\n".join(lines)


def repeat_command(plan: HuntPlan, record: Record) -> str:
    """The command line that runs a record's package again as it was run."""
    version = record.git_revision or record.sdist_version
    what = f"{record.package}@{version}" if version else record.package
    words = ["labeille", "run", "--packages", what]
    words += ["--target-python", plan.target.python, "--condition", plan.condition.name]
    for name, value in plan.wishes.env.items():
        words += ["--env", f"{name}={value}"]
    source = record.install_from or SourceChoice.AUTO.value
    words += ["--source", source]
    wishes = plan.wishes
    if wishes.registry_dir is not None:
        words += ["--registry-dir", str(wishes.registry_dir.absolute())]
    if record.package in wishes.repo_overrides:
        words += ["--repo-override", f"{record.package}={wishes.repo_overrides[record.package]}"]
    for requirement in wishes.extra_deps:
        words += ["--extra-deps", requirement]
    if wishes.test_command_override:
        words += ["--test-command-override", wishes.test_command_override]
    if wishes.test_command_suffix:
        words += ["--test-command-suffix", wishes.test_command_suffix]
    return shlex.join(words)


def _crash_blocks(plan: HuntPlan, records: Iterable[Record]) -> list[str]:
    groups: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        if record.status is Status.CRASH:
            groups[record.crash_signature or "unknown"].append(record)
    blocks = []
    for signature, crashed in sorted(groups.items()):
        lines = [f"crash {signature}"]
        for record in crashed:
            where = f" in {record.running_test}" if record.running_test else ""
            if not where and record.reason:
                where = f" {_one_line(record.reason)}"
            child = ", in a child process" if record.crash and record.crash.in_child else ""
            phase = record.crash.phase if record.crash else "test"
            during = f" during {phase}" if phase != "test" else ""
            lines.append(f"  {record.package}{where}{during}{child}")
            if record.crash and record.crash.evidence:
                lines.append(f"    evidence: {plan.run.path / record.crash.evidence}")
            lines.append(f"    repeat:   {repeat_command(plan, record)}")
        blocks.append("\n".join(lines))
    return blocks


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
            _tests_text(record),
            f"{record.duration_seconds:.1f}" if record.duration_seconds else "",
            Text(record.crash_signature or _one_line(record.reason or "")),
        )
    # On a terminal as wide as it is; in a file the last column is never cut.
    console = Console(width=None if sys.stdout.isatty() else 400)
    with console.capture() as capture:
        console.print(table)
    lines = [line.rstrip() for line in capture.get().rstrip().splitlines()]
    if left_out:
        lines.append(f"… and {left_out} more (-v shows all)")
    return "\n".join(lines)


def _tests_text(record: Record) -> str:
    tests = record.tests
    if tests is None:
        return ""
    parts = [
        f"{count} {name}"
        for name, count in (
            ("passed", tests.passed),
            ("failed", tests.failed),
            ("error", tests.error),
            ("skipped", tests.skipped),
        )
        if count
    ]
    return " ".join(parts) or "no tests"


def _revision(prepared: Prepared) -> str:
    checkout = prepared.checkout
    return f"{checkout.kind.value} {checkout.version or (checkout.revision or '')[:12]}"


def _one_line(text: str, limit: int = 200) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
