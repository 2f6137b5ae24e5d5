from __future__ import annotations

import re
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from supervision_sandbox import Sandbox

from labeille.supervision.keeper import logged_pid
from labeille.supervision.model import MIB, Command, Ending, Limits
from labeille.supervision.run import supervise
from labeille.supervision.shell import shell_argv

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from labeille.supervision.model import Outcome

pytest_plugins = ["supervision_sandbox"]

SILENT = "import time; time.sleep(100)"
DOTS = "import time\nwhile True: print('.', end='', flush=True); time.sleep(0.05)"
WORKING_THEN_SILENT = """
import time
end = time.monotonic() + 0.8
while time.monotonic() < end:
    print(".", end="", flush=True)
time.sleep(100)
"""
WORKING_IN_SILENCE = """
import subprocess, sys
print("quiet from here", flush=True)
subprocess.run([sys.executable, "-I", "-S", "-c", "while True: pass"])
"""
IGNORING = """
import signal, time
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGABRT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
while True:
    time.sleep(100)
"""
STOPPED = "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)"
CLOSED = "import os; os.close(1); os.close(2)\n" + SILENT
GROWING = """
import time
for _ in range(5):
    time.sleep(0.1)
    with open("tests.jsonl", "a") as file:
        file.write("x")
time.sleep(100)
"""
FORKED_HOG = """
import os, time
os.fork()
data = []
while True:
    data.append(b"x" * 1_000_000)
    time.sleep(0.002)
"""
PARENT_AND_CHILD = """
import json, subprocess, sys, os
command = [sys.executable, "-I", "-S", "-X", "faulthandler", "-c", {child!r}]
child = subprocess.Popen(command, stderr=sys.stdout)  # not the parent's: both may speak at once
with open("tests.jsonl", "w") as file:
    print(json.dumps({{"pid": {pid}}}), file=file)
child.wait()
"""
CHILD = "def child():\n while True: pass\nchild()"


def plain(code: str, **limits: float) -> Callable[[Sandbox], Command]:
    return lambda box: box.python(code, limits=Limits(**limits))  # type: ignore[arg-type]


def logging(pid: str) -> Callable[[Sandbox], Command]:
    code = PARENT_AND_CHILD.format(child=CHILD, pid=pid)
    return lambda box: box.python(
        code, limits=Limits(stall_threshold=0.4, grace=0.3), pid_log=box.folder / "tests.jsonl"
    )


def behind_shell(rest: str) -> Callable[[Sandbox], Command]:
    line = f'"{sys.executable}" -I -S -X faulthandler -c "{SILENT}"{rest}'
    return lambda box: box.command(*shell_argv(line), limits=Limits(timeout=0.4))


THREADS = """
import faulthandler, sys, threading
faulthandler.register(61, file=sys.stderr, all_threads=False)
faulthandler.disable()
def stands_here(): threading.Event().wait()
def stands_there(): stands_here()
for target in (stands_here, stands_there):
    threading.Thread(target=target, daemon=True).start()
stands_here()
"""


def asking_threads(code: str) -> Callable[[Sandbox], Command]:
    return lambda box: replace(
        box.python(code, limits=Limits(stall_threshold=0.4)), stack_signal=61
    )


CASES: dict[str, Callable[[Sandbox], Command]] = {
    "growing": lambda box: box.python(
        GROWING, limits=Limits(stall_threshold=0.3), watched=(box.folder / "tests.jsonl",)
    ),
    "silent": plain(SILENT, stall_threshold=0.4),
    "dots": plain(DOTS, stall_threshold=0.4, timeout=0.6),
    "working then silent": plain(WORKING_THEN_SILENT, stall_threshold=0.4),
    "working in silence": plain(WORKING_IN_SILENCE, stall_threshold=1.0),
    "ignoring": plain(IGNORING, stall_threshold=0.3, grace=0.2),
    "no grace": plain(IGNORING, timeout=0.2, grace=0),
    "stopped": plain(STOPPED, timeout=0.3, grace=5),
    "closed": plain(CLOSED, stall_threshold=0.3),
    "logs parent": logging("os.getpid()"),
    "logs child": logging("child.pid"),
    "logs another": logging("os.getppid()"),  # the keeper
    "asked threads": asking_threads(THREADS),
    "asked, without an answer": asking_threads(SILENT),
    "alone in shell": behind_shell(""),
    "first in shell": behind_shell("; echo after"),
    "piped in shell": behind_shell(" 2>&1 | cat"),
}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Outcome]]:
    """What came of CASES, which ran side by side: most of their time is waiting."""
    boxes = {name: Sandbox(tmp_path_factory.mktemp("case")) for name in CASES}
    with ThreadPoolExecutor(7) as pool:
        futures = {name: pool.submit(supervise, CASES[name](box)) for name, box in boxes.items()}
    yield {name: future.result() for name, future in futures.items()}
    assert [box.processes() for box in boxes.values()] == [[]] * len(boxes)


