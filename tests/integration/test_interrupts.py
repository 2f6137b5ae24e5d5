"""Ctrl-C, SIGTERM and SIGKILL, on labeille and on nox, with suites that ignore all that asks.

On a terminal, Ctrl-C reaches the foreground process group; everything else signals one process.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from workshop import (
    AT_ONCE,
    PATIENCE,
    STUBBORN,
    Finished,
    Running,
    Workshop,
    wait_for,
)

if TYPE_CHECKING:
    from collections.abc import Callable

CTRL_C = {"number": signal.SIGINT, "group": True}
TERM = {"number": signal.SIGTERM, "group": False}
BOTH = pytest.mark.parametrize("how", [CTRL_C, TERM], ids=["ctrl-c", "sigterm"])


def hanging(workshop: Workshop, *packages: str) -> Callable[[], bool]:
    return lambda: all("hanging" in workshop.log(package) for package in packages)


def is_recorded(workshop: Workshop, package: str) -> Callable[[], bool]:
    return lambda: package in workshop.statuses()


def interrupt(running: Running, how: dict[str, int]) -> Finished:
    running.signal(how["number"], group=bool(how["group"]))
    done = running.finish(PATIENCE)
    assert done.seconds < AT_ONCE, done.text
    assert done.exit_code == 130, done.text
    assert "Traceback" not in done.stdout + done.stderr, done.text
    return done


@BOTH
def test_a_run(workshop: Workshop, how: dict[str, int]) -> None:
    running = workshop.hunt("--packages", "passes,hangs,hangs-too", "--workers", "3")
    wait_for(is_recorded(workshop, "passes"), running)
    wait_for(hanging(workshop, "hangs", "hangs-too"), running)
    done = interrupt(running, how)
    workshop.assert_nothing_lives()
    assert workshop.statuses() == {"passes": "pass"}
    assert "1 of 3 packages: 1 pass" in done.stdout
    assert done.error_lines == [
        "labeille: interrupted",
        "  hint: the same command with --skip-completed goes on with run r",
    ]


@BOTH
def test_nox(workshop: Workshop, how: dict[str, int]) -> None:
    running = workshop.nox("-s", "run-passes", "run-hangs", "run-hangs-too")
    wait_for(hanging(workshop, "hangs"), running)
    done = interrupt(running, how)
    workshop.assert_nothing_lives()
    assert workshop.statuses() == {"passes": "pass"}
    assert "the same command with --skip-completed goes on with run r" in done.stderr


@BOTH
def test_parallel_nox(workshop: Workshop, how: dict[str, int]) -> None:
    running = workshop.nox("-j", "2", "-s", "run-passes", "run-hangs", "run-hangs-too")
    wait_for(hanging(workshop, "hangs", "hangs-too"), running)
    interrupt(running, how)
    workshop.assert_nothing_lives()
    assert workshop.statuses() == {"passes": "pass"}


def test_kill_9_of_parallel_nox(workshop: Workshop) -> None:
    running = workshop.nox("-j", "2", "-s", "run-passes", "run-hangs", "run-hangs-too")
    wait_for(hanging(workshop, "hangs", "hangs-too"), running)
    running.signal(signal.SIGKILL)
    assert running.finish().exit_code == -signal.SIGKILL
    workshop.assert_nothing_lives(AT_ONCE)
    assert workshop.statuses() == {"passes": "pass"}


def test_parallel_nox_at_any_moment(workshop: Workshop) -> None:
    """Also when it is about to start a session, of which nox's own clean-up does not know yet."""
    chance = random.Random(2)
    for number in range(4):
        posargs = workshop.options(f"r{number}")
        running = workshop.nox("-j", "2", "-s", "run-passes", "run-hangs", posargs=posargs)
        wait_for(handler_of(running, signal.SIGTERM), running)
        time.sleep(chance.uniform(0, 0.4) * number)
        interrupt(running, chance.choice([CTRL_C, TERM]))
        workshop.assert_nothing_lives()


@BOTH
def test_an_impatient_user(workshop: Workshop, how: dict[str, int]) -> None:
    running = workshop.hunt("--packages", "hangs", "--workers", "1")
    wait_for(hanging(workshop, "hangs"), running)
    for _ in range(5):
        running.signal(how["number"], group=bool(how["group"]))
        time.sleep(0.02)
    interrupt(running, how)


