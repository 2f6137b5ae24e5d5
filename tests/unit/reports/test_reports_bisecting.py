"""What a bisection says in the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from labeille.campaigns.bisect.lineage import Description
from labeille.reports.bisecting import found_text, steps_left
from labeille.results.bisection import (
    Bisection,
    BisectKind,
    BisectStep,
    BisectVerdict,
    LookedFor,
    Question,
)
from labeille.results.directory import RunDirectory
from labeille.results.model import Status

if TYPE_CHECKING:
    from pathlib import Path

    from labeille.campaigns.bisect.lineage import Lineage
    from labeille.campaigns.bisect.plan import BisectPlan

GOOD, BAD, SKIP = BisectVerdict.GOOD, BisectVerdict.BAD, BisectVerdict.SKIP


@dataclass
class _Wishes:
    registry_dir: None = None
    repo_overrides: tuple[str, ...] = ()


@dataclass
class _Campaign:
    wishes: _Wishes


@dataclass
class _Plan:
    """As much of a plan as the texts need."""

    run: RunDirectory
    campaign: _Campaign


class _Commits:
    """Commits with subjects that nobody would want on a terminal."""

    def describe(self, item: str) -> Description:
        return Description(shown=item, subject=f"Subject\x1b[31m of\n{item}")


def step(commit: str, verdict: BisectVerdict, **fields: object) -> BisectStep:
    status = {GOOD: Status.PASS, BAD: Status.CRASH, SKIP: Status.INSTALL_ERROR}[verdict]
    return BisectStep(commit=commit, verdict=verdict, status=status, **fields)  # type: ignore[arg-type]


def said(folder: Path, *steps: BisectStep, **fields: object) -> str:
    question = Question(package="it", kind=BisectKind.COMMITS, repeat=5)
    bisection = Bisection(
        question=question, run_id="b", started_at="", steps=steps, commits=9, **fields  # type: ignore[arg-type]
    )  # fmt: skip
    plan = _Plan(run=RunDirectory(folder, "b"), campaign=_Campaign(_Wishes()))
    return found_text(cast("BisectPlan", plan), bisection, cast("Lineage", _Commits()))


def test_a_commit(tmp_path: Path) -> None:
    text = said(
        tmp_path,
        step("a", GOOD),
        step("b", BAD),
        first_bad="b",
        author="Ada <ada@example.org>",
        date="2026-01-01",
        subject="\x1b]0;title\x07Break\u202e it",
        confidence=0.99071,
        miss=0.0047,
    )
    assert text.splitlines()[:4] == [
        "first bad commit: b",
        "  author:  Ada <ada@example.org>",
        "  date:    2026-01-01",
        "  subject: Break<U+202E> it",
    ]
    assert "confidence 99.07%" in text
    assert "2 steps (1 good, 1 bad) over 9 commits, 0 s" in text
    assert "labeille run --packages it@b --source git" in text


def test_a_range(tmp_path: Path) -> None:
    skips = [step(f"s{n}", SKIP, reason="it does not build") for n in range(99)]
    text = said(tmp_path, *skips, step("b", BAD), candidates=(*(s.commit for s in skips), "b"))
    lines = text.splitlines()
    assert lines[0] == "the first bad commit is one of these 100, 99 of which could not be told:"
    assert lines[1] == "  s0 Subject of s0 (skipped: it does not build)"
    assert lines[21] == "  … 60 more, all of them in bisect.json"
    assert lines[41] == "  b Subject of b (bad)"
    assert "\x1b" not in text
    assert "repeat:" not in text


def test_another_crash_in_the_range(tmp_path: Path) -> None:
    other = step("s", SKIP, reason="another crash: signal:SIGABRT")
    text = said(tmp_path, other, step("b", BAD), candidates=("s", "b"))
    assert "with --status crash any crash would count as bad" in text


def test_a_test_that_is_new(tmp_path: Path) -> None:
    wanted = LookedFor(status=Status.CRASH, signature="s", seen_in="t.py::t")
    good = step("a", GOOD, reason="without t.py::t")
    bad = step("b", BAD, running_test="t.py::t")
    warning = "no good commit has t.py::t"
    assert warning in said(tmp_path, good, bad, first_bad="b", looked_for=wanted)
    elsewhere = step("b", BAD, running_test="other")
    assert warning not in said(tmp_path, good, elsewhere, first_bad="b", looked_for=wanted)
    with_it = step("c", GOOD)
    assert warning not in said(tmp_path, good, with_it, bad, first_bad="b", looked_for=wanted)


def test_a_confidence_is_never_more_than_it_is(tmp_path: Path) -> None:
    for confidence, miss, words in (
        (
            0.99999,
            0.00001,
            "confidence over 99.99%: a bad commit passes as many trials as the good",
        ),
        (0.98765, 0.01235, "with a chance of 1.24%, by how often"),
        (0.98765, 0.01235, "confidence 98.76%: "),
        (0.99999, 0.00001, "with a chance of under 0.01%, by"),
    ):
        text = said(tmp_path, step("b", BAD), first_bad="b", confidence=confidence, miss=miss)
        assert words in text


def test_steps_left() -> None:
    assert [steps_left(n) for n in (1, 2, 3, 4, 5, 200)] == [0, 1, 2, 2, 3, 8]
