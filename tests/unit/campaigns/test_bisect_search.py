"""Both ends, the steps, the answer and what is kept of them, with commits that judge themselves."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from packaging.version import Version

from labeille.campaigns.bisect.confidence import confidence, miss_chance
from labeille.campaigns.bisect.errors import BisectError
from labeille.campaigns.bisect.lineage import Versions
from labeille.campaigns.bisect.notebook import Notebook
from labeille.campaigns.bisect.resume import may_mean, unfinished
from labeille.campaigns.bisect.search import Search
from labeille.campaigns.bisect.trials import Asked
from labeille.errors import Interrupted
from labeille.results.bisection import (
    Bisection,
    BisectKind,
    BisectStep,
    BisectVerdict,
    LookedFor,
    Question,
    read_bisection,
)
from labeille.results.directory import RunDirectory
from labeille.results.model import Status
from labeille.sources.releases import Release

if TYPE_CHECKING:
    from pathlib import Path

GOOD, BAD, SKIP = BisectVerdict.GOOD, BisectVerdict.BAD, BisectVerdict.SKIP
WANTED = LookedFor(status=Status.CRASH, signature="s")
STATUS = {GOOD: Status.PASS, BAD: Status.CRASH, SKIP: Status.INSTALL_ERROR}


@dataclass
class Told:
    """A judge that knows: bad from ``first_bad`` on, but for ``skipped``.

    It is interrupted behind ``patience`` verdicts.
    """

    first_bad: int
    skipped: frozenset[int] = frozenset()
    patience: int = 10**6
    asked: list[int] = field(default_factory=list)
    command: str | None = None

    def use_command(self, command: str | None) -> None:
        self.command = command

    def learn(self, item: str, asked: Asked) -> tuple[LookedFor | None, BisectStep]:
        step = self.judge(item, WANTED, repeat=asked.repeat)
        return (WANTED if step.verdict is BAD else None), step

    def judge(self, item: str, wanted: LookedFor, *, repeat: int) -> BisectStep:
        if len(self.asked) >= self.patience:
            raise Interrupted("interrupted")
        number = int(item)
        self.asked.append(number)
        verdict = SKIP if number in self.skipped else BAD if number >= self.first_bad else GOOD
        good = repeat if verdict is GOOD else 0
        bad = int(verdict is BAD)
        return BisectStep(
            commit=item, verdict=verdict, status=STATUS[verdict], trials=repeat,
            good_trials=good, bad_trials=bad,
        )  # fmt: skip


class Silence:
    """A progress that nobody reads."""

    def end_checked(self, step: BisectStep, *, is_bad_end: bool) -> None: ...
    def begins(self, wanted: LookedFor, commits: int) -> None: ...
    def step_begins(self, item: str, number: int, left: int) -> None: ...
    def confirmed(self, before: BisectStep, after: BisectStep) -> None: ...
    def step_ended(self, step: BisectStep, number: int, left: int) -> None: ...


def lineage(count: int) -> Versions:
    releases = [Release(version=Version(str(n)), filename=f"it-{n}.tar.gz") for n in range(count)]
    return Versions("it", releases)


def begun(
    run: RunDirectory, *, repeat: int = 1, good: str | None = None, bad: str | None = None
) -> Notebook:
    question = Question(package="it", kind=BisectKind.RELEASES, repeat=repeat, good=good, bad=bad)
    return Notebook(run, Bisection(question=question, run_id=run.run_id, started_at=""))


def search(
    folder: Path, told: Told, *, count: int = 200, repeat: int = 1, **ends: str
) -> Bisection:
    run = RunDirectory(folder, "bisect_1")
    notebook = begun(run, repeat=repeat, **ends)
    return Search(lineage(count), told, notebook, Asked(repeat=repeat), Silence()).run()


@pytest.mark.parametrize("first_bad", [1, 2, 77, 198, 199])
def test_the_first_bad_one(tmp_path: Path, first_bad: int) -> None:
    found = search(tmp_path, Told(first_bad), good="0", bad="199")
    assert (found.first_bad, found.candidates) == (str(first_bad), ())
    assert found.subject == f"it-{first_bad}.tar.gz"
    assert found.commits == 199
    assert [step.commit for step in found.ends] == ["199", "0"]
    assert len(found.steps) <= math.log2(199) + 2
    assert found == read_bisection(tmp_path / "bisect_1")


def test_skips_leave_a_range(tmp_path: Path) -> None:
    found = search(tmp_path, Told(50, frozenset(range(48, 53))), good="0", bad="199")
    assert found.first_bad is None
    assert found.candidates == ("48", "49", "50", "51", "52", "53")
    assert found.author is None


@pytest.mark.parametrize(("good", "bad"), [("4", "4"), ("5", "4")])
def test_an_order_that_makes_no_sense_costs_no_trial(tmp_path: Path, good: str, bad: str) -> None:
    told = Told(3)
    with pytest.raises(BisectError, match=r"wrong way round|both ends are"):
        search(tmp_path, told, good=good, bad=bad)
    assert told.asked == []


@pytest.mark.parametrize(
    ("told", "message"),
    [
        (Told(200), "the bad end, 199, is good: pass"),
        (Told(0), "the good end, 0, is bad: crash"),
        (Told(100, frozenset({0})), "the good end, 0, cannot be told: install_error"),
        (Told(100, frozenset({199})), "the bad end, 199, does not show what is looked for"),
    ],
)
def test_ends_that_are_none(tmp_path: Path, told: Told, message: str) -> None:
    with pytest.raises(BisectError, match=message) as caught:
        search(tmp_path, told, good="0", bad="199")
    assert caught.value.hint
    assert len(told.asked) <= 2


def test_a_good_end_that_nobody_named(tmp_path: Path) -> None:
    """The newest ones one by one, then ever fewer: 196, 195, 194, 193 … are bad here."""
    told = Told(150, frozenset({197}))
    found = search(tmp_path, told)
    assert found.first_bad == "150"
    ends = [int(step.commit) for step in found.ends]
    assert ends == [199, 198, 197, 196, 195, 193, 189, 181, 165, 133]
    assert len(found.steps) <= math.log2(66) + 2


def test_nothing_good_at_all(tmp_path: Path) -> None:
    with pytest.raises(BisectError, match="none of the releases before 5 is good: 4 tried"):
        search(tmp_path, Told(0), count=6, bad="5")


@pytest.mark.parametrize("patience", range(1, 10))
def test_an_interrupted_one_is_gone_on_with(tmp_path: Path, patience: int) -> None:
    """Whenever it ends, the verdicts it has are on disk, and none is asked for again."""
    skipped = frozenset({99, 100, 124})
    told = Told(120, skipped, patience)
    with pytest.raises(Interrupted):
        search(tmp_path, told, good="0", bad="199")
    run = RunDirectory(tmp_path, "bisect_1")
    kept = read_bisection(run.path)
    asked = Asked()
    again = Told(120, skipped)
    notebook = begun(run, good="0", bad="199") if kept is None else Notebook(run, kept)
    found = Search(lineage(200), again, notebook, asked, Silence()).run()
    assert found.first_bad == "120"
    known = [] if kept is None else [int(s.commit) for s in (*kept.ends, *kept.steps)]
    assert set(again.asked).isdisjoint(known)
    assert len(known) == patience
    whole = search(tmp_path / "whole", Told(120, skipped), good="0", bad="199")
    assert (found.ends, found.steps) == (whole.ends, whole.steps)


def test_what_is_gone_on_with(tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        search(tmp_path, Told(120, patience=4), good="0", bad="199")
    question = Question(package="it", kind=BisectKind.RELEASES, good="0", bad="199")
    found = unfinished(tmp_path, question)
    assert found is not None
    assert found.run_id == "bisect_1"
    search(tmp_path / "done", Told(120), good="0", bad="199")
    assert unfinished(tmp_path / "done", question) is None


def test_which_question_is_meant() -> None:
    earlier = Question(package="it", kind=BisectKind.COMMITS, good="v1", condition="jit")
    assert may_mean(Question(package="it", kind=BisectKind.COMMITS), earlier)
    assert may_mean(Question(package="it", kind=BisectKind.COMMITS, good="v1"), earlier)
    for other in (
        Question(package="it", kind=BisectKind.COMMITS, good="v2"),
        Question(package="it", kind=BisectKind.COMMITS, bad="v2"),
        Question(package="it", kind=BisectKind.RELEASES),
        Question(package="other", kind=BisectKind.COMMITS),
        Question(package="it", kind=BisectKind.COMMITS, repeat=2),
        Question(package="it", kind=BisectKind.COMMITS, env={"A": "1"}),
        Question(package="it", kind=BisectKind.COMMITS, target_id="x"),
    ):
        assert not may_mean(other, earlier)


# How sure it is


def steps(*, bad: tuple[int, int], good: int, repeat: int) -> list[BisectStep]:
    """A bad step with so many bad and good trials, and good ones with ``repeat`` trials each."""
    first = BisectStep(commit="b", verdict=BAD, bad_trials=bad[0], good_trials=bad[1])
    others = [BisectStep(commit=str(n), verdict=GOOD, good_trials=repeat) for n in range(good)]
    return [first, *others]


def test_the_chance_of_a_miss() -> None:
    """Laplace's rule: of one trial (c + 1) / (c + f + 2) are bad."""
    assert miss_chance(steps(bad=(1, 0), good=0, repeat=1), 1) == pytest.approx(1 / 3)
    assert miss_chance(steps(bad=(7, 3), good=0, repeat=1), 1) == pytest.approx(4 / 12)
    assert miss_chance(steps(bad=(7, 3), good=0, repeat=1), 2) == pytest.approx(4 / 12 * 5 / 13)


