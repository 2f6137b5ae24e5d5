"""``labeille reproduce``: runs made in one place, repeated in another."""

from __future__ import annotations

import json
import shutil
import signal
import sys
from typing import Any

import pytest
from workshop import AT_ONCE, Finished, Workshop, wait_for

CRASHES = "import os; os.abort()"
#: With the JIT on, whether there is one or not: the variable is what a test can see anywhere.
CRASHES_UNDER_JIT = """
import os
if os.environ.get("PYTHON_JIT") == "1":
    os.abort()
"""


def command(workshop: Workshop, *args: str, work: str = "elsewhere") -> list[str]:
    places = ("--work-dir", str(workshop.root / work), "--results-dir", str(workshop.results))
    return [sys.executable, "-m", "labeille", args[0], *places, *args[1:]]


def reproduce(workshop: Workshop, *args: str) -> Finished:
    return workshop.start(*command(workshop, "reproduce", *args)).finish()


def records(workshop: Workshop, run_id: str = "r") -> list[dict[str, Any]]:
    """What all reproductions of a run recorded."""
    paths = sorted((workshop.results / run_id / "reproduced").glob("*/results.jsonl"))
    return [json.loads(line) for path in paths for line in path.read_text().splitlines()]


@pytest.fixture
def hunted(workshop: Workshop) -> Workshop:
    """The workshop's packages, hunted; then the registry is gone: the run is from elsewhere."""
    workshop.hunt("--timeout", "20", "--env", "MARK=here", "--packages", "crashes,fails").finish()
    for entry in (workshop.registry / "packages").iterdir():
        entry.unlink()
    return workshop


def test_a_crash_comes_again_in_a_fresh_folder(hunted: Workshop) -> None:
    done = reproduce(hunted, "r", "crashes", "--times", "2")
    assert done.exit_code == 1, done.text
    (found,) = [record for record in hunted.records() if record["package"] == "crashes"]
    again = records(hunted)
    assert [record["crash_signature"] for record in again] == [found["crash_signature"]] * 2
    for key in ("installed_dependencies", "git_revision", "env_overrides", "test_command"):
        assert again[0][key] == found[key], key
    assert again[0]["env_overrides"]["MARK"] == "here"
    assert "as recorded: source, versions, interpreter" in done.stdout
    assert f"2 of 2 with the recorded signature: {found['crash_signature']}" in done.stdout


def test_a_run_is_left_as_it_was(hunted: Workshop) -> None:
    folder = hunted.results / "r"
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    reproduce(hunted, "latest", "crashes")
    assert {path: path.read_bytes() for path in before} == before


def test_no_crash_is_exit_code_0(hunted: Workshop) -> None:
    done = reproduce(hunted, str(hunted.results / "r"), "fails")
    assert (done.exit_code, "1 of 1: fail, as recorded" in done.stdout) == (0, True), done.text


def test_another_condition_is_a_difference(empty: Workshop) -> None:
    empty.add("crashes-under-jit", CRASHES_UNDER_JIT)
    empty.hunt("--env", "PYTHON_JIT=1").finish()
    again = reproduce(empty, "r", "crashes-under-jit", "--times", "2")
    assert again.exit_code == 1, again.text
    off = reproduce(empty, "r", "crashes-under-jit", "--times", "2", "--env", "PYTHON_JIT=0")
    assert off.exit_code == 0, off.text
    assert "PYTHON_JIT=0 is set and was not" in off.stdout
    assert "0 of 2 with the recorded signature" in off.stdout
    assert "  2 pass" in off.stdout


def test_another_build_is_a_difference(hunted: Workshop) -> None:
    path = hunted.results / "r" / "run_meta.json"
    meta = json.loads(path.read_text())
    meta["target_id"] = "0" * 12
    meta["target"]["compiler"] = "GCC 1.0"
    path.write_text(json.dumps(meta))
    done = reproduce(hunted, "r", "crashes")
    assert "was 'GCC 1.0'" in done.stdout, done.text
    assert done.exit_code == 1


def test_a_crash_of_a_build_comes_again(empty: Workshop) -> None:
    empty.add("crashes-in-build", build="import os, sys; sys.stdout.flush(); os.abort()")
    empty.hunt("--installer", "uv").finish()
    (found,) = empty.records()
    assert found["crash"]["phase"] == "install", found
    done = reproduce(empty, "r", "crashes-in-build", "--times", "2", "--installer", "uv")
    assert done.exit_code == 1, done.text
    assert [record["crash_signature"] for record in records(empty)] == [
        found["crash_signature"]
    ] * 2


