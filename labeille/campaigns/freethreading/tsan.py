"""ThreadSanitizer's reports of an iteration: where they are written, and reading them back."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from labeille.crashes.tsan import merge_reports, read_tsan_reports

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from labeille.results.freethreading import TsanReport
    from labeille.targets.model import Condition

VARIABLE = "TSAN_OPTIONS"

#: ThreadSanitizer writes to ``<prefix>.<pid>``: not to standard error, which pytest may capture.
LOG_PREFIX = "tsan"

#: Bytes of one process's reports that are read; a racy suite writes the same ones over and over.
_READ_BYTES = 32 * 1024 * 1024

#: What is set besides the places of files; each with its reason.
_OPTIONS = {
    # The suite goes on after a report, so that one trial shows every race.
    "halt_on_error": "0",
    # The exit code stays the suite's own: 66, the default, would stand for "tests failed" as well
    # as for "all passed", and reads like a crash.
    "exitcode": "0",
    # With these, ThreadSanitizer ends a crashing process itself, with the exit code from above: a
    # segfault would pass. Without, the signal ends it, and faulthandler speaks.
    "handle_segv": "0",
    "handle_abort": "0",
    "handle_sigbus": "0",
    "handle_sigill": "0",
    "handle_sigfpe": "0",
    # The other access of a race is often long past; by default its stack "failed to restore".
    "history_size": "7",
    # Children that suites fork from threads are the suites' business.
    "die_after_fork": "0",
    # By default every process sleeps for a second at its end.
    "atexit_sleep_ms": "0",
}


def tsan_condition(
    condition: Condition, package_env: Mapping[str, str], log_dir: Path, suppressions: Path | None
) -> Condition:
    """The condition with ThreadSanitizer writing its reports to ``log_dir``.

    What the user or the package has in TSAN_OPTIONS stays, as far as it is not decided here.
    """
    given = condition.env.get(VARIABLE, package_env.get(VARIABLE, os.environ.get(VARIABLE, "")))
    ours = {**_OPTIONS, "log_path": _quoted(log_dir / LOG_PREFIX)}
    if suppressions is not None:
        ours["suppressions"] = _quoted(suppressions)
    # The last of two counts (sanitizer_common/sanitizer_flag_parser.cpp).
    text = " ".join([given, *(f"{name}={value}" for name, value in ours.items())])
    return replace(condition, env={**condition.env, VARIABLE: text.strip()})


def _quoted(path: Path) -> str:
    """A path as the parser of options takes it, blanks and colons included."""
    text = str(path)
    return f'"{text}"' if '"' not in text else f"'{text}'"


def read_reports(log_dir: Path, iteration: int) -> tuple[TsanReport, ...]:
    """Every finding in the files of an iteration's processes, each once."""
    reports: list[TsanReport] = []
    for path in sorted(log_dir.glob(f"{LOG_PREFIX}.*")):
        with path.open("rb") as file:
            text = file.read(_READ_BYTES).decode("utf-8", "backslashreplace")
        reports += read_tsan_reports(text)
    return tuple(
        msgspec.structs.replace(report, iterations=(iteration,))
        for report in merge_reports(reports)
    )