def test_confidence() -> None:
    made = steps(bad=(7, 3), good=3, repeat=10)
    assert confidence(made, []) == 1
    once = confidence(made, made[1:2])
    assert 0.99 < once < 1
    assert confidence(made, made[1:]) == pytest.approx(once**3)
    made = steps(bad=(7, 3), good=3, repeat=2)
    assert confidence(made, made[1:]) < 0.9


@dataclass
class Fooled(Told):
    """A judge that takes some bad items for good ones, the first time that it is asked."""

    fooled_by: frozenset[int] = frozenset()

    def judge(self, item: str, wanted: LookedFor, *, repeat: int) -> BisectStep:
        if int(item) in self.fooled_by - set(self.asked):
            self.asked.append(int(item))
            return BisectStep(
                commit=item, verdict=GOOD, status=Status.PASS, trials=repeat, good_trials=repeat
            )
        return super().judge(item, wanted, repeat=repeat)


@pytest.mark.parametrize("fooled_by", [{99}, {99, 49}, {99, 148, 123}], ids=str)
def test_bad_items_that_passed_for_good_ones(tmp_path: Path, fooled_by: set[int]) -> None:
    """The last of them stands next to the answer, where it is tried again; and so on."""
    told = Fooled(10, fooled_by=frozenset(fooled_by))
    found = search(tmp_path, told, good="0", bad="199", repeat=3)
    assert found.first_bad == "10"
    verdicts = {int(step.commit): step.verdict for step in found.steps}
    assert all(verdicts[number] is BAD for number in fooled_by & verdicts.keys())
    assert 99 in verdicts
    before = next(step for step in found.steps if step.commit == "9")
    assert (before.trials, before.good_trials) == (6, 6)
    assert told.asked.count(9) == 2
    assert len(found.steps) == len({step.commit for step in found.steps})
    assert found.confidence is not None
    assert found.miss is not None
    assert found.confidence == pytest.approx(1 - found.miss, abs=1e-5)


