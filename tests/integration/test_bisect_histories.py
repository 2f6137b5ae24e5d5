"""``labeille bisect`` over histories of a tiny package: the right commit, in few enough steps."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import pytest
from histories import (
    ABORTS,
    CRASHES,
    FAILS,
    FINE,
    HANGS,
    NO_IMPORT,
    Answer,
    Lab,
)

if TYPE_CHECKING:
    from workshop import Workshop

#: Seven of ten times it crashes.
FLAKY = (
    "def work():\n    import os, random\n"
    "    if random.SystemRandom().random() < 0.7:\n        os.abort()\n"
)
BROKEN_BACKEND = "raise RuntimeError('this commit does not build')\n"


@pytest.fixture
def lab(empty: Workshop) -> Lab:
    return Lab.make(empty)


def assert_found(answer: Answer, commit: str, *, commits: int) -> None:
    """The one commit, with its description, within the bound on steps."""
    found = answer.found
    assert answer.done.exit_code == 0, answer.done.text
    assert found["first_bad"] == commit, answer.done.text
    assert found["candidates"] == []
    assert found["author"] == "Ada Mini <ada@example.org>"
    assert found["date"].startswith("2023-1")
    assert found["subject"] in answer.done.stdout
    assert f"first bad commit: {commit}" in answer.done.stdout
    assert_bound(answer, commits)


def assert_bound(answer: Answer, commits: int) -> None:
    verdicts = [step["verdict"] for step in answer.found["steps"]]
    assert len(verdicts) <= math.log2(commits) + 2 + verdicts.count("skip"), answer.done.text
    assert answer.found["commits"] == commits


@pytest.mark.parametrize("first_bad", [1, 3, 6], ids=["first", "middle", "last"])
def test_a_linear_history(lab: Lab, first_bad: int) -> None:
    made = lab.repository.commits([FINE] * first_bad + [CRASHES] * (7 - first_bad))
    answer = lab.bisect("--good", made[0], "--bad", "main")
    assert_found(answer, made[first_bad], commits=6)
    steps = answer.found["steps"]
    assert all(
        set(step) >= {"commit", "verdict", "status", "signature", "reason"} for step in steps
    )
    assert [step["status"] for step in steps if step["verdict"] == "bad"] in (
        ["crash"] * n for n in range(4)
    )
    # One install for all: nothing but a module changes.
    assert all(step["reused"] for step in steps)


@pytest.mark.parametrize("commits", [1, 2])
def test_short_ranges(lab: Lab, commits: int) -> None:
    made = lab.repository.commits([FINE] * 3 + [CRASHES])
    answer = lab.bisect("--good", f"main~{commits}")
    assert_found(answer, made[3], commits=commits)


def test_two_hundred_commits(lab: Lab) -> None:
    made = lab.repository.commits([FINE] * 131 + [CRASHES] * 70)
    answer = lab.bisect("--good", "main~200", "--bad", "main")
    assert_found(answer, made[131], commits=200)


def test_digits_that_change_within_a_second(lab: Lab) -> None:
    """The bytecode of one commit is not the next one's, though time and size are the same."""
    made = [
        lab.repository.commit(f"Change {n}", module="", **{"mini_it/part.py": text})
        for n, text in enumerate(f"BAD = {int(n >= 5)}  # {n}\n" for n in range(9))
    ]
    answer = lab.bisect(
        *("--good", made[0], "--test-command"),
        "python -c 'import mini_it.part as p, os; p.BAD and os.abort()'",
    )
    assert_found(answer, made[5], commits=8)


def test_commits_that_do_not_build_around_the_first_bad_one(lab: Lab) -> None:
    """The answer is the range, and never one of it by guess."""
    repository = lab.repository
    made = repository.commits([FINE] * 4)
    backend = (repository.path / "backend.py").read_text()
    made.append(repository.commit("Break the build", **{"backend.py": BROKEN_BACKEND}))
    made += repository.commits([FINE, CRASHES, CRASHES + "\n"])
    made.append(repository.commit("Mend the build", **{"backend.py": backend}))
    made += repository.commits([CRASHES] * 3)
    answer = lab.bisect("--good", made[0])
    assert answer.done.exit_code == 0, answer.done.text
    assert answer.found["first_bad"] is None
    assert answer.found["candidates"] == made[4:9]
    assert_bound(answer, 11)
    skipped = [step for step in answer.found["steps"] if step["verdict"] == "skip"]
    assert {step["commit"] for step in skipped} == set(made[4:8])
    assert {step["status"] for step in skipped} == {"install_error"}
    assert "this commit does not build" in answer.done.stdout
    assert "is one of these 5, 4 of which could not be told" in answer.done.stdout


