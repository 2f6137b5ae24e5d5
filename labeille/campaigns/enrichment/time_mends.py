"""Mends of suites that hang, or take longer than they may."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from labeille.campaigns.enrichment.model import Change, Facts, changed
from labeille.registry.model import TestFramework
from labeille.results.model import Status, TimeoutKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from labeille.campaigns.enrichment.attempt import Attempt
    from labeille.suites.model import TestLog

#: Seconds that a suite may have at most before it is left to a person.
LONGEST_SUITE = 3600.0


def stalled_test(facts: Facts, attempt: Attempt) -> Change | None:
    """A test that hangs is left out by name, a file that hangs while it is collected as a whole."""
    if attempt.verdict.status is not Status.TIMEOUT or attempt.trial is None:
        return None
    stalled = attempt.verdict.timeout_kind is TimeoutKind.STALL
    log, recipe = attempt.trial.log, attempt.recipe
    seconds = attempt.trial.outcome.duration_seconds
    slow = sum(result.duration for result in log.results) < seconds / 2
    if not stalled and not slow and log.results:
        return None
    if log.collecting and log.collecting_path:
        path = log.collecting_path
        if path in recipe.ignored:
            return None
        return changed(
            recipe,
            f"--ignore {path}: it hangs while it is collected",
            ignored=(*recipe.ignored, path),
        )
    if log.running_test is None or recipe.framework is not TestFramework.PYTEST:
        return None
    test = log.running_test.partition("[")[0]
    if not stalled and any(result.id.partition("[")[0] == test for result in log.results):
        return None  # one of many parameters, whose likes have ended: it was its turn
    path = test.partition("::")[0]
    if any(each.partition("::")[0] == path for each in recipe.deselected):
        return changed(
            recipe, f"--ignore {path}: several of its tests hang", ignored=(*recipe.ignored, path)
        )
    how = "says nothing for too long" if stalled else "takes most of the time"
    del facts
    return changed(recipe, f"--deselect {test}: it {how}", deselected=(*recipe.deselected, test))


def longer_timeout(facts: Facts, attempt: Attempt) -> Change | None:
    """A suite that was still getting on gets more time; tests marked as slow are left out.

    One that would take hours is cut down to its unit tests, where they are apart, or given up.
    """
    if attempt.verdict.timeout_kind is not TimeoutKind.LIMIT or attempt.trial is None:
        return None
    settings, recipe = facts.project.pytest, attempt.recipe
    seconds = attempt.trial.outcome.duration_seconds
    whole = _whole_suite(attempt.trial.log, seconds)
    hopeless = whole is not None and whole > LONGEST_SUITE
    unit = tuple(path for top in facts.needs.test_dirs if (path := _unit_tests(facts, top)))
    if whole is not None and hopeless and unit and unit != recipe.paths:
        return changed(
            recipe,
            f"{', '.join(unit)} alone: all tests would take about {whole / 3600:.0f} h",
            paths=unit,
        )
    if settings is not None and "slow" in settings.markers and "slow" not in recipe.markers:
        return changed(recipe, "not slow: all took too long", markers=(*recipe.markers, "slow"))
    if hopeless:
        return None
    timeout = max(seconds * 3, whole * 1.5 if whole else 0) // 60 * 60
    timeout = min(timeout, LONGEST_SUITE)
    if timeout <= max(seconds, recipe.timeout or 0):
        return None
    return changed(
        recipe, f"timeout {timeout:.0f} s: it was still getting on at its end", timeout=timeout
    )


def _whole_suite(log: TestLog, seconds: float) -> float | None:
    """Seconds of a suite that ended early, were its other tests like those that ended."""
    if not log.results or not log.collected:
        return None
    ran = sum(result.duration for result in log.results)
    return seconds - ran + ran / len(log.results) * log.collected


def _unit_tests(facts: Facts, top: str) -> str | None:
    path = posixpath.join(top, "unit")
    return path if (facts.root / path).is_dir() else None


MENDS: tuple[Callable[[Facts, Attempt], Change | None], ...] = (stalled_test, longer_timeout)