def test_a_good_end_that_is_bad_after_all(tmp_path: Path) -> None:
    with pytest.raises(BisectError, match="the good end, 0, is bad: crash"):
        search(tmp_path, Fooled(0, fooled_by=frozenset({0})), good="0", bad="9", repeat=3)


def test_an_answer_is_confirmed_once(tmp_path: Path) -> None:
    """Also where it is interrupted between the last step and that."""
    told = Told(120)
    whole = search(tmp_path / "whole", told, good="0", bad="199", repeat=4)
    for patience in (len(told.asked) - 1, len(told.asked)):
        folder = tmp_path / str(patience)
        interrupted = Told(120, patience=patience)
        try:
            search(folder, interrupted, good="0", bad="199", repeat=4)
        except Interrupted:
            run = RunDirectory(folder, "bisect_1")
            kept = read_bisection(run.path)
            assert kept is not None
            rest = Told(120)
            notebook = Notebook(run, kept)
            found = Search(lineage(200), rest, notebook, Asked(repeat=4), Silence()).run()
            assert rest.asked == told.asked[patience:] == [119]
            assert found.steps == whole.steps


def test_only_repeated_trials_have_a_confidence(tmp_path: Path) -> None:
    assert search(tmp_path / "1", Told(9), good="0", bad="20").confidence is None
    assert search(tmp_path / "5", Told(9), good="0", bad="20", repeat=5).confidence is not None