def test_a_shell_has_what_a_trial_has(hunted: Workshop) -> None:
    script = hunted.root / "script"
    script.write_text('echo "MARK=$MARK"; eval "$REPRODUCE"; echo "ended with $?"; exit 3\n')
    argv = command(hunted, "reproduce", "r", "crashes", "--shell")
    done = hunted.start("bash", "-c", '"$@" <script', "bash", *argv).finish()
    assert "MARK=here" in done.stdout, done.text
    assert "ended with 134" in done.stdout
    assert done.exit_code == 0


@pytest.mark.skipif(shutil.which("gdb") is None, reason="no gdb here")
def test_gdb_stops_where_it_crashes(hunted: Workshop) -> None:
    done = hunted.start(*command(hunted, "reproduce", "r", "crashes", "--gdb")).finish()
    assert "received signal SIGABRT" in done.stdout, done.text


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("nowhere", "crashes"), "there is no run 'nowhere'"),
        (("r", "unheard-of"), "run r has no record of unheard-of"),
        (("r", "../x"), "'../x' is not a package name"),
        (("r", "crashes", "--times", "0"), "--times"),
        (("r", "crashes", "--shell", "--gdb"), "do not go together"),
        (("r", "crashes", "--condition", "no-such"), "there is no condition 'no-such'"),
        (("r", "crashes", "--test", "a::b"), "no pytest and no unittest is seen"),
    ],
)
def test_what_cannot_be(hunted: Workshop, args: tuple[str, ...], message: str) -> None:
    done = reproduce(hunted, *args)
    assert done.exit_code == 2, done.text
    assert message in done.error_lines[0]
    assert len(done.error_lines) <= 2


@pytest.mark.network
def test_the_recorded_versions_are_installed(empty: Workshop) -> None:
    """Not those that an install would pick today."""
    pin = "pip install -e . && pip install six==1.16.0"
    empty.add("pinned", CRASHES, install_command=pin)
    empty.hunt().finish()
    (found,) = empty.records()
    path = empty.results / "r" / "results.jsonl"
    free = found | {"install_command": "pip install -e . && pip install six"}
    path.write_text(json.dumps(free) + "\n")
    done = reproduce(empty, "r", "pinned")
    assert "as recorded:" in done.stdout, done.text
    assert records(empty)[0]["installed_dependencies"] == found["installed_dependencies"]
    gone = free["installed_dependencies"] | {"six": "99.0"}
    path.write_text(json.dumps(free | {"installed_dependencies": gone}) + "\n")
    done = reproduce(empty, "r", "pinned")
    assert "the recorded versions cannot all be installed" in done.stdout, done.text
    assert "and was 99.0" in done.stdout
    assert done.exit_code == 1


def test_from_nox(hunted: Workshop) -> None:
    """The session fails when it crashed again, and only then."""
    places = ("--work-dir", str(hunted.root / "elsewhere"), "--results-dir", str(hunted.results))
    crashed = hunted.nox("-s", "reproduce", posargs=("r", "crashes", *places)).finish()
    assert crashed.exit_code == 1, crashed.text
    assert "1 of 1 with the recorded signature" in crashed.stdout
    failed = hunted.nox("-s", "reproduce", posargs=("r", "fails", *places)).finish()
    assert failed.exit_code == 0, failed.text
    unknown = hunted.nox("-s", "triage", posargs=("nowhere", *places)).finish()
    assert unknown.exit_code == 1, unknown.text
    assert "there is no run 'nowhere'" in unknown.stderr


def test_interrupted(workshop: Workshop) -> None:
    workshop.hunt("--packages", "hangs", "--timeout", "2").finish()
    argv = command(workshop, "reproduce", "r", "hangs", "--times", "3", "--timeout", "100")
    running = workshop.start(*argv)
    wait_for(lambda: any(workshop.results.glob("r/reproduced/*/logs/hangs/1/stdout.log")), running)
    running.signal(signal.SIGINT, group=True)
    done = running.finish(AT_ONCE * 5)
    assert done.exit_code == 130, done.text
    assert done.error_lines[0] == "labeille: interrupted"
    workshop.assert_nothing_lives(AT_ONCE)
