"""``labeille reduce``: exactly the tests that a crash needs, out of hundreds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from workshop import Finished, Workshop

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.network

INSTALL = "pip install -e . && pip install pytest"

#: State that earlier tests leave behind, by which a later one dies.
STATE = """
import os
seen = set()

def die():
    os.abort()
"""
FILES, TESTS = 6, 50
#: The two tests that have to run before, and the one that dies then, as (file, number).
NEEDED = ((1, 17), (3, 40))
DIES = (4, 25)


def suite_files(needed: tuple[tuple[int, int], ...], dies: tuple[int, int]) -> dict[str, str]:
    """Six files of fifty tests; one dies if those that it needs have run before it."""
    texts = {}
    for file in range(FILES):
        lines = ["import pytest", "from mini_state.state import die, seen", ""]
        for number in range(TESTS):
            lines.append(f"def test_{number:02}():")
            if (file, number) == dies:
                lines += [f"    if seen >= {set(needed)!r}:", "        die()"]
            elif (file, number) in needed:
                lines.append(f"    seen.add({(file, number)!r})")
            else:
                lines.append("    pass")
        texts[f"tests/test_{file}.py"] = "\n".join(lines) + "\n"
    return texts | {"mini_state/state.py": STATE}


def test_id(place: tuple[int, int]) -> str:
    return f"tests/test_{place[0]}.py::test_{place[1]:02}"


test_id.__test__ = False  # type: ignore[attr-defined]


def hunt(workshop: Workshop, files: Mapping[str, str], **fields: Any) -> dict[str, Any]:
    """Make ``files`` a package, run its suite; the record."""
    fields = {"test_command": "python -m pytest -q", "test_framework": "pytest", **fields}
    workshop.add("state", files=files, install_command=INSTALL, **fields)
    done = workshop.hunt().finish()
    (record,) = workshop.records()
    assert record["status"] == "crash", done.text
    return record


def reduce(workshop: Workshop, *args: str) -> Finished:
    argv = [sys.executable, "-m", "labeille", "reduce", "r", "state"]
    places = ("--work-dir", str(workshop.root / "work"), "--results-dir", str(workshop.results))
    return workshop.start(*argv, *places, *args).finish()


def reduction(workshop: Workshop) -> dict[str, Any]:
    path = workshop.results / "r" / "reduced" / "state.json"
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def test_two_earlier_tests_out_of_300_and_a_script(empty: Workshop) -> None:
    record = hunt(empty, suite_files(NEEDED, DIES))
    assert record["running_test"] == test_id(DIES)
    done = reduce(empty)
    assert done.exit_code == 0, done.text
    found = reduction(empty)
    assert found["tests"] == [*map(test_id, NEEDED), test_id(DIES)], done.text
    assert (found["scope"], found["smallest"], found["verified"]) == ("tests", True, True), (
        done.text
    )
    assert (found["repeats"]["same"], found["repeats"]["runs"]) == (3, 3)
    assert found["trials"] < 80
    assert found["signature"] == record["crash_signature"]
    if subprocess.run([sys.executable, "-m", "pip", "-V"], check=False).returncode == 0:
        # Once more, as a user who has the script alone.
        argv = ["bash", str(empty.results / "r" / found["script"]), str(empty.root / "by-hand")]
        env = empty.environ() | {"PIP": f"{sys.executable} -m pip"}
        assert subprocess.run(argv, env=env, check=False).returncode == 134


def test_a_test_alone(empty: Workshop) -> None:
    hunt(empty, suite_files((), (2, 3)))
    done = reduce(empty, "--no-verify")
    found = reduction(empty)
    assert found["tests"] == [test_id((2, 3))], done.text
    assert found["trials"] == 3 + 1 + 3
    assert found["before"] == 2 * TESTS + 3
    assert not found["verified"]


def test_its_own_file(empty: Workshop) -> None:
    hunt(empty, suite_files(((2, 0), (2, 1)), (2, 49)))
    done = reduce(empty, "--no-verify", "--workers", "1")
    wanted = [test_id((2, 0)), test_id((2, 1)), test_id((2, 49))]
    assert reduction(empty)["tests"] == wanted, done.text


def test_a_crash_while_tests_are_collected(empty: Workshop) -> None:
    """The file needs another one, which is imported before."""
    files = {f"tests/test_{n}.py": "def test_one(): pass\n" for n in range(8)}
    files["tests/test_2.py"] += "from mini_state.state import seen\nseen.add(2)\n"
    files["tests/test_5.py"] += "from mini_state.state import die, seen\nif seen: die()\n"
    record = hunt(empty, files | {"mini_state/state.py": STATE})
    assert record["reason"] == "while pytest collected tests/test_5.py"
    done = reduce(empty, "--no-verify")
    found = reduction(empty)
    assert found["tests"] == ["tests/test_2.py", "tests/test_5.py"], done.text
    assert found["scope"] == "files"


def test_a_crash_at_exit(empty: Workshop) -> None:
    """No test is running: whichever left something behind is found."""
    files = suite_files((), (-1, -1))
    files["tests/test_3.py"] = files["tests/test_3.py"].replace(
        "def test_07():\n    pass", "def test_07():\n    import atexit; atexit.register(die)"
    )
    hunt(empty, files)
    done = reduce(empty, "--no-verify")
    assert reduction(empty)["tests"] == [test_id((3, 7))], done.text


def test_a_flaky_crash(empty: Workshop) -> None:
    files = suite_files(((2, 5),), (2, 30))
    files["mini_state/state.py"] = STATE.replace(
        "    os.abort()", "    if os.urandom(1)[0] < 180:\n        os.abort()"
    )
    for _ in range(5):
        try:
            hunt(empty, files)
            break
        except AssertionError:
            empty = Workshop(empty.root / "again")
            empty.root.mkdir()
    done = reduce(empty, "--no-verify", "--baseline", "6", "--repeat", "8")
    found = reduction(empty)
    assert set(found["tests"]) >= {test_id((2, 5)), test_id((2, 30))}, done.text
    assert len(found["tests"]) <= 4  # each of 8 runs is missed with a probability of 0.3


def test_ids_that_a_shell_would_take_apart(empty: Workshop) -> None:
    files = {
        "mini_state/state.py": STATE,
        "tests/test_ids.py": "import pytest\nfrom mini_state.state import die, seen\n\n"
        "@pytest.mark.parametrize('text', ['a b', \"it's\", '$(x) `y`', '[z]', 'ü', 'last'])\n"
        "def test_text(text):\n"
        "    if text == 'last' and seen >= {\"it's\", '$(x) `y`'}: die()\n"
        "    seen.add(text)\n",
    }
    hunt(empty, files, test_command="cd tests && python -m pytest -q")
    done = reduce(empty, "--no-verify")
    texts = ["it's", "$(x) `y`", "last"]
    assert reduction(empty)["tests"] == [
        f"tests/test_ids.py::test_text[{text}]" for text in texts
    ], done.text


def test_the_time_is_up(empty: Workshop) -> None:
    hunt(empty, suite_files(NEEDED, DIES))
    done = reduce(empty, "--no-verify", "--max-minutes", "0.0001")
    assert done.exit_code == 0, done.text
    found = reduction(empty)
    assert not found["smallest"]
    assert "the time was up" in found["note"]
    assert set(found["tests"]) >= {*map(test_id, NEEDED), test_id(DIES)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"crash_signature": None, "status": "fail", "crash": None}, "did not crash in this run"),
        ({"crash_signature": "signal:SIGSEGV:12345678"}, "did not come again in 3 runs"),
    ],
)
def test_what_cannot_be_reduced(empty: Workshop, change: dict[str, object], message: str) -> None:
    record = hunt(empty, suite_files((), (0, 0)))
    path = empty.results / "r" / "results.jsonl"
    path.write_text(json.dumps(record | change) + "\n")
    done = reduce(empty)
    assert done.exit_code == 2, done.text
    assert message in done.error_lines[0]


def test_a_suite_whose_tests_nobody_wrote_down(workshop: Workshop) -> None:
    workshop.hunt("--packages", "crashes").finish()
    argv = [sys.executable, "-m", "labeille", "reduce", "r", "crashes"]
    places = ("--work-dir", str(workshop.root / "work"), "--results-dir", str(workshop.results))
    done = workshop.start(*argv, *places).finish()
    assert done.exit_code == 2, done.text
    assert "cannot be told apart" in done.error_lines[0]


#: Takes shrinkray's place: asks about the file, about one that does not crash, and about a smaller
#: one, which it then puts in the file's place, as shrinkray does.
SHRINKRAY = """
import pathlib, subprocess, sys
script, name = sys.argv[-2:]
file = pathlib.Path(name)