def test_commits_that_cannot_be_imported(lab: Lab) -> None:
    """They are passed over, and leave no doubt where they are none of the first bad one's."""
    made = lab.repository.commits(
        [FINE] * 3 + [NO_IMPORT] * 3 + [FINE] + [CRASHES] * 2 + [NO_IMPORT] + [CRASHES] * 2
    )
    answer = lab.bisect("--good", made[0])
    assert_found(answer, made[7], commits=11)
    skipped = [step for step in answer.found["steps"] if step["verdict"] == "skip"]
    assert skipped
    assert all("not in this commit" in step["reason"] for step in skipped)


def test_a_clean_side_branch_is_not_blamed(lab: Lab) -> None:
    repository = lab.repository
    base = repository.commit("Base")
    repository.git("checkout", "-q", "-b", "side")
    side = [repository.commit(f"Side {n}", **{f"mini_it/side{n}.py": ""}) for n in range(3)]
    repository.git("checkout", "-q", "main")
    first_bad = repository.commit("Break it", module=CRASHES)
    repository.commit("More", **{"mini_it/more.py": ""})
    repository.git("merge", "-q", "--no-ff", "--no-gpg-sign", "-m", "Merge side", "side")
    repository.commit("After", **{"mini_it/after.py": ""})
    answer = lab.bisect("--good", base, "--bad", "main")
    assert_found(answer, first_bad, commits=7)
    assert not {"bad"} & {answer.verdicts.get(commit) for commit in side}


def test_a_side_branch_that_holds_the_bug(lab: Lab) -> None:
    repository = lab.repository
    base = repository.commit("Base")
    repository.git("checkout", "-q", "-b", "side")
    repository.commit("Side", **{"mini_it/side.py": ""})
    first_bad = repository.commit("Break it", module=CRASHES)
    repository.commit("Side again", **{"mini_it/side.py": "x = 1\n"})
    repository.git("checkout", "-q", "main")
    for number in range(3):
        repository.commit(f"Main {number}", **{f"mini_it/main{number}.py": ""})
    repository.git("merge", "-q", "--no-ff", "--no-gpg-sign", "-m", "Merge side", "side")
    repository.commit("After", **{"mini_it/after.py": ""})
    answer = lab.bisect("--good", base, "--bad", "main")
    assert_found(answer, first_bad, commits=8)


def test_another_crash_in_between(lab: Lab) -> None:
    """It is neither what is looked for nor the proof that this is not there."""
    made = lab.repository.commits([FINE] * 3 + [ABORTS] * 2 + [FINE] * 2 + [CRASHES] * 4)
    answer = lab.bisect("--good", made[0])
    assert_found(answer, made[7], commits=10)
    others = [step for step in answer.found["steps"] if step["commit"] in made[3:5]]
    assert all(step["verdict"] == "skip" for step in others)
    assert all(step["reason"].startswith("another crash: ") for step in others)


def test_a_signature_that_is_asked_for(lab: Lab) -> None:
    """A part of it will do; the crash that comes before it is another one."""
    made = lab.repository.commits([FINE] * 3 + [ABORTS] * 2 + [FINE] * 2 + [CRASHES] * 4)
    answer = lab.bisect("--good", made[0], "--crash-signature", "SIGABRT", "--bad", made[4])
    assert_found(answer, made[3], commits=4)
    wrong = lab.bisect("--good", made[0], "--crash-signature", "SIGABRT")
    assert wrong.done.exit_code == 2
    assert "does not show what is looked for: crash signal:SIGSEGV" in wrong.done.stderr


def test_any_crash_at_all(lab: Lab) -> None:
    made = lab.repository.commits([FINE] * 3 + [ABORTS] * 2 + [CRASHES] * 4)
    answer = lab.bisect("--good", made[0], "--status", "crash")
    assert_found(answer, made[3], commits=8)


