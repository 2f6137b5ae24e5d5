"""Text from elsewhere is made fit to be shown."""

from __future__ import annotations

import unicodedata
from xml.etree import ElementTree as ET

import pytest

from labeille.reports.showable import last_lines, shortened, showable, shown_line

CASES = [
    ("plain\ttext\n", "plain\ttext\n"),
    ("\x1b[1;31mred\x1b[0m", "red"),
    ("\x1b[38:2:1:2:3mcolon\x1b[m", "colon"),
    ("\x1b]0;title\x07after", "after"),
    ("\x1b]8;;file:///etc\x1b\\link\x1b]8;;\x1b\\", "link"),
    ("\x1b(Bascii", "ascii"),
    ("\x1b", "␛"),
    ("a\r\nb\rc", "a\nb\nc"),
    ("\x00\x08\x0b\x0c\x1f", "␀␈␋␌␟"),
    ("\x7f", "␡"),
    ("\x9b31m", "<U+009B>31m"),
    ("user\u202eexe.txt", "user<U+202E>exe.txt"),
    ("\u2066\u200f\u061c", "<U+2066><U+200F><U+061C>"),
    ("zero\u200bwidth\ufeff", "zero<U+200B>width<U+FEFF>"),
    ("soft\u00adhyphen", "soft<U+00AD>hyphen"),
    ("line\u2028separator", "line<U+2028>separator"),
    ("\ud800", "<U+D800>"),
    ("\ufffe\uffff", "<U+FFFE><U+FFFF>"),
    ("ünïcödé 日本語 🎉", "ünïcödé 日本語 🎉"),
    ("</script>", "</script>"),  # escaping is the page's business
]


@pytest.mark.parametrize(("text", "shown"), CASES)
def test_showable(text: str, shown: str) -> None:
    assert showable(text) == shown


def test_whatever_is_shown_is_fit_for_xml_and_turns_no_line_around() -> None:
    everything = "".join(map(chr, range(0x11000)))
    shown = showable(everything)
    ET.fromstring(f"<a>{shown.replace('&', '').replace('<', '')}</a>")
    kinds = {unicodedata.bidirectional(char) for char in shown}
    assert not kinds & {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def test_shown_line_is_one_line_and_bounded() -> None:
    assert shown_line("  a\n b\x00 ") == "a b␀"
    assert shown_line("x" * 1_000_000, 10) == "xxxxxxxxx…"


def test_a_long_line_loses_its_middle() -> None:
    assert shortened("a" * 60 + "b" * 60, 20) == f"{'a' * 10} … [100 characters] … {'b' * 10}"
    assert shortened("short", 20) == "short"


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [
        ("", 100, ""),
        ("\n\n", 100, ""),
        ("one\ntwo\n", 100, "one\ntwo"),
        ("one\ntwo\nthree\n", 9, "… 2 lines before this …\nthree"),
        ("far too long a line", 4, "far too long a line"),  # the last line is always there
    ],
)
def test_last_lines(text: str, limit: int, shown: str) -> None:
    assert last_lines(text, limit) == shown
