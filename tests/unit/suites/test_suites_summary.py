"""Summaries as real tools printed them."""

from __future__ import annotations

from pathlib import Path

import pytest

from labeille.registry.model import TestFramework
from labeille.results.model import TestCounts
from labeille.suites.summary import failed_unittests, read_summary, unittest_messages

RESOURCES = Path(__file__).parent / "resources"

RULE = "-" * 70

COLOURED = (
    "\x1b[31m= \x1b[31m\x1b[1m8 failed\x1b[0m, \x1b[32m11 passed\x1b[0m, "
    "\x1b[31m\x1b[1m4 errors\x1b[0m\x1b[31m in 0.83s\x1b[0m\x1b[31m =\x1b[0m"
)

# passed, failed, error, skipped
Numbers = tuple[int, int, int, int]


def recorded(name: str) -> str:
    return (RESOURCES / name).read_text(encoding="utf-8")


def counts(numbers: Numbers | None) -> TestCounts | None:
    if numbers is None:
        return None
    passed, failed, error, skipped = numbers
    return TestCounts(
        passed=passed, failed=failed, error=error, skipped=skipped, total=sum(numbers)
    )


@pytest.mark.parametrize(
    ("line", "numbers"),
    [
        ("8 failed, 11 passed, 3 skipped, 3 xfailed, 4 errors, 3 subtests passed in 0.71s",
         (14, 8, 4, 3)),
        ("= 8 failed, 11 passed, 2 skipped, 3 xfailed, 1 xpassed, 1 warning, 4 errors in 0.78s =",
         (15, 8, 4, 2)),
        (COLOURED, (11, 8, 4, 0)),
        ("===== 2 failed, 7 passed, 3 rerun in 1577834044.49s (18261 days, 23:14:04) =====",
         (7, 2, 0, 0)),
        ("=== 193 passed in 61.08s (0:01:01) ===", (193, 0, 0, 0)),
        ("=== 1 passed in 0.5 seconds ===", (1, 0, 0, 0)),
        ("1 failed, 24 deselected in 0.10s", (0, 1, 0, 0)),
        ("1 error in 0.12s", (0, 0, 1, 0)),
        ("============================ no tests ran in 0.16s =============================",
         (0, 0, 0, 0)),
        ("============================== 2 skipped in 0.01s ==============================",
         (0, 0, 0, 2)),
        ("=== 1 failed in 0.01s ===\n(of a pytest in a test)\n=== 3 passed in 0.01s ===",
         (3, 0, 0, 0)),
        ("=== 3 passed in 0.01s ===\r\n", (3, 0, 0, 0)),
        ("25 tests collected in 0.01s", None),
        ("we passed in 3 rounds; 3 passed, and 1 failed in 2s or so", None),
        ("", None),
    ],
)  # fmt: skip
def test_pytest(line: str, numbers: Numbers | None) -> None:
    output = f"test_x.py ..F\n{line}\n"
    assert read_summary(output, TestFramework.PYTEST) == counts(numbers)
    assert read_summary(output, TestFramework.CUSTOM) == counts(numbers)
    assert read_summary(output, TestFramework.UNITTEST) is None


@pytest.mark.parametrize(
    ("output", "numbers"),
    [
        # Ran 10: an ok, an expected failure, a failure, one with two failing subtests, an
        # unexpected success, an error, a failed import, three skipped; and setUpClass erred.
        (recorded("unittest-3.9.txt"), (2, 3, 3, 3)),
        (recorded("unittest-3.15-colour.txt"), (2, 3, 3, 3)),
        # 3.12.1 alone leaves the skipped ones out of what it ran.
        (recorded("unittest-3.12.1.txt"), (0, 3, 3, 3)),
        (f"ss\n{RULE}\nRan 2 tests in 0.000s\n\nOK (skipped=2)\n", (0, 0, 0, 2)),
        (f".\n{RULE}\nRan 1 test in 0.000s\n\nOK\n", (1, 0, 0, 0)),
        (f"\n{RULE}\nRan 0 tests in 0.000s\n\nNO TESTS RAN\n", (0, 0, 0, 0)),
        (f"ss\n{RULE}\nRan 0 tests in 0.000s\n\nNO TESTS RAN (skipped=2)\n", (0, 0, 0, 2)),
        (f"{RULE}\nRan 9 tests in 1s\n\nOK\n{RULE}\nRan 2 tests in 0.1s\n\nOK\n", (2, 0, 0, 0)),
        # The failures themselves fell out of the bounded output.
        (f"{RULE}\nRan 9 tests in 1.5s\n\nFAILED (failures=1, errors=2)\n", (6, 1, 2, 0)),
        ("..Fatal Python error: Segmentation fault\n", None),
        ("Ran 3 tests, all OK\n", None),
    ],
)
def test_unittest(output: str, numbers: Numbers | None) -> None:
    assert read_summary(output, TestFramework.UNITTEST) == counts(numbers)
    assert read_summary(output, TestFramework.CUSTOM) == counts(numbers)


@pytest.mark.parametrize(
    ("name", "failing"),
    [
        ("unittest-3.9.txt", ()),
        ("unittest-3.12.1.txt", ("test_sample.Mixed.test_xpass",)),
        ("unittest-3.15-colour.txt", ("test_sample.Mixed.test_xpass",)),
    ],
)
def test_failed_unittests(name: str, failing: tuple[str, ...]) -> None:
    assert failed_unittests(recorded(name)) == (
        "unittest.loader._FailedTest.test_noimport",
        "test_sample.Broken.setUpClass",
        "test_sample.Mixed.test_error",
        "test_sample.Mixed.test_fail",
        "test_sample.Mixed.test_sub",
        *failing,
    )
    assert failed_unittests("FAIL: test_a (mod.Case.test_a)\n") == ()  # without its frame


@pytest.mark.parametrize("name", ["unittest-messages-3.9.txt", "unittest-messages-3.12.txt"])
def test_what_unittest_says_of_failures(name: str) -> None:
    assert unittest_messages(recorded(name)) == {
        "ut.A.test_a": "AssertionError: Lists differ: [1, 2] != [1, 3]",
        "ut.A.test_b": "ValueError: two",
        "ut.A.test_c": "AssertionError: False is not true : no 0",
        "ut.A.test_d": "RuntimeError: chained",
        "ut.A.test_e": "AssertionError: None",
        "ut.B.setUpClass": "FileNotFoundError: [Errno 2] x",
    }


@pytest.mark.parametrize("text", ["", "FAIL: test_x (mod.Case.test_x)\n", "1 passed in 0.1s\n"])
def test_no_messages_without_failures(text: str) -> None:
    assert unittest_messages(text) == {}
