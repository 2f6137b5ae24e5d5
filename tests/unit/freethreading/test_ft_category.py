"""The category of a package: the first rule that applies, and when no other can any more."""

from __future__ import annotations

import pytest

from labeille.campaigns.freethreading.category import Findings, can_change, categorize
from labeille.results.freethreading import Category, IterationStatus

STATUSES = {
    "P": IterationStatus.PASS,
    "F": IterationStatus.FAIL,
    "C": IterationStatus.CRASH,
    "T": IterationStatus.TIMEOUT,
    "D": IterationStatus.DEADLOCK,
    "E": IterationStatus.ERROR,
}


def findings(statuses: str, **others: bool) -> Findings:
    return Findings(statuses=tuple(STATUSES[letter] for letter in statuses), **others)


@pytest.mark.parametrize(
    ("statuses", "others", "category"),
    [
        ("", {}, Category.UNKNOWN),
        ("EE", {}, Category.UNKNOWN),
        ("PPP", {}, Category.COMPATIBLE),
        ("PEP", {}, Category.COMPATIBLE),
        ("PPP", {"gil_fallback": True}, Category.COMPATIBLE_GIL_FALLBACK),
        ("PFP", {"gil_fallback": True}, Category.INTERMITTENT),
        ("FFF", {"gil_fallback": True}, Category.INCOMPATIBLE),
        ("FTF", {}, Category.INCOMPATIBLE),
        ("TTT", {}, Category.INCOMPATIBLE),
        ("PT", {}, Category.INTERMITTENT),
        ("PPF", {}, Category.INTERMITTENT),
        ("PFC", {}, Category.CRASH),
        ("CCC", {}, Category.CRASH),
        ("PCD", {}, Category.DEADLOCK),
        ("PPP", {"tsan_warnings": True}, Category.TSAN_WARNINGS),
        ("FFF", {"tsan_warnings": True, "gil_fallback": True}, Category.TSAN_WARNINGS),
        ("PFC", {"tsan_warnings": True}, Category.CRASH),
        ("D", {"tsan_warnings": True}, Category.DEADLOCK),
        ("", {"import_ok": False}, Category.IMPORT_FAILURE),
        ("D", {"import_ok": False}, Category.IMPORT_FAILURE),
        ("D", {"install_ok": False, "import_ok": False}, Category.INSTALL_FAILURE),
    ],
)
def test_the_first_rule_counts(statuses: str, others: dict[str, bool], category: Category) -> None:
    assert categorize(findings(statuses, **others)) is category


@pytest.mark.parametrize(
    ("statuses", "remaining", "changes"),
    [
        ("", 1, True),
        ("P", 1, True),
        ("F", 3, True),
        ("PF", 1, True),  # a crash may still come
        ("PFC", 5, True),  # a deadlock may still come
        ("D", 9, False),
        ("PFCD", 1, False),
        ("PPP", 0, False),
        ("PF", 0, False),
    ],
)
def test_whether_a_category_can_change(statuses: str, remaining: int, changes: bool) -> None:
    assert can_change(findings(statuses), remaining) is changes


def test_nothing_changes_for_what_cannot_be_installed() -> None:
    assert not can_change(findings("", install_ok=False), 10)
