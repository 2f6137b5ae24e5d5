"""``labeille triage`` on the JIT target: each crash is attributed rightly, and gets its report."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from workshop import Finished, Workshop, no_process_is_left, wait_for

pytestmark = pytest.mark.target("jit")

#: A C extension, built by the package's build backend, whose function reads the null pointer.
EXTENSION = """
import pathlib, subprocess, sysconfig
source = pathlib.Path("crashing.c")
source.write_text('''
#include <Python.h>
PyObject *crash(PyObject *self, PyObject *ignored) {
    volatile int *nowhere = (volatile int *)0;
    return PyLong_FromLong(*nowhere);
}
static PyMethodDef methods[] = {{"crash", crash, METH_NOARGS, ""}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_crashing", "", -1, methods};
PyMODINIT_FUNC PyInit__crashing(void) { return PyModule_Create(&module); }
''')
target = "mini_extension/_crashing" + sysconfig.get_config_var("EXT_SUFFIX")
include = sysconfig.get_path("include")
flags = ["-shared", "-fPIC", "-g0", "-O0", f"-I{include}"]
subprocess.run(["cc", *flags, str(source), "-o", target], check=True)
"""

#: Suites by their packages' names; their functions' names keep the signatures apart. Each notes its
#: runs in a file of the workshop's.
SUITES = {
    "needs-jit": "def needs_jit():\n    if jit: os.abort()\nneeds_jit()",
    "needs-nothing": "def needs_nothing():\n    os.abort()\nneeds_nothing()",
    "extension": "from mini_extension import _crashing; _crashing.crash()",
    "other-without": (
        "def with_jit(): os.abort()\ndef without(): os.kill(os.getpid(), signal.SIGSEGV)\n"
        "with_jit() if jit else without()"
    ),
    "half": "if jit and os.urandom(1)[0] < 150: os.abort()",
}
BUILDS = {"extension": EXTENSION, "in-build": "import os; os.abort()"}
EXPECTED = {
    "needs-jit": "jit",
    "needs-nothing": "interpreter",
    "extension": "extension",
    "other-without": "unclear",
    "in-build": "interpreter",
}


def suite(workshop: Workshop, code: str) -> str:
    noted = workshop.root / "runs.txt"
    return (
        "import os, signal, faulthandler\nfaulthandler.enable()\n"
        "jit = os.environ.get('PYTHON_JIT') == '1'\n"
        f"with open({str(noted)!r}, 'a') as file: file.write('run\\n')\n{code}\n"
    )


def hunt(workshop: Workshop, python: Path, *options: str) -> Finished:
    options = ("--target-python", str(python), "--condition", "jit", "--workers", "2", *options)
    return workshop.hunt(*options).finish()


def command(workshop: Workshop, *args: str) -> list[str]:
    places = ("--work-dir", str(workshop.root / "work"), "--results-dir", str(workshop.results))
    return [sys.executable, "-m", "labeille", "triage", "r", *places, *args]


def results(workshop: Workshop) -> dict[str, dict[str, Any]]:
    """What triage.json says, by package."""
    triage = json.loads((workshop.results / "r" / "triage.json").read_text())
    return {result["package"]: result for result in triage["results"]}


def look(result: dict[str, Any], kind: str) -> dict[str, Any]:
    (found,) = [each for each in result["looks"] if each["kind"] == kind]
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="module")
def triaged(tmp_path_factory: pytest.TempPathFactory, jit_python: Path) -> Workshop:
    """Five crashes, hunted and triaged."""
    workshop = Workshop(tmp_path_factory.mktemp("triage"))
    with no_process_is_left(workshop):
        for name in EXPECTED:
            code = suite(workshop, SUITES.get(name, ""))
            workshop.add(name, code, build=BUILDS.get(name, ""))
        found = hunt(workshop, jit_python, "--installer", "uv")
        assert set(workshop.statuses().values()) == {"crash"}, found.text
        done = workshop.start(*command(workshop, "--repeat", "3")).finish(600)
        assert done.exit_code == 1, done.text
        (workshop.root / "triage.out").write_text(done.stdout)
    return workshop


@pytest.mark.parametrize(("package", "attribution"), EXPECTED.items())
def test_each_crash_is_attributed(triaged: Workshop, package: str, attribution: str) -> None:
    result = results(triaged)[package]
    assert result["attribution"] == attribution, result["reason"]
    assert result["error"] is None
    assert result["finished_at"]


def test_the_counts_are_there(triaged: Workshop) -> None:
    result = results(triaged)["needs-jit"]
    assert look(result, "found")["repeats"]["same"] == 3
    without = look(result, "nojit")
    assert without["repeats"]["runs"] >= 3
    assert without["repeats"]["same"] == 0
    assert (without["condition"], without["env"]["PYTHON_JIT"]) == ("nojit", "0")
    assert look(result, "malloc-debug")["env"]["PYTHONMALLOC"] == "debug"


def test_the_frame_of_an_extension(triaged: Workshop) -> None:
    result = results(triaged)["extension"]
    place = look(result, "found")["crashed_in"]
    assert place["function"] == "crash"
    assert "_crashing" in place["library"]
    assert "crash in _crashing, an extension" in result["reason"]


def test_other_signatures_are_counted(triaged: Workshop) -> None:
    result = results(triaged)["other-without"]
    without = look(result, "nojit")["repeats"]
    assert without["same"] == 0
    assert sum(without["signatures"].values()) == without["runs"]
    assert "with another signature" in result["reason"]


def test_a_report_for_each(triaged: Workshop) -> None:
    for package, result in results(triaged).items():
        text = (triaged.results / "r" / result["report"]).read_text()
        assert package in text
        assert "Output from running 'python -VV'" in text


def test_nothing_of_the_hunt_is_lost(triaged: Workshop) -> None:
    """Evidence and records are those of the hunt still."""
    assert set(triaged.statuses()) == set(EXPECTED)
    for record in triaged.records():
        evidence = triaged.results / "r" / record["crash"]["evidence"]
        assert record["crash_signature"] in evidence.read_text()


def test_a_second_time_nothing_is_run(triaged: Workshop) -> None:
    before = (triaged.root / "runs.txt").read_text()
    done = triaged.start(*command(triaged, "--repeat", "3")).finish(120)
    assert done.exit_code == 1, done.text
    assert done.stdout.count("known from an earlier triage") == len(EXPECTED)
    assert (triaged.root / "runs.txt").read_text() == before


def test_one_of_them(triaged: Workshop) -> None:
    signature = results(triaged)["needs-jit"]["signature"]
    for option in (
        ("--signature", signature),
        ("--signature", signature.rpartition(":")[2]),
        ("--package", "needs-jit"),
    ):
        done = triaged.start(*command(triaged, "--repeat", "3", *option)).finish(120)
        assert done.stdout.startswith(f"[1/1] needs-jit: {signature}"), done.text
    done = triaged.start(*command(triaged, "--package", "no-such")).finish(120)
    assert done.exit_code == 2, done.text
    assert "no crash of the run is 'no-such'" in done.stderr


@pytest.fixture
def jit_workshop(empty: Workshop, jit_python: Path) -> Workshop:
    empty.add("needs-jit", suite(empty, SUITES["needs-jit"]))
    found = hunt(empty, jit_python)
    assert set(empty.statuses().values()) == {"crash"}, found.text
    (empty.root / "runs.txt").unlink()
    return empty


def test_interrupted_it_goes_on_where_it_was(jit_workshop: Workshop) -> None:
    running = jit_workshop.start(*command(jit_workshop, "--repeat", "3"))
    wait_for(lambda: "without the JIT" in running.output(), running)
    running.signal(signal.SIGINT)
    interrupted = running.finish(60)
    assert interrupted.exit_code == 130, interrupted.text
    assert "goes on where this one was" in interrupted.stderr
    (kept,) = results(jit_workshop).values()
    assert kept["attribution"] is None
    assert {each["kind"] for each in kept["looks"]} >= {"found", "nojit"}
    seen = len((jit_workshop.root / "runs.txt").read_text().splitlines())
    done = jit_workshop.start(*command(jit_workshop, "--repeat", "3")).finish(600)
    assert done.exit_code == 1, done.text
    assert "as it was found" not in done.stdout
    (result,) = results(jit_workshop).values()
    assert result["attribution"] == "jit"
    assert seen >= 6
    assert look(result, "found")["evidence"] == look(kept, "found")["evidence"]


def test_eager_thresholds(empty: Workshop, jit_python: Path) -> None:
    """The suite dies up to a threshold of 64, whatever compiles then."""
    code = (
        "value = int(os.environ.get('PYTHON_JIT_RESUME_INITIAL_VALUE', '4000'))\n"
        "if jit and value <= 64: os.abort()"
    )
    empty.add("eager", suite(empty, code))
    hunt(empty, jit_python, "--condition", "jit-eager:2")
    done = empty.start(*command(empty, "--repeat", "2")).finish(600)
    assert done.exit_code == 1, done.text
    result = results(empty)["eager"]
    assert result["attribution"] == "jit", result["reason"]
    assert result["thresholds"]["highest"] == 64
    assert result["thresholds"]["stock"]["same"] == 0
    tried = {rung["threshold"]: rung["repeats"]["same"] for rung in result["thresholds"]["rungs"]}
    assert tried[64] == 1
    assert tried[128] == 0
    report = (empty.results / "r" / result["report"]).read_text()
    assert "highest JIT threshold at which it came: 64" in report


def test_a_crash_that_comes_half_the_time(empty: Workshop, jit_python: Path) -> None:
    """More runs are made both ways until the counts decide, or have had their chance."""
    empty.add("half", suite(empty, SUITES["half"]))
    for _ in range(8):
        hunt(empty, jit_python)
        if empty.records()[-1]["status"] == "crash":
            break
    done = empty.start(*command(empty, "--repeat", "4")).finish(600)
    result = results(empty)["half"]
    found, without = look(result, "found")["repeats"], look(result, "nojit")["repeats"]
    assert without["same"] == 0
    assert result["attribution"] in ("jit", "unclear"), done.text
    if result["attribution"] == "unclear":
        assert found["runs"] == without["runs"] == 16


def test_also_on_another_target(empty: Workshop, jit_python: Path) -> None:
    empty.add("needs-nothing", suite(empty, SUITES["needs-nothing"]))
    hunt(empty, jit_python)
    also = ("--also-target", sys.executable)
    done = empty.start(*command(empty, "--repeat", "1", *also)).finish(600)
    result = results(empty)["needs-nothing"]
    other = look(result, "other-target")
    assert other["repeats"] is None  # it has no JIT, which the condition asks for
    assert "no JIT" in other["reason"], done.text


def test_a_run_without_a_crash(workshop: Workshop) -> None:
    workshop.hunt("--packages", "passes").finish()
    done = workshop.start(*command(workshop)).finish()
    assert (done.exit_code, done.stdout) == (0, "nothing crashed in run r\n"), done.text
