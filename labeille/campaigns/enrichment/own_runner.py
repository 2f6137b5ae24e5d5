"""The script that runs a suite which neither pytest nor unittest knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labeille.registry.model import TestFramework

if TYPE_CHECKING:
    from labeille.campaigns.enrichment.model import Facts

_RUNNERS = (
    "runtests.py",
    "run_tests.py",
    "tests/runtests.py",
    "tests/run_tests.py",
    "tests/__main__.py",
    "test/__main__.py",
    "tests/run.py",
    "test.py",
)


def own_runner(facts: Facts) -> str | None:
    """Where it is, from the project's folder; None where the suite is another's, or none is."""
    if facts.needs.framework is not TestFramework.CUSTOM:
        return None
    return next((name for name in _RUNNERS if (facts.root / name).is_file()), None)


def is_nobodys(facts: Facts) -> bool:
    """Whether nothing says how the files among the tests are to be run."""
    return (
        facts.needs.framework is TestFramework.CUSTOM
        and facts.project.pytest is None
        and own_runner(facts) is None
    )
