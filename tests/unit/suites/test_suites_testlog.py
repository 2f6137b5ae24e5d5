"""Logs whole, torn, mixed with rubbish, and long."""

from __future__ import annotations

from pathlib import Path

import pytest

from labeille.results.model import JitEvidence, TestCounts
from labeille.suites.model import TestLog, TestOutcome
from labeille.suites.testlog import read_test_log

SESSION = '{"event":"session","pid":7,"python":"3.15.2","pytest":"9.2.0"}\n'
COLLECT = '{"event":"collect-start"}\n{"event":"collect","path":"t/test_a.py"}\n'
COLLECTED = '{"event":"collect-end","tests":2}\n'
START = '{"event":"start","test":"t/test_a.py::test_x[a b]"}\n'
END = (
    '{"event":"end","test":"t/test_a.py::test_x[a b]","outcome":"failed","duration":0.5,'
    '"message":"ValueError: no","exception":"ValueError","frame":"t/test_a.py:test_x","line":7}\n'
)
FINISH = '{"event":"finish","exit_status":1,"seconds":0.1}\n'
JIT = '{"event":"jit","enabled":true,"executors":8}\n'


def read(tmp_path: Path, content: str | bytes) -> TestLog:
    path = tmp_path / "log.jsonl"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_test_log(path)


def test_a_missing_log_is_empty(tmp_path: Path) -> None:
    log = read_test_log(tmp_path / "no-such-file")
    assert log == TestLog()
    assert log.counts is None


def test_a_whole_session(tmp_path: Path) -> None:
    log = read(tmp_path, SESSION + COLLECT + COLLECTED + START + END + FINISH + JIT)
    assert (log.pid, log.collected, log.finished, log.exit_status) == (7, 2, True, 1)
    assert (log.running_test, log.collecting, log.collecting_path) == (None, False, None)
    assert log.jit == JitEvidence(enabled=True, executors=8)
    assert log.counts == TestCounts(failed=1, total=1)
    (result,) = log.results
    assert (result.outcome, result.duration) == (TestOutcome.FAILED, 0.5)
    assert result.message == "ValueError: no"
    assert (result.exception, result.frame, result.line) == ("ValueError", "t/test_a.py:test_x", 7)


@pytest.mark.parametrize(
    ("content", "collecting", "path", "running"),
    [
        (SESSION, False, None, None),
        (SESSION + '{"event":"collect-start"}\n', True, None, None),
        (SESSION + COLLECT, True, "t/test_a.py", None),
        (SESSION + COLLECT + COLLECTED, False, None, None),
        (SESSION + COLLECT + COLLECTED + START, False, None, "t/test_a.py::test_x[a b]"),
        (SESSION + START + END[:40], False, None, "t/test_a.py::test_x[a b]"),
        (SESSION + START + END, False, None, None),
        (SESSION + START + SESSION + COLLECT, True, "t/test_a.py", None),
        (SESSION + START + START.replace("test_x", "test_y"), False, None,
         "t/test_a.py::test_y[a b]"),
    ],
)  # fmt: skip
def test_a_torn_log(
    tmp_path: Path, content: str, collecting: bool, path: str | None, running: str | None
) -> None:
    log = read(tmp_path, content)
    assert not log.finished
    assert (log.collecting, log.collecting_path, log.running_test) == (collecting, path, running)


def test_sessions_add_up(tmp_path: Path) -> None:
    session = SESSION + START + END + FINISH + JIT
    log = read(tmp_path, session + session.replace('"pid":7', '"pid":8'))
    assert log.pid == 8
    assert log.counts == TestCounts(failed=2, total=2)
    assert log.failed_tests == ("t/test_a.py::test_x[a b]",)
    assert log.jit == JitEvidence(enabled=True, executors=16)


@pytest.mark.parametrize(
    ("lines", "enabled"),
    [
        ("", None),
        ('{"event":"gil","enabled":false}\n', False),
        ('{"event":"gil","enabled":true}\n', True),
    ],
)
def test_the_gil_at_the_end(tmp_path: Path, lines: str, enabled: bool | None) -> None:
    assert read(tmp_path, SESSION + FINISH + JIT + lines).gil_enabled is enabled


def test_attempts_and_tests_only_set_up_are_no_results(tmp_path: Path) -> None:
    attempt = END.replace('"failed"', "null")
    log = read(tmp_path, SESSION + START + attempt + START + END)
    assert log.counts == TestCounts(failed=1, total=1)
    assert log.running_test is None


@pytest.mark.parametrize(
    "rubbish",
    [
        b"\n",
        b"not json\n",
        b"[1, 2]\n",
        b"\xff\xfe\x00\n",
        b'{"event":"start"}\n',
        b'{"event":"start","test":3}\n',
        b'{"event":"end","test":"x","outcome":"exploded"}\n',
        b'{"event":"of a later version","what":[]}\n',
        b'{"test":"x"}\n',
    ],
)
def test_rubbish_is_passed_over(tmp_path: Path, rubbish: bytes) -> None:
    log = read(tmp_path, SESSION.encode() + rubbish + START.encode() + rubbish + END.encode())
    assert log.counts == TestCounts(failed=1, total=1)
    assert log.running_test is None


def test_the_order_of_files_and_tests_is_the_last_session_s(tmp_path: Path) -> None:
    other = '{"event":"collect","path":"t/test_b.py"}\n'
    again = START.replace("test_x", "test_y")
    log = read(
        tmp_path, SESSION + COLLECT + again + SESSION + other + COLLECT + START + END + START
    )
    assert log.files == ("t/test_b.py", "t/test_a.py")
    assert log.started == ("t/test_a.py::test_x[a b]",)
