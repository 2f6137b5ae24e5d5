"""Words for what happens in a hunt, a line each."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from labeille.results.model import Record, Status

if TYPE_CHECKING:
    from labeille.campaigns.plan import HuntPlan
    from labeille.pipeline.trial import Prepared
    from labeille.targets.model import Target

STATUS_STYLES = {
    Status.PASS: "green",
    Status.FAIL: "yellow",
    Status.CRASH: "bold red",
    Status.TIMEOUT: "magenta",
    Status.INSTALL_ERROR: "dim",
    Status.CLONE_ERROR: "dim",
    Status.ERROR: "red",
}


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
    count = len(plan.jobs)
    what = plan.jobs[0].name if count == 1 else f"{count} packages"
    return (
        f"{what} on {target_text(plan.target)} under {plan.condition.name}; "
        f"environments in {plan.campaign.wishes.places.venvs_dir}; run {plan.run.path}"
    )


def target_text(target: Target) -> str:
    """An interpreter's path, with what matters of its build."""
    facts = [target.version]
    if target.debug:
        facts.append("debug")
    if target.free_threaded:
        facts.append("free-threaded")
    facts.append("JIT" if target.jit_available else "no JIT")
    return f"{target.python} ({', '.join(facts)})"


def verdict_line(record: Record) -> str:
    """One package's verdict on one line."""
    parts = [f"{record.package}: {record.status}"]
    if record.crash_signature:
        parts.append(record.crash_signature)
    if record.tests is not None:
        parts.append(tests_text(record))
    if record.duration_seconds:
        parts.append(f"{record.duration_seconds:.1f} s")
    if record.running_test:
        parts.append(f"in {record.running_test}")
    message = record.reason or record.error_message
    if message:
        parts.append(one_line(message))
    return ", ".join(parts)


def tests_text(record: Record) -> str:
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


def revision_text(prepared: Prepared) -> str:
    checkout = prepared.checkout
    return f"{checkout.kind.value} {checkout.version or (checkout.revision or '')[:12]}"


def one_line(text: str, limit: int = 200) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def time_text(time: str) -> str:
    """A time as people read it, in UTC to the second; what is no time stays as it is."""
    from labeille.analysis.runs import parse_time  # of no use while a hunt goes

    parsed = parse_time(time)
    return f"{parsed:%Y-%m-%d %H:%M:%S} UTC" if parsed else time


def duration_text(seconds: float) -> str:
    """A duration: ``4.2 s``, ``3:25 min``, ``2:03:25 h``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02} h" if hours else f"{minutes}:{rest:02} min"


def count_text(number: int, noun: str) -> str:
    """A number and its noun: ``1 run``, ``2 runs``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
