from __future__ import annotations

import signal
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from labeille.supervision.model import Ending, SupervisionError, exit_signal
from labeille.supervision.run import supervise

if TYPE_CHECKING:
    from supervision_sandbox import Sandbox

pytest_plugins = ["supervision_sandbox"]


@pytest.mark.parametrize(
    ("line", "exit_code", "number"),
    [
        ("true", 0, None),
        ("exit 3", 3, None),
        ("false | cat", 1, None),
        ("kill -SEGV $$", -11, signal.SIGSEGV),
        ("(kill -SEGV $BASHPID); exit $?", 139, signal.SIGSEGV),
        ("(kill -ABRT $BASHPID) | cat", 134, signal.SIGABRT),
        ("kill -KILL $$", -9, signal.SIGKILL),
    ],
)
def test_exit_is_reported_as_it_was(
    sandbox: Sandbox, line: str, exit_code: int, number: signal.Signals | None
) -> None:
    outcome = supervise(sandbox.shell(line))
    assert (outcome.ending, outcome.exit_code, outcome.signal) == (
        Ending.EXITED,
        exit_code,
        number,
    )
    assert outcome.leftovers == 0


@pytest.mark.parametrize(
    ("exit_code", "number"),
    [(0, None), (1, None), (128, None), (255, None), (137, signal.SIGKILL), (-6, signal.SIGABRT)],
)
def test_exit_signal(exit_code: int, number: signal.Signals | None) -> None:
    assert exit_signal(exit_code) == number


def test_streams_are_kept_apart_and_stdin_is_empty(sandbox: Sandbox) -> None:
    outcome = supervise(sandbox.shell("echo out; echo err >&2; cat; echo end"))
    assert outcome.stdout.read() == "out\nend\n"
    assert outcome.stderr.read() == "err\n"
    assert (outcome.stdout.total, outcome.stderr.total) == (8, 4)


def test_command_sees_a_fresh_process_state(sandbox: Sandbox) -> None:
    code = """
import os, resource, signal
print(os.getsid(0) == os.getpid(), os.getcwd(), sorted(map(int, os.listdir("/proc/self/fd")))[:4])
print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)
print(resource.getrlimit(resource.RLIMIT_CORE)[0], open("/proc/self/oom_score_adj").read().strip())
print(signal.pthread_sigmask(signal.SIG_BLOCK, []))
status = open("/proc/self/status").read()
print(int(status.partition("SigIgn:")[2].split()[0], 16) & ~(1 << signal.SIGPIPE - 1 | 1 << 24))
"""
    old = signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    try:
        outcome = supervise(sandbox.python(code))
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR1])
        signal.signal(signal.SIGINT, old)
    # The fourth descriptor is the listing's own.
    assert outcome.stdout.read().splitlines() == [
        f"True {sandbox.folder} [0, 1, 2, 3]",
        "True",
        "0 500",
        "set()",
        "0",
    ]


