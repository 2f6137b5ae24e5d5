"""``labeille diff`` over packages that act differently by PYTHON_JIT: each gets its verdict."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
from minidiff import PACKAGES, UNITTEST, Differ, add_package
from workshop import Finished, Workshop

pytestmark = [pytest.mark.network, pytest.mark.target("jit")]

KEYS = ["package", "conditions", "repeat", "verdict", "tests", "executors", "findings"]
FINDING_KEYS = ["test", "verdict", "confirmed", "scope", "command", "exception"]
FLAKY_RUNS = 20


@pytest.fixture(scope="module")
def differ(tmp_path_factory: pytest.TempPathFactory, jit_python: Path) -> Differ:
    """The packages with their environments; shared, so not to be changed."""
    workshop = Workshop(tmp_path_factory.mktemp("minidiff"))
    for name, files in PACKAGES.items():
        add_package(workshop, name, files)
    workshop.add("unittest-fails", UNITTEST)
    return Differ(workshop=workshop, python=jit_python)


@pytest.fixture(scope="module")
def done(differ: Differ) -> Finished:
    """One run over all of them but the flaky one."""
    names = ",".join(name for name in (*PACKAGES, "unittest-fails") if name != "flaky")
    finished = differ.run("--conditions", "nojit,jit", "--packages", names, "--workers", "2")
    differ.workshop.assert_nothing_lives()
    return finished


@pytest.fixture(scope="module")
def lines(done: Finished, differ: Differ) -> dict[str, dict[str, Any]]:
    return differ.by_package()


def finding(line: dict[str, Any]) -> tuple[object, ...]:
    (found,) = line["findings"]
    return tuple(found[key] for key in FINDING_KEYS if key != "command")


@pytest.mark.parametrize(
    ("package", "verdict", "test", "scope", "exception"),
    [
        (
            "fails",
            "jit_failure",
            "tests/test_fails.py::test_wrong",
            "test",
            "'NoneType' object has no attribute 'get' (tests/test_fails.py:21 in test_wrong)",
        ),
        ("hangs", "jit_hang", "tests/test_hangs.py::test_hang", "test", "wait_forever"),
        ("crashes", "jit_crash", "tests/test_crashes.py::test_crash", "test", "signal:SIGSEGV|"),
        ("slower", "jit_slowdown", "tests/test_slower.py::test_slow", "test", "s with the JIT"),
        ("needs-its-file", "jit_failure", "tests/test_one.py::test_second", "file", "assert"),
        (
            "needs-the-suite",
            "jit_failure",
            "tests/test_other.py::test_corrupted",
            "suite",
            "AssertionError",
        ),
        (
            "fails-otherwise",
            "jit_failure",
            "tests/test_otherwise.py::test_raises",
            "test",
            "(tests/test_otherwise.py:16 in test_raises); without the JIT: ValueError: as ever",
        ),
        ("cannot-be-collected", "jit_failure", "tests/test_import.py", "file", "ImportError: no"),
        ("unittest-fails", "jit_failure", "(suite)", "suite", "__main__.Case.test_fails"),
    ],
)
def test_verdicts(
    lines: dict[str, dict[str, Any]],
    done: Finished,
    package: str,
    verdict: str,
    test: str,
    scope: str,
    exception: str,
) -> None:
    line = lines[package]
    assert line["verdict"] == verdict, done.text
    assert line["tests"] == {test: verdict}
    told = finding(line)
    assert told[:4] == (test, verdict, True, scope)
    assert exception in str(told[4])


def test_what_is_no_finding(lines: dict[str, dict[str, Any]], done: Finished) -> None:
    assert lines["same"]["verdict"] == "same", done.text
    assert (lines["same"]["tests"], lines["same"]["findings"]) == ({}, [])
    mixed = lines["mixed"]
    verdicts = {test.rpartition("::")[2]: verdict for test, verdict in mixed["tests"].items()}
    assert verdicts == {
        "test_broken": "broken",
        "test_fixed": "fixed_by_jit",
        "test_only_with": "broken",
    }
    assert (mixed["verdict"], mixed["findings"]) == ("fixed_by_jit", [])


def test_the_file_has_the_keys_of_its_format(lines: dict[str, dict[str, Any]]) -> None:
    for line in lines.values():
        assert list(line) == KEYS
        assert line["conditions"] == ["nojit", "jit"]
        assert line["repeat"] == 2
        assert list(line["executors"]) == ["nojit", "jit"]
        for found in line["findings"]:
            assert list(found) == FINDING_KEYS


def test_executors_are_counted(lines: dict[str, dict[str, Any]], done: Finished) -> None:
    assert lines["same"]["executors"]["nojit"] == 0
    assert lines["same"]["executors"]["jit"] > 0
    assert lines["unittest-fails"]["executors"] == {"nojit": None, "jit": None}
    assert lines["fails-otherwise"]["executors"]["jit"] > 0


def test_exit_codes(done: Finished, differ: Differ) -> None:
    assert done.exit_code == 1, done.text
    fine = differ.run("--packages", "same,mixed", run_id="fine")
    assert fine.exit_code == 0, fine.text
    assert differ.by_package("fine")["same"]["conditions"] == ["nojit", "jit", "jit-eager:63"]


def test_a_jit_that_compiled_nothing_is_told(differ: Differ) -> None:
    cold = "tests/test_mixed.py::test_broken"
    command = f"python -m pytest -p no:cacheprovider {cold}"
    done = differ.run(
        *("--packages", "mixed", "--conditions", "nojit,jit", "--repeat", "1"),
        *("--env", "PYTHON_JIT_JUMP_BACKWARD_INITIAL_VALUE=8191"),
        *("--env", "PYTHON_JIT_RESUME_INITIAL_VALUE=8191"),
        *("--test-command-override", command),
        run_id="cold",
    )
    assert done.exit_code == 0, done.text
    if differ.by_package("cold")["mixed"]["executors"]["jit"] == 0:
        assert "mixed: the JIT compiled nothing under jit" in done.stdout
    else:
        assert "compiled nothing" not in done.stdout


@pytest.mark.parametrize(
    ("package", "status"), [("fails", "fail"), ("crashes", "crash"), ("needs-the-suite", "fail")]
)
def test_commands_repeat_findings(
    lines: dict[str, dict[str, Any]], differ: Differ, package: str, status: str
) -> None:
    """As they stand, and without the JIT the same command passes."""
    (found,) = lines[package]["findings"]
    words = shlex.split(found["command"])
    assert words[:2] == ["labeille", "run"]
    for condition, expected in (("jit", status), ("nojit", "pass")):
        words[words.index("--condition") + 1] = condition
        run_id = f"repeat-{package}-{condition}"
        more = ["--results-dir", str(differ.workshop.results), "--run-id", run_id]
        done = differ.workshop.start(sys.executable, "-m", *words, *more).finish()
        (record,) = differ.workshop.records(run_id)
        assert record["status"] == expected, done.text
        assert record["install_duration_seconds"] == 0  # in the same environment
        if record["status"] != "crash":
            assert record["tests"]["total"] == (3 if package == "needs-the-suite" else 1)


def test_the_run_is_one_like_others(done: Finished, differ: Differ) -> None:
    meta = differ.meta()
    assert (meta["condition"], meta["run_id"]) == ("nojit,jit", "r")
    assert meta["finished_at"]
    records = {(r["package"], r["condition"]): r for r in differ.workshop.records()}
    assert len(records) == len(differ.workshop.records()) == 2 * len(differ.lines())
    crash = records["crashes", "jit"]
    assert crash["status"] == "crash"
    evidence = differ.workshop.results / "r" / crash["crash"]["evidence"]
    assert evidence.name == "crashes-jit.txt"
    assert "Segmentation fault" in evidence.read_text()
    assert records["crashes", "nojit"]["status"] == "pass"
    assert records["hangs", "jit"]["status"] == "timeout"
    assert records["fails", "nojit"]["env_overrides"] == {
        "PYTHONHASHSEED": "0",
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
        "PYTHON_JIT": "0",
    }


def test_the_terminal_says_it(done: Finished) -> None:
    assert "Traceback" not in done.stdout + done.stderr
    for text in (
        "jit_crash: crashes, tests/test_crashes.py::test_crash",
        "shows in the whole suite only",
        "shows in its file, not in the test alone",
        "repeat: labeille run --packages fails@",
        "11 of 11 packages: 1 jit_crash, 1 jit_hang, 6 jit_failure, 1 jit_slowdown, 1 fixed_by_jit",
    ):
        assert text in done.stdout, done.text


def test_flaky_is_never_a_finding(differ: Differ) -> None:
    """Over twenty runs, of one test that fails by chance and one that fails every second time."""
    for number in range(FLAKY_RUNS):
        run_id = f"flaky-{number}"
        workers = 1 + number % 2
        done = differ.run("--packages", "flaky", "--workers", str(workers), run_id=run_id)
        line = differ.by_package(run_id)["flaky"]
        assert (line["findings"], done.exit_code) == ([], 0), done.text
        if workers == 1:  # with two, chance decides too which condition gets which turn
            assert line["verdict"] == "flaky"
            assert line["tests"]["tests/test_flaky.py::test_by_turns"] == "flaky"


SEEDED = """
import random
from hypothesis import given, settings, strategies

