"""What analysis found, as JSON; docs/analysis.md names the keys."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from labeille.analysis.inputs import condition_facts, revision, target_facts
from labeille.analysis.repeat import repeat_command
from labeille.analysis.run import cause, evidence_path
from labeille.reports.comparison import difference_lines

if TYPE_CHECKING:
    from labeille.analysis.history import History
    from labeille.analysis.inputs import Difference
    from labeille.analysis.package import PackageHistory
    from labeille.analysis.run import RunFacts
    from labeille.analysis.run_comparison import PackageComparison, RunComparison
    from labeille.analysis.runs import StoredRun
    from labeille.analysis.timing import Timings
    from labeille.results.model import Record

#: Packages listed as the slowest.
SLOWEST = 20


def json_text(value: object) -> str:
    """JSON for people and for jq."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def run_identity(run: StoredRun) -> dict[str, Any]:
    """Which run it is, and on what."""
    meta = run.meta
    return {
        "run_id": run.run_id,
        "path": str(run.path),
        "kind": run.kind.value,
        "started_at": run.started.isoformat(),
        "finished_at": meta.finished_at,
        "target_python": meta.target_python,
        "python_version": str(target_facts(meta)),
        "target_id": meta.target_id,
        "condition": str(condition_facts(meta)),
        "jit_enabled": meta.jit_enabled,
        "hostname": meta.hostname,
    }


def run_json(facts: RunFacts) -> dict[str, Any]:
    """One run, with every record."""
    run = facts.run
    return {
        "run": run_identity(run),
        "packages": len(facts.records),
        "missing": facts.missing,
        "unreadable_lines": run.lines.unreadable,
        "counts": {status.value: count for status, count in facts.counts.items()},
        "tests": facts.tests_run,
        "suite_seconds": round(facts.suite_seconds, 3),
        "crashes": [
            {
                "signature": group.signature,
                "packages": [_crashed(run, record) for record in group.records],
            }
            for group in facts.crashes
        ],
        "causes": [
            {
                "status": group.status.value,
                "cause": group.cause,
                "packages": [record.package for record in group.records],
            }
            for group in facts.causes
        ],
        "without_executors": [record.package for record in facts.without_executors],
        "slowest": [
            {"package": record.package, "duration_seconds": record.duration_seconds}
            for record in facts.slowest(SLOWEST)
        ],
        "histogram": [{"below": bar.below, "count": bar.count} for bar in facts.histogram],
        "records": [record_json(run, record) for record in facts.records],
    }


def record_json(run: StoredRun, record: Record) -> dict[str, Any]:
    """One record as it is kept, with its cause and its evidence's place."""
    evidence = evidence_path(run, record)
    return {
        **msgspec.to_builtins(record),
        "cause": None if record.status.value in ("pass", "crash") else cause(record),
        "evidence": str(evidence) if evidence else None,
    }


def _crashed(run: StoredRun, record: Record) -> dict[str, Any]:
    evidence = evidence_path(run, record)
    return {
        "package": record.package,
        "revision": revision(record) or None,
        "running_test": record.running_test,
        "in_child": bool(record.crash and record.crash.in_child),
        "phase": record.crash.phase if record.crash else None,
        "evidence": str(evidence) if evidence else None,
        "repeat": repeat_command(record, run.meta),
    }


def comparison_json(comparison: RunComparison) -> dict[str, Any]:
    """Two runs side by side; packages that are the same are only counted."""
    return {
        "before": run_identity(comparison.before),
        "after": run_identity(comparison.after),
        "target": _difference(comparison.target),
        "condition": _difference(comparison.condition),
        "counts": {change.value: count for change, count in comparison.counts.items()},
        "packages": [_compared(each) for each in comparison.packages if each.is_change],
        "only_before": {record.package: record.status.value for record in comparison.only_before},
        "only_after": {record.package: record.status.value for record in comparison.only_after},
        "signatures": [
            {
                "signature": each.signature,
                "state": each.state.value,
                "packages": list(each.packages),
            }
            for each in comparison.signatures
        ],
        "timing": _timings(comparison.timings) if comparison.timings else None,
    }


