"""Log ends stay within what a page may hold."""

from __future__ import annotations

from pathlib import Path

import pytest
from report_runs import HOSTILE, LONG_LINE

from labeille.reports.page.logs import (
    LEAST,
    PAGE_BYTES,
    LogShares,
    escaped_size,
    log_end,
    text_end,
)
from labeille.reports.tones import Tone


@pytest.mark.parametrize(
    ("packages", "least"),
    [(1, 10_000), (10, 10_000), (1000, 550)],
    ids=["one", "few", "everything-crashes"],
)
def test_shares_fill_the_page_and_no_more(packages: int, least: int) -> None:
    share = LogShares([Tone.CRASH] * packages).of(Tone.CRASH)
    assert share >= least
    assert 2 * packages * share <= max(PAGE_BYTES, 20_000)


def test_every_log_keeps_its_last_words_however_many_there_are() -> None:
    assert LogShares([Tone.CRASH] * 100_000).of(Tone.GOOD) == LEAST


@pytest.mark.parametrize(
    "text",
    [LONG_LINE, "<&>\"'" * 20_000, HOSTILE * 5_000, "\x00" * 100_000, "\n" * 100_000 + "end"],
    ids=["long-line", "markup", "hostile", "control", "blank"],
)
def test_a_log_end_is_bounded_as_it_is_escaped(text: str) -> None:
    lines = text_end(text, "log", 4000)
    assert lines is not None
    assert escaped_size("\n".join(lines.lines)) <= 6000


def test_the_end_of_a_log_is_read_and_the_rest_counted(tmp_path: Path) -> None:
    log = tmp_path / "stdout.log"
    log.write_bytes(b"first\n" + b"middle\n" * 50_000 + b"\xfflast\n")
    lines = log_end(log, "Standard output", 500)
    assert lines is not None
    assert lines.lines[-1] == "\\xfflast"
    assert "first" not in lines.lines
    assert lines.note == "the end of 350,012 bytes"


@pytest.mark.parametrize("content", [b"", b"\n\n  \n"])
def test_an_empty_log_is_none(tmp_path: Path, content: bytes) -> None:
    log = tmp_path / "stderr.log"
    log.write_bytes(content)
    assert log_end(log, "Standard error", 500) is None
    assert log_end(tmp_path / "missing.log", "Standard error", 500) is None
