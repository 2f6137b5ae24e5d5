"""The identity of a failure, and ThreadSanitizer's options."""

from __future__ import annotations

from pathlib import Path

import pytest

from labeille.campaigns.freethreading.failures import failing_thread, failure_signature
from labeille.campaigns.freethreading.tsan import read_reports, tsan_condition
from labeille.targets.model import Condition


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("AssertionError: assert 1998 == 2000", "AssertionError: assert 7 == 2000"),
        ("ValueError: at 0x7f00a1 after 1.5 s", "ValueError: at 0x7fffff after 20.25 s"),
        (
            "PytestUnhandledThreadExceptionWarning: Exception in thread Thread-3 (work)",
            "PytestUnhandledThreadExceptionWarning: Exception in thread Thread-12 (work)",
        ),
        ("IndexError: pop from [-1, 2]", "IndexError: pop from [3, 4]"),
    ],
)
def test_one_way_of_failing(one: str, other: str) -> None:
    assert failure_signature(one) == failure_signature(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("AssertionError: assert 1 == 2", "ValueError: assert 1 == 2"),
        ("KeyError: 'a'", "KeyError: 'b'"),
        ("TypeError: utf8", "TypeError: utf16"),
        (None, "AssertionError"),
    ],
)
def test_different_ways_of_failing(one: str | None, other: str | None) -> None:
    assert failure_signature(one) != failure_signature(other)


@pytest.mark.parametrize(
    ("message", "thread"),
    [
        ("X: Exception in thread Thread-3 (work)", "Thread-3 (work)"),
        ("Exception in thread feeder: boom", "feeder"),
        ("AssertionError: assert False", None),
        (None, None),
    ],
)
def test_the_thread_that_failed(message: str | None, thread: str | None) -> None:
    assert failing_thread(message) == thread


def options(text: str) -> dict[str, str]:
    return dict(word.split("=", 1) for word in text.split(" ") if "=" in word)


def test_what_decides_about_exit_codes_is_ours() -> None:
    given = Condition(name="nogil", env={"PYTHON_GIL": "0", "TSAN_OPTIONS": "exitcode=5 x=1"})
    condition = tsan_condition(given, {}, Path("/logs/3"), Path("/s/supp.txt"))
    assert condition.env["PYTHON_GIL"] == "0"
    read = options(condition.env["TSAN_OPTIONS"])  # the last of two counts
    assert read["exitcode"] == read["halt_on_error"] == read["handle_segv"] == "0"
    assert read["log_path"] == '"/logs/3/tsan"'
    assert read["suppressions"] == '"/s/supp.txt"'
    assert read["x"] == "1"


def test_a_packages_own_options_stay() -> None:
    condition = tsan_condition(
        Condition(name="nogil"), {"TSAN_OPTIONS": "suppressions=own.txt"}, Path("/logs"), None
    )
    assert options(condition.env["TSAN_OPTIONS"])["suppressions"] == "own.txt"


RACE = """\
==================
WARNING: ThreadSanitizer: data race (pid=1)
  Write of size 8 at 0x7f0b3a089168 by thread T2:
    #0 add_one /w/_ext.c:7 (_ext.so+0x11ae)

  Previous write of size 8 at 0x7f0b3a089168 by thread T1:
    #0 add_two /w/_ext.c:9 (_ext.so+0x11ae)

SUMMARY: ThreadSanitizer: data race /w/_ext.c:7 in add_one
==================
"""


def test_reports_of_every_process_are_read_once(tmp_path: Path) -> None:
    for pid in (1, 2):
        (tmp_path / f"tsan.{pid}").write_text(RACE)
    (tmp_path / "stderr.log").write_text(RACE)
    (report,) = read_reports(tmp_path, 4)
    assert (report.count, report.iterations) == (2, (4,))
