from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import pytest

from labeille.errors import Interrupted
from labeille.supervision import capture as module
from labeille.supervision.cancellation import Cancellation
from labeille.supervision.capture import capture
from labeille.supervision.model import SupervisionError
from labeille.supervision.shell import shell_argv


def test_streams_and_exit_code_come_back() -> None:
    captured = capture(["sh", "-c", r"echo out; printf 'err\xff\n' >&2; exit 3"])
    assert (captured.exit_code, captured.stdout, captured.text) == (3, b"out\n", "out")
    assert captured.error_text == "err\\xff"


def test_a_signal_is_a_negative_exit_code() -> None:
    assert capture(["sh", "-c", "kill -SEGV $$"]).exit_code == -11


def test_a_cancellation_ends_a_tool_and_its_children() -> None:
    cancel = Cancellation()
    threading.Timer(0.1, cancel.cancel).start()
    started = time.monotonic()
    with pytest.raises(Interrupted, match="while sh -c"):
        capture(["sh", "-c", "trap '' TERM; sleep 60; true"], cancel=cancel)
    assert time.monotonic() - started < 5
    with pytest.raises(Interrupted):
        capture(["sleep", "60"], cancel=cancel)


def test_stdin_is_what_is_given_or_empty(tmp_path: Path) -> None:
    data = b"x" * 1_000_000
    assert capture(["cat"], stdin=data).stdout == data
    assert capture(["true"], stdin=data).exit_code == 0
    assert capture(["cat"]).stdout == b""
    assert capture(["pwd"], cwd=tmp_path).text == str(tmp_path)


def test_environment_is_the_given_one_or_the_tools_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHON_JIT", "1")
    monkeypatch.setenv("GIT_DIR", "/x")
    monkeypatch.setenv("https_proxy", "http://proxy")
    names = {line.partition("=")[0] for line in capture(["env"]).text.splitlines()}
    assert {"PATH", "HOME", "https_proxy"} <= names
    assert not {"PYTHON_JIT", "GIT_DIR"} & names
    assert capture(["/usr/bin/env"], env={"A": "1"}).text == "A=1"


def test_what_takes_too_long_is_killed_with_its_group() -> None:
    started = time.monotonic()
    with pytest.raises(SupervisionError, match=r"^sleep 100 took too long and was stopped$"):
        capture(["sleep", "100"], timeout=0.1)
    with pytest.raises(SupervisionError, match="took too long"):
        capture(["sh", "-c", "exec >/dev/null 2>&1; sleep 100; :"], timeout=0.1)
    assert time.monotonic() - started < 2


def test_a_daemon_that_keeps_the_streams_is_not_waited_for() -> None:
    started = time.monotonic()
    captured = capture(["sh", "-c", "echo one; setsid sleep 1 & echo two"])
    assert captured.stdout == b"one\ntwo\n"
    assert time.monotonic() - started < 2


def test_output_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LIMIT", 1024 * 1024)
    with pytest.raises(SupervisionError, match="prints over 1 MiB"):
        capture(["yes"])


@pytest.mark.parametrize(
    ("argv", "cwd", "message"),
    [
        (["no-such-tool"], None, "cannot start no-such-tool: No such file or directory"),
        (["true"], Path("/no/such"), "cannot run true in /no/such: it is no folder"),
        (["true\0"], None, "cannot start true\0: embedded null byte"),
    ],
)
def test_what_cannot_start_is_an_error(argv: list[str], cwd: Path | None, message: str) -> None:
    with pytest.raises(SupervisionError) as caught:
        capture(argv, cwd=cwd)
    assert str(caught.value) == message


def test_shell_passes_failures_in_a_pipe_on() -> None:
    assert capture(shell_argv("false | cat")).exit_code == 1
    assert capture(shell_argv(f'"{sys.executable}" -c "print(1)" | cat')).text == "1"