def test_a_flaky_crash(lab: Lab) -> None:
    made = lab.repository.commits([FINE] * 4 + [FLAKY] * 4)
    answer = lab.bisect("--good", made[0], "--repeat", "9")
    assert_found(answer, made[4], commits=7)
    good = [step for step in answer.found["steps"] if step["verdict"] == "good"]
    again = {step["commit"]: step["good_trials"] for step in good if step["commit"] == made[3]}
    assert again in ({made[3]: 18}, {})  # the one before the answer; not a step where it is an end
    assert all(step["trials"] == step["good_trials"] >= 9 for step in good)
    assert 0.99 < answer.found["confidence"] < 1
    assert re.search(r"confidence (over )?99\.\d\d%: ", answer.done.stdout)


def test_a_hang(lab: Lab) -> None:
    made = lab.repository.commits([FINE] * 3 + [HANGS] * 3)
    answer = lab.bisect("--good", made[0], "--status", "timeout", "--timeout", "2")
    assert_found(answer, made[3], commits=5)
    assert {step["status"] for step in answer.found["steps"]} == {"timeout", "pass"}


def test_a_hang_in_between(lab: Lab) -> None:
    """It keeps the suite from getting to the crash, or past it."""
    made = lab.repository.commits([FINE] * 2 + [HANGS] * 2 + [FINE] + [CRASHES] * 3)
    answer = lab.bisect("--good", made[0], "--stall-threshold", "2")
    assert_found(answer, made[5], commits=7)


def test_failing_tests(lab: Lab) -> None:
    made = lab.repository.commits([FINE] * 3 + [FAILS] * 3)
    answer = lab.bisect("--good", made[0], "--status", "fail")
    assert_found(answer, made[3], commits=5)


def test_the_newest_tag_that_passes(lab: Lab) -> None:
    """With no end named. Tags on the newest commit and on bad ones are none."""
    made = lab.repository.commits([FINE] * 5 + [CRASHES] * 3)
    for tag, commit in {"v1": made[0], "v2": made[2], "v3": made[6], "v4": made[7]}.items():
        lab.repository.git("tag", tag, commit)
    answer = lab.bisect()
    assert_found(answer, made[5], commits=5)
    assert [step["commit"] for step in answer.found["ends"]] == [made[7], made[6], made[2]]


# Ends that are none


def refused(lab: Lab, *args: str) -> str:
    answer = lab.bisect(*args)
    assert answer.done.exit_code == 2, answer.done.text
    assert len(answer.done.error_lines) == 2, answer.done.text
    assert not answer.found.get("steps")
    assert "Traceback" not in answer.done.stderr
    return answer.done.stderr


def test_ends_the_wrong_way_round(lab: Lab) -> None:
    made = lab.repository.commits([FINE] * 2 + [CRASHES] * 2)
    assert "wrong way round" in refused(lab, "--good", "main", "--bad", made[0])
    lab.repository.commits([FINE] * 2)
    said = refused(lab, "--good", made[3], "--bad", "main")
    assert said.startswith("labeille: the bad end, ")
    assert "is good: pass" in said


def test_a_good_end_that_is_bad(lab: Lab) -> None:
    made = lab.repository.commits([FINE] + [CRASHES] * 3)
    said = refused(lab, "--good", made[1], "--bad", "main")
    assert f"the good end, {made[1][:12]}, is bad: crash signal:SIGSEGV" in said


def test_ends_that_are_none(lab: Lab) -> None:
    lab.repository.commits([FINE, CRASHES])
    assert "has no revision 'v9'" in refused(lab, "--good", "v9")
    assert "has no revision 'v9'" in refused(lab, "--good", "main~1", "--bad", "v9")
    assert "has no revision '--upload-pack=x'" in refused(lab, "--good=--upload-pack=x")
    assert "both ends are " in refused(lab, "--good", "main", "--bad", "HEAD")
    assert "there are no tags before" in refused(lab)


def test_a_repository_out_of_reach(empty: Workshop) -> None:
    lab = Lab.make(empty)
    said = refused(lab, "--repo-override", "it=https://localhost:9/it.git", "--good", "v1")
    assert "localhost" in said.splitlines()[0]
    assert "--releases" in said.splitlines()[1]
