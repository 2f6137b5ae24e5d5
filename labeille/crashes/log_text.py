"""Logs as they come: colours, carriage returns and CI timestamps are taken off before reading."""

from __future__ import annotations

import re

#: A line is read up to here; what matters stands at its start, behind at most some progress.
MAX_LINE = 8192

_ANSI = re.compile(
    r"\x1b(?:\[[0-9;:?]{0,64}[ -/]{0,4}[@-~]|\][^\x07\x1b]{0,256}(?:\x07|\x1b\\)|[()][0-9A-B])"
)
# GitHub Actions' log download, and GitLab's with its stream tag.
_TIMESTAMP = re.compile(r"\ufeff?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z (?:\d\d[OE][ +])?")
_STAMPED_SHARE = 0.8

# What pytest and unittest have written on the line when the crash text starts on it.
_PYTEST_TERSE = re.compile(r"(?:\S+\.(?:py|rst|txt|md) )?[.FEsxXpPRu,]*")
_PYTEST_VERBOSE = re.compile(r"\S+\.py::\S.* ")
_UNITTEST = re.compile(r"[\w(].*\.\.\. ?")


def clean_lines(text: str) -> list[str]:
    """Split a log into lines, without colours, carriage returns and, if on most, timestamps."""
    if "\x1b" in text:
        text = _ANSI.sub("", text)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = text.replace("\0", "")
    lines = text.split("\n")
    sample = [line for line in lines[:400] if line]
    stamped = sum(1 for line in sample if _TIMESTAMP.match(line))
    if sample and stamped >= _STAMPED_SHARE * len(sample):
        lines = [_TIMESTAMP.sub("", line, count=1) for line in lines]
    return lines


def is_progress(prefix: str) -> bool:
    """Whether nothing, or only a test runner's progress, stands before a crash text on its line.

    Anything else (indentation, a quote, pytest's "E   ") means that the text is only mentioned.
    """
    if not prefix:
        return True
    if prefix[0].isspace() or len(prefix) > MAX_LINE:
        return False
    return bool(
        _PYTEST_TERSE.fullmatch(prefix)
        or _PYTEST_VERBOSE.fullmatch(prefix)
        or _UNITTEST.fullmatch(prefix)
    )