def interesting(text):
    candidate = pathlib.Path("candidate") / file.name
    candidate.parent.mkdir(exist_ok=True)
    candidate.write_text(text)
    return subprocess.run([script, str(candidate)]).returncode == 0

smaller = "from mini_state.state import die\\ndef test_03(): die()\\n"
answers = [interesting(t) for t in (file.read_text(), "def test_03(): pass\\n", "syntax", smaller)]
print("answers:", answers)
file.write_text(smaller)
"""


def test_a_test_body_goes_to_shrinkray(empty: Workshop) -> None:
    hunt(empty, suite_files((), (2, 3)))
    refused = reduce(empty, "--no-verify", "--script")
    assert refused.exit_code == 2, refused.text
    assert "shrinkray, which is not installed" in refused.error_lines[0]
    program = empty.root / "bin" / "shrinkray"
    program.parent.mkdir()
    program.write_text(f"#!{sys.executable}\n{SHRINKRAY}")
    program.chmod(0o755)
    empty.variables["PATH"] = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    done = reduce(empty, "--no-verify", "--script", "--baseline", "1")
    assert "answers: [True, False, False, True]" in done.stdout, done.text
    shrunk = empty.results / "r" / "reduced" / "state-shrunk" / "test_2.py"
    assert f"shrunk: {shrunk}" in done.stdout
    assert shrunk.read_text().startswith("from mini_state.state import die")
    assert list(empty.root.rglob("shrink-*")) == []


def test_unittests(empty: Workshop) -> None:
    """By their own words which ones ran; one of another module is needed."""
    head = (
        "import unittest\nfrom mini_state.state import die, seen\nclass Tests(unittest.TestCase):\n"
    )
    files = {"mini_state/state.py": STATE, "tests/__init__.py": ""}
    for module in "abc":
        body = [f"    def test_{number}(self): pass\n" for number in range(5)]
        if module == "a":
            body[2] = "    def test_2(self): seen.add(2)\n"
        if module == "c":
            body[4] = "    def test_4(self):\n        if seen: die()\n"
        files[f"tests/test_{module}.py"] = head + "".join(body)
    fields = {"test_command": "python -m unittest discover", "test_framework": "unittest"}
    empty.add("state", files=files, **fields)
    done = empty.hunt().finish()
    assert empty.statuses() == {"state": "crash"}, done.text
    done = reduce(empty, "--no-verify")
    wanted = ["tests.test_a.Tests.test_2", "tests.test_c.Tests.test_4"]
    assert reduction(empty)["tests"] == wanted, done.text
