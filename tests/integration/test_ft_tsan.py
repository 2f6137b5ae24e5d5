"""ThreadSanitizer: a race in C is found and told once; a segfault stays a crash, a failure one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from ftbatch import FtBatch, run_ft_batch, write_ft_registry

from labeille.results.freethreading import Category, IterationStatus

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.network, pytest.mark.target("tsan")]

PACKAGES = ("races-in-c", "leans-on-gil", "fails-anyway", "compatible")


@pytest.fixture(scope="module")
def sanitized(tmp_path_factory: pytest.TempPathFactory, tsan_python: Path) -> FtBatch:
    root = tmp_path_factory.mktemp("ft-tsan")
    write_ft_registry(PACKAGES, root)
    options = ("--iterations", "2", "--tsan", "--timeout", "400", "--stall-threshold", "200")
    return run_ft_batch(root, "tsan", tsan_python, *options)


def test_a_race_is_told_once_over_iterations(sanitized: FtBatch) -> None:
    record = sanitized["races-in-c"]
    assert record.category is Category.TSAN_WARNINGS, sanitized.output
    assert record.pass_count == 2
    assert record.tsan_warning_types == ("data race",)
    (report,) = (each for each in record.tsan_reports if "add_one" in each.functions)
    assert report.count >= len(report.iterations) == record.tsan_warning_iterations >= 1
    assert report.location is not None
    assert "counted" in report.location


def test_a_segfault_is_a_crash(sanitized: FtBatch) -> None:
    record = sanitized["leans-on-gil"]
    assert record.category is Category.CRASH, sanitized.output
    crashed = [each for each in record.iterations if each.status is IterationStatus.CRASH]
    assert crashed
    assert {each.crash_signal for each in crashed} == {"SIGSEGV"}


def test_an_exit_code_is_the_suites_own(sanitized: FtBatch) -> None:
    failing = sanitized["fails-anyway"]
    assert failing.category is Category.INCOMPATIBLE
    assert {each.exit_code for each in failing.iterations} == {1}
    assert sanitized["compatible"].category is Category.COMPATIBLE
