"""A free-threaded run for other programs: CSV with a row a package, or JSON with everything."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import msgspec

from labeille.analysis.freethreading.compat import package_compat
from labeille.analysis.freethreading.rates import package_rate

if TYPE_CHECKING:
    from labeille.analysis.freethreading.runs import FreeThreadedRun
    from labeille.results.freethreading import FreeThreadedRecord

#: Between the values of one cell.
_SEPARATOR = "; "

_FIELDS = (
    *("package", "package_version", "category", "iterations_completed", "pass_count"),
    *("fail_count", "crash_count", "timeout_count", "deadlock_count", "error_count"),
    *("tsan_warning_iterations", "pass_rate", "mean_duration_s", "gil_enabled_pass_rate"),
    *("stress_pass_rate", "breakage", "breakage_p_value", "install_ok", "import_ok"),
    *("commit", "sdist_version", "install_from", "reason", "install_error", "import_error"),
)
_DERIVED = (
    *("failure_rate", "failure_rate_low", "failure_rate_high", "runs_to_catch"),
    *("gil", "modules_asking_for_gil", "flaky_tests", "failure_signatures", "tsan_warning_types"),
)


def export_csv(run: FreeThreadedRun) -> str:
    """A header and a row a package; several values of a cell have "; " between them."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow((*_FIELDS, *_DERIVED))
    for record in run.records.values():
        writer.writerow([*(_cell(getattr(record, name)) for name in _FIELDS), *_derived(record)])
    return out.getvalue()


def export_json(run: FreeThreadedRun) -> str:
    """One object: ``run_id``, ``meta``, and ``packages`` as they are recorded."""
    document = {
        "run_id": run.run_id,
        "meta": run.meta,
        "unreadable_lines": run.lines.unreadable,
        "packages": list(run.records.values()),
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def _derived(record: FreeThreadedRecord) -> list[str]:
    rate, compat = package_rate(record), package_compat(record)
    known = rate.runs > 0
    return [
        f"{rate.rate:.6f}" if known else "",
        f"{rate.interval.low:.6f}" if known else "",
        f"{rate.interval.high:.6f}" if known else "",
        _cell(rate.to_catch),
        compat.verdict.value,
        _SEPARATOR.join(module.module_name for module in compat.asking),
        _SEPARATOR.join(f"{name}={count}" for name, count in record.flaky_tests.items()),
        _SEPARATOR.join(record.failure_signatures),
        _SEPARATOR.join(record.tsan_warning_types),
    ]


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
