"""nox and its children end together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from labeille.supervision import parent

# What nox -j does wrong: interrupted, it waits for a session that it starts a moment later.
LATE_STARTER = """
import os, subprocess, sys, time
from labeille.supervision.parent import signals_interrupt_nox
signals_interrupt_nox()
def started(*words):
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", *words])
try:
    print(flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    time.sleep(0.2)
    worker, other = started("--parallel-worker"), started()
    code = worker.wait()
    print(code, other.poll(), flush=True)
    other.kill()
    other.wait()
    sys.exit(130)
"""

ORPHAN = """
import os, sys, time
from labeille.supervision.parent import end_with_parent
end_with_parent(int(sys.argv[1]))
print(os.getppid(), flush=True)
time.sleep(60)
"""


def start(code: str, *args: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *args],
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(Path(parent.__file__).parents[2])},
    )


@pytest.mark.parametrize("numbers", [[signal.SIGINT], [signal.SIGTERM], [2, 15, 2]])
def test_a_session_that_is_started_too_late_is_ended(numbers: list[int]) -> None:
    with start(LATE_STARTER) as process:
        assert process.stdout is not None
        process.stdout.readline()
        for number in numbers:
            process.send_signal(number)
            time.sleep(0.02)
        assert process.stdout.readline() == f"{-signal.SIGTERM} None\n"
        assert process.wait(10) == 130


def test_who_has_lost_its_parent_before_it_could_say_so_ends() -> None:
    with start(ORPHAN, "1") as process:
        assert process.wait(10) == -signal.SIGTERM


def test_who_has_its_parent_goes_on() -> None:
    with start(ORPHAN, str(os.getpid())) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"{os.getpid()}\n"
        assert process.poll() is None
        process.kill()