settings.register_profile("own", max_examples=20, deadline=None)
settings.load_profile("own")
drawn = []

@given(strategies.lists(strategies.integers()))
def test_draw(numbers):
    drawn.append(numbers)

def test_as_before(request):
    import pathlib
    state = [len(drawn), drawn, hash("a string"), time.tzname, os.environ["LC_ALL"],
             [item.name for item in request.session.items]]
    kept = pathlib.Path(__file__).with_name("state.txt")
    if not kept.exists():
        kept.write_text(repr(state))
    assert kept.read_text() == repr(state)
    assert len(drawn) >= 20

def test_a_third(): pass
def test_another(): pass
"""


def test_all_runs_are_alike(differ: Differ) -> None:
    """The order, hypothesis's examples under the suite's own profile, hashes, time zone, locale."""
    add_package(
        differ.workshop,
        "seeded",
        {"test_seeded.py": SEEDED},
        "pytest hypothesis pytest-randomly",
    )
    done = differ.run("--packages", "seeded", "--workers", "1", run_id="seeded")
    line = differ.by_package("seeded")["seeded"]
    assert (line["verdict"], line["tests"]) == ("same", {}), done.text
    again = differ.run("--packages", "seeded", run_id="seeded-again")
    assert differ.by_package("seeded-again")["seeded"]["verdict"] == "same", again.text