@pytest.mark.parametrize(
    ("name", "ending", "seconds", "exit_code"),
    [
        ("silent", Ending.STALL, 0.4, -6),
        ("dots", Ending.LIMIT, 0.6, -6),
        ("ignoring", Ending.STALL, 0.5, -9),
        ("no grace", Ending.LIMIT, 0.2, -9),
        ("stopped", Ending.LIMIT, 0.3, -6),
        ("closed", Ending.STALL, 0.3, -6),
        ("growing", Ending.STALL, 0.8, -6),
        ("alone in shell", Ending.LIMIT, 0.4, -6),
        ("first in shell", Ending.LIMIT, 0.4, 0),
        ("piped in shell", Ending.LIMIT, 0.4, 134),
    ],
)
def test_bounds_end_it_in_time(
    outcomes: Mapping[str, Outcome], name: str, ending: Ending, seconds: float, exit_code: int
) -> None:
    outcome = outcomes[name]
    assert (outcome.ending, outcome.exit_code) == (ending, exit_code)
    assert seconds <= outcome.duration_seconds < seconds + 1.5


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [("working then silent", 0.0, 0.04), ("silent", 0.0, 0.04), ("working in silence", 0.05, 2.0)],
)
def test_the_cpu_time_of_the_silence_alone_counts(
    outcomes: Mapping[str, Outcome], name: str, least: float, most: float
) -> None:
    outcome = outcomes[name]
    assert outcome.ending is Ending.STALL
    assert outcome.silent_cpu_share is not None
    assert least <= outcome.silent_cpu_share <= most


def test_each_thread_is_asked_for_its_stack(outcomes: Mapping[str, Outcome]) -> None:
    outcome = outcomes["asked threads"]
    stacks = outcome.stderr.read().split("Stack (most recent call first):\n")[1:]
    places = [re.findall(r" in (stands_\w+|<module>)", stack) for stack in stacks]
    assert places == [
        ["stands_here", "<module>"],
        ["stands_here"],
        ["stands_here", "stands_there"],
    ]
    assert outcome.exit_code == -6


def test_a_process_without_the_handler_is_not_asked(outcomes: Mapping[str, Outcome]) -> None:
    outcome = outcomes["asked, without an answer"]
    assert outcome.exit_code == -6  # not -61
    assert "Fatal Python error: Aborted" in outcome.stderr.read()


def test_only_a_stall_has_a_silence(outcomes: Mapping[str, Outcome]) -> None:
    assert outcomes["dots"].silent_cpu_share is None


@pytest.mark.parametrize(
    ("name", "speakers"),
    [
        ("silent", ["<module>"]),
        ("alone in shell", ["<module>"]),
        ("first in shell", ["<module>"]),
        ("piped in shell", ["<module>"]),
        ("logs parent", ["_try_wait"]),
        ("logs child", ["child"]),
        ("logs another", ["_try_wait", "child"]),
    ],
)
def test_faulthandler_speaks_in_the_test_process(
    outcomes: Mapping[str, Outcome], name: str, speakers: list[str]
) -> None:
    text = outcomes[name].stdout.read() + outcomes[name].stderr.read()
    blocks = text.split("(most recent call first):\n")[1:]
    assert sorted(block.splitlines()[0].rpartition(" in ")[2] for block in blocks) == speakers
    assert text.count("Fatal Python error: Aborted\n") == len(speakers)


@pytest.mark.parametrize(
    ("log", "pid"),
    [
        ('{"pid": 12}\n{"pid": 13}\n', 12),
        ('{"pid": 12}', 12),
        ("", None),
        ("torn", None),
        ("[]", None),
        ('{"pid": "1"}', None),
        ('{"pid": 1', None),
        ('{"id": 1}', None),
        ("\udcff", None),
        (None, None),
    ],
)
def test_pid_is_read_from_the_first_line(tmp_path: Path, log: str | None, pid: int | None) -> None:
    path = tmp_path / "tests.jsonl"
    if log is not None:
        path.write_text(log, errors="surrogateescape")
    assert logged_pid(bytes(path)) == pid


def test_memory_of_the_whole_tree_is_bounded(sandbox: Sandbox) -> None:
    limits = Limits(memory=100 * MIB, timeout=10, grace=5)
    outcome = supervise(sandbox.python(FORKED_HOG, limits=limits))
    assert (outcome.ending, outcome.exit_code) == (Ending.MEMORY, -9)
    assert outcome.max_rss_bytes < 250 * MIB
    assert outcome.duration_seconds < 3
    assert outcome.leftovers == 1