def _compared(each: PackageComparison) -> dict[str, Any]:
    return {
        "package": each.package,
        "change": each.change.value,
        "reason": each.comparison.reason,
        "before": _half(each.before),
        "after": _half(each.after),
        "likely_interpreter": each.blames_interpreter,
        "conclusion": difference_lines(
            each.change, each.differences, tested_before=each.before.status.is_final
        ),
        "differences": {item.aspect.name.lower(): _difference(item) for item in each.differences},
        "now_failing": list(each.tests.now_failing),
        "no_longer_failing": list(each.tests.no_longer_failing),
        "tests_before": each.tests.total_before,
        "tests_after": each.tests.total_after,
    }


def _half(record: Record) -> dict[str, Any]:
    return {
        "status": record.status.value,
        "crash_signature": record.crash_signature,
        "revision": revision(record) or None,
        "running_test": record.running_test,
        "duration_seconds": record.duration_seconds,
    }


def _difference(each: Difference) -> dict[str, Any]:
    return {
        "state": each.sameness.name.lower(),
        "before": each.before,
        "after": each.after,
        "details": list(each.details),
    }


def _timings(timings: Timings) -> dict[str, Any]:
    return {
        "compared": timings.compared,
        "run_ratio": round(timings.run_ratio, 3),
        "changes": [
            {
                "package": each.package,
                "before": round(each.before, 3),
                "after": round(each.after, 3),
                "ratio": round(each.ratio, 3),
                "repeats": list(each.repeats),
                "cpu_ratio": None if each.cpu_ratio is None else round(each.cpu_ratio, 3),
            }
            for each in timings.changes
        ],
    }


def history_json(history: History) -> dict[str, Any]:
    """All runs, signatures and flaky packages."""
    return {
        "runs": [
            {
                **run_identity(trend.run),
                "packages": trend.packages,
                "counts": {status.value: count for status, count in trend.counts.items()},
                "pass_rate": trend.pass_rate,
                "signatures": trend.signatures,
                "suite_seconds": round(trend.suite_seconds, 3),
                "unreadable_lines": trend.unreadable,
            }
            for trend in history.runs
        ],
        "signatures": [
            {
                "signature": each.signature,
                "standing": each.standing.value,
                "first_seen": _sighting(each.first),
                "last_seen": _sighting(each.last),
                "runs": each.runs,
                "tested_since": each.tested_since,
                "packages": list(each.packages),
            }
            for each in history.signatures
        ],
        "flaky": [
            {
                "package": each.package,
                "source": each.source,
                "condition": each.condition,
                "statuses": [status.value for status in each.statuses],
            }
            for each in history.flaky
        ],
        "other_kinds": {kind.value: count for kind, count in history.other_kinds.items()},
    }


def _sighting(run: StoredRun) -> dict[str, str]:
    return {"run_id": run.run_id, "started_at": run.started.isoformat()}


def package_json(history: PackageHistory) -> dict[str, Any]:
    """One package over all runs, with its whole records."""
    return {
        "package": history.package,
        "counts": {status.value: count for status, count in history.counts.items()},
        "not_in": history.not_in,
        "usual_duration_seconds": history.usual_duration,
        "runs": [
            {
                **run_identity(visit.run),
                "record": record_json(visit.run, visit.record),
                "repeat": repeat_command(visit.record, visit.run.meta),
            }
            for visit in history.visits
        ],
        "other_runs": [
            {**run_identity(other.run), "verdict": other.verdict} for other in history.others
        ],
        "signatures": [
            {
                "signature": seen.signature,
                "first_seen": _sighting(seen.first.run),
                "last_seen": _sighting(seen.last.run),
                "runs": seen.count,
            }
            for seen in history.signatures
        ],
        "failing_tests": dict(history.failing_tests),
    }