def test_a_pipe_whose_reader_is_interrupted_too(workshop: Workshop) -> None:
    """``labeille run | tee log``: Ctrl-C ends tee as well, and the summary goes nowhere."""
    reading, writing = os.pipe()
    command = workshop.hunt_command("--packages", "passes,hangs", "--workers", "2")
    running = workshop.start(*command, stdout=writing)
    os.close(writing)
    wait_for(hanging(workshop, "hangs"), running)
    wait_for(is_recorded(workshop, "passes"), running)
    os.close(reading)
    interrupt(running, CTRL_C)
    assert workshop.statuses() == {"passes": "pass"}


def test_a_pipe_that_nobody_reads_any_more(workshop: Workshop) -> None:
    """``labeille run | head -1``: what is not run has no exit code 0."""
    reading, writing = os.pipe()
    os.close(reading)
    running = workshop.start(*workshop.hunt_command("--packages", "passes"), stdout=writing)
    os.close(writing)
    done = running.finish()
    assert done.exit_code == 130, done.text
    assert "Traceback" not in done.stderr


# Before any suite runs


def stubborn_script(path: Path, started: Path) -> Path:
    """A program that ignores what asks it to end, for ever."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\ntrap '' INT TERM HUP\n: > {started}\nwhile :; do sleep 9; done\n")
    path.chmod(0o755)
    return path


@BOTH
def test_during_an_install(empty: Workshop, how: dict[str, int]) -> None:
    started = empty.root / "started"
    build = STUBBORN.replace("print(", f"open({str(started)!r}, 'w').close(); print(")
    empty.add("slow", build=build)
    running = empty.hunt()
    wait_for(started.exists, running)
    interrupt(running, how)
    empty.assert_nothing_lives()
    assert empty.records() == []


@pytest.mark.parametrize("part", ["over the network", "on this machine"])
def test_during_a_clone(empty: Workshop, part: str) -> None:
    started = empty.root / "started"
    if part == "over the network":
        empty.add("slow", repo="ssh://git@example.invalid/slow.git")
        script = stubborn_script(empty.root / "ssh", started)
        empty.variables["GIT_SSH_COMMAND"] = str(script)
    else:
        empty.add("slow")
        script = stubborn_script(empty.root / "bin" / "git", started)
        empty.variables["PATH"] = f"{script.parent}:{os.environ['PATH']}"
    running = empty.hunt("--source", "git")
    wait_for(started.exists, running)
    interrupt(running, TERM)
    empty.assert_nothing_lives()
    assert empty.records() == []


def test_during_a_download(empty: Workshop) -> None:
    empty.add("slow")
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/simple"
        empty.variables.update(PIP_INDEX_URL=url, UV_DEFAULT_INDEX=url)
        running = empty.hunt("--source", "sdist")
        server.settimeout(PATIENCE)
        connection, _ = server.accept()  # and never say a word
        with connection:
            interrupt(running, CTRL_C)
    assert empty.records() == []


def test_while_a_target_is_probed(empty: Workshop) -> None:
    empty.add("passes")
    started = empty.root / "started"
    script = stubborn_script(empty.root / "python", started)
    running = empty.hunt("--target-python", str(script))
    wait_for(started.exists, running)
    done = interrupt(running, TERM)
    assert done.error_lines == ["labeille: interrupted"]


def test_at_any_moment_of_the_start(workshop: Workshop) -> None:
    """From the moment on that labeille's handler stands; before, Python itself has the say."""
    chance = random.Random(5)
    for _ in range(6):
        running = workshop.hunt("--packages", "passes", run_id=None)
        wait_for(handler_of(running, signal.SIGTERM), running)
        time.sleep(chance.uniform(0, 0.5))
        number = chance.choice([signal.SIGINT, signal.SIGTERM])
        running.signal(number)
        done = running.finish(PATIENCE)
        assert done.exit_code in (0, 130), done.text
        assert not done.stderr or done.error_lines[0] == "labeille: interrupted", done.text
        workshop.assert_nothing_lives()


def handler_of(running: Running, number: int) -> Callable[[], bool]:
    """Whether a command has a handler for a signal by now (proc(5), SigCgt)."""

    def stands() -> bool:
        status = Path(f"/proc/{running.process.pid}/status").read_text()
        return bool(int(status.partition("SigCgt:")[2].split()[0], 16) >> (number - 1) & 1)

    return stands