def test_relative_paths_belong_to_the_caller(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(sandbox.folder)
    Path("work").mkdir()
    command = replace(sandbox.shell("pwd"), cwd=Path("work"), stdout=Path("out"))
    supervise(command)
    assert Path("out").read_text() == f"{sandbox.folder / 'work'}\n"


def test_cpu_seconds_count_what_the_shell_reaped(sandbox: Sandbox) -> None:
    burn = "import time\\nwhile time.process_time() < 0.08: pass"
    line = f"\"{sys.executable}\" -I -S -c $'{burn}'; \"{sys.executable}\" -I -S -c $'{burn}'; :"
    outcome = supervise(sandbox.shell(line))
    assert 0.16 <= outcome.cpu_seconds < 0.5
    assert outcome.exit_code == 0


def test_max_rss_is_the_largest_process(sandbox: Sandbox) -> None:
    outcome = supervise(sandbox.python("x = b'x' * 50_000_000"))
    assert 50_000_000 < outcome.max_rss_bytes < 100_000_000


@pytest.mark.parametrize(
    ("argv", "changes", "message"),
    [
        (("no-such-program",), {}, "cannot start no-such-program: No such file or directory"),
        (("./plain.txt",), {}, "cannot start ./plain.txt: Permission denied"),
        (("./no-header",), {}, "cannot start ./no-header: Exec format error"),
        (("true\0",), {}, "its arguments or its environment are not valid"),
        ((), {}, "there is no command"),
        (("true",), {"cwd": Path("/no/such/folder")}, "cannot run true in /no/such/folder: No"),
        (("true",), {"stdout": Path("/no/such/file")}, "cannot write /no/such/file: No such file"),
        (("true",), {"stderr": Path("/")}, "cannot write /: Is a directory"),
        (("true",), {"env": {"A": "1\0"}}, "its arguments or its environment are not valid"),
    ],
)
def test_what_cannot_start_is_an_error_in_one_line(
    sandbox: Sandbox, argv: tuple[str, ...], changes: dict[str, object], message: str
) -> None:
    (sandbox.folder / "plain.txt").touch()
    (sandbox.folder / "no-header").write_text("true\n")
    (sandbox.folder / "no-header").chmod(0o755)
    with pytest.raises(SupervisionError) as caught:
        supervise(replace(sandbox.command(*argv), **changes))  # type: ignore[arg-type]
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


DAEMON = """
import os, signal, sys, time
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGABRT):
    signal.signal(number, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        print("daemon", flush=True)
        time.sleep(100)
    os._exit(0)
os.wait()
time.sleep(0.05)
"""


def test_a_daemon_that_holds_the_pipes_is_killed_and_not_waited_for(sandbox: Sandbox) -> None:
    outcome = supervise(sandbox.python(DAEMON))
    assert (outcome.ending, outcome.exit_code, outcome.leftovers) == (Ending.EXITED, 0, 1)
    assert outcome.duration_seconds < 1
    assert outcome.stdout.read() == "daemon\n"


def test_what_ends_by_itself_in_a_moment_is_no_leftover(sandbox: Sandbox) -> None:
    outcome = supervise(sandbox.shell("(sleep 0.03; echo late) & echo main"))
    assert outcome.stdout.read() == "main\nlate\n"
    assert outcome.leftovers == 0


# Each process starts the next and ends; for three seconds at most, should it ever escape.
HOPPING = """
import os, time
end = time.monotonic() + 3
while time.monotonic() < end:
    if os.fork():
        os._exit(0)
    if {leave_group}:  # for a group is killed at once
        os.setsid()
"""

STORM = """
import os, time
for _ in range(4):
    if os.fork() == 0:
        for _ in range(300):
            if os.fork() == 0:
                {inside}
        time.sleep(100)
time.sleep(0.02)
"""


@pytest.mark.parametrize(
    "code",
    [
        HOPPING.format(leave_group=False),
        HOPPING.format(leave_group=True),
        STORM.format(inside="time.sleep(100)"),
        STORM.format(inside="os.setsid(); time.sleep(100)"),
    ],
    ids=["hopping", "hopping-setsid", "storm", "storm-setsid"],
)
def test_forking_as_fast_as_can_be_does_not_help(sandbox: Sandbox, code: str) -> None:
    started = time.monotonic()
    outcome = supervise(sandbox.python(code))
    assert (outcome.ending, outcome.exit_code) == (Ending.EXITED, 0)
    assert time.monotonic() - started < 2.5


def test_threads_supervise_at_the_same_time(sandbox: Sandbox) -> None:
    outcomes = []

    def run(number: int) -> None:
        command = replace(
            sandbox.shell(f"sleep 0.1; echo {number}; exit {number}"),
            stdout=sandbox.folder / f"out-{number}",
        )
        outcomes.append(supervise(command))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcome.exit_code for outcome in outcomes) == [0, 1, 2, 3]
    assert all(outcome.stdout.read() == f"{outcome.exit_code}\n" for outcome in outcomes)
    assert max(outcome.duration_seconds for outcome in outcomes) < 0.5
