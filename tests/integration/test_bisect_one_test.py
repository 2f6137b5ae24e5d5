"""``labeille bisect --test``: one test of a suite that crashes, fails and hangs elsewhere too."""

from __future__ import annotations

import pytest
from histories import ABORTS, CRASHES, FINE, Lab
from workshop import Workshop

pytestmark = pytest.mark.network  # for pytest

TESTS = """\
import os
import mini_it


class TestIt:
    def test_first(self):
        pass

    def test_work(self):
        mini_it.work()


def test_noise():
    os.abort()
"""
WITHOUT = "def test_first():\n    pass\n"


@pytest.fixture
def lab(empty: Workshop) -> Lab:
    return Lab.make(
        empty,
        install_command="pip install -e . && pip install pytest",
        test_command="cd checks && python -m pytest -v .",
        test_framework="pytest",
    )


@pytest.mark.parametrize(
    "test", ["test_it.py::TestIt::test_work", "checks/test_it.py::TestIt::test_work"]
)
def test_one_test(lab: Lab, test: str) -> None:
    """By its id from where the tests are run, or from pytest's rootdir, as records have it."""
    repository = lab.repository
    pyproject = (repository.path / "pyproject.toml").read_text()
    repository.write("pyproject.toml", f"{pyproject}\n[tool.pytest.ini_options]\n")
    made = [repository.commit("Tests", **{"checks/test_it.py": WITHOUT})]
    made.append(repository.commit("More tests", **{"checks/test_it.py": TESTS}))
    made += repository.commits([FINE] * 3 + [CRASHES] * 3)
    answer = lab.bisect("--good", made[1], "--test", test)
    assert answer.done.exit_code == 0, answer.done.text
    assert answer.found["first_bad"] == made[5]
    assert "test_noise" not in answer.done.stdout
    assert "::TestIt::test_work" in answer.found["command"]
    missing = lab.bisect("--good", made[0], "--test", test)
    assert missing.done.exit_code == 2
    assert f"the good end, {made[0][:12]}, cannot be told: fail" in missing.done.stderr


def test_a_test_that_is_new(lab: Lab) -> None:
    """The crash is as old as the history; only nobody asked for it."""
    repository = lab.repository
    repository.write("mini_it/__init__.py", CRASHES)
    made = [repository.commit("Tests", **{"checks/test_it.py": WITHOUT})]
    made.append(repository.commit("A word", **{"README.md": "word"}))
    made.append(repository.commit("Ask for it", **{"checks/test_it.py": TESTS}))
    made.append(repository.commit("More words", **{"README.md": "words"}))
    answer = lab.bisect("--good", made[0])
    assert answer.found["first_bad"] == made[2]
    assert "no good commit has checks/test_it.py::TestIt::test_work" in answer.done.stdout


def test_the_test_is_over_before_another_crash(lab: Lab) -> None:
    """A commit that crashes in a test behind it is good, and no doubt is left."""
    repository = lab.repository
    quiet = TESTS.replace("os.abort()", "mini_it.other()")
    repository.write("checks/test_it.py", quiet)
    fine, aborts = "def other(): pass\n", ABORTS.replace("work", "other")
    made = repository.commits(
        [fine + FINE] * 2 + [aborts + FINE] * 2 + [fine + CRASHES, aborts + CRASHES]
    )
    answer = lab.bisect("--good", made[0])
    assert answer.found["first_bad"] == made[4]
    behind = [step for step in answer.found["steps"] if step["commit"] in made[2:4]]
    assert behind
    assert all(step["verdict"] == "good" and step["status"] == "crash" for step in behind)


def test_another_crash_before_the_test(lab: Lab) -> None:
    """What stands in the way of the suite does not in that of the one test: no doubt is left."""
    repository = lab.repository
    noise = "def test_noise(): mini_it.other()\n\ndef test_work(): mini_it.work()\n"
    repository.write("checks/test_it.py", f"import mini_it\n\n{noise}")
    fine, aborts = "def other(): pass\n", ABORTS.replace("work", "other")
    made = repository.commits(
        [fine + FINE] * 2 + [aborts + FINE] * 2 + [aborts + CRASHES] * 2 + [fine + CRASHES]
    )
    answer = lab.bisect("--good", made[0])
    assert answer.found["first_bad"] == made[4], answer.done.text
    alone = {step["commit"]: step["verdict"] for step in answer.found["steps"]}
    assert alone[made[3]] == "good"
    assert alone[made[4]] == "bad"
