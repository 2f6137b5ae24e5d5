"""Reads test counts and failing tests from printed output, where there is no per-test log."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from labeille.registry.model import TestFramework
from labeille.results.model import TestCounts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")

# "=== 1 failed, 2 passed in 0.10s (0:00:03) ===", and without the frame under -q.
_PYTEST_LAST_LINE = re.compile(
    r"^(?:=+ )?(?P<counts>no tests ran|\d+ [a-z ]+(?:, \d+ [a-z ]+)*) "
    r"in [\d.]+ ?s(?:econds)?(?: \([\d:, a-z]+\))?(?: =+)?\s*$",
    re.MULTILINE,
)

_UNITTEST_LAST_LINES = re.compile(
    r"^-{70}\n+Ran (?P<ran>\d+) tests? in [\d.]+s\s+"
    r"(?P<verdict>OK|FAILED|NO TESTS RAN)\b(?: \((?P<counts>[^)\n]*)\))?",
    re.MULTILINE,
)

# "FAIL: test_x (mod.Case.test_x) (i=1)" below a line of "="; before 3.11 "FAIL: test_x (mod.Case)".
_UNITTEST_HEADER = re.compile(
    r"^={70}\n(?P<kind>FAIL|ERROR|UNEXPECTED SUCCESS): (?P<name>[^\n]+?) \((?P<where>[^()\n]+)\)",
    re.MULTILINE,
)

# Behind the last frame of a traceback, whose lines are indented.
_UNITTEST_MESSAGE = re.compile(
    r'^  File "[^"\n]*", line .*\n(?:[ ]+.*\n)*(?P<said>\S.*)$', re.MULTILINE
)
_END_OF_FAILURE = re.compile(r"^={70}$|^-{70}\nRan ", re.MULTILINE)
_FAILURE_LENGTH = 65536  # characters

# Erring in these is an error of no test that "Ran" counts.
_FIXTURES = frozenset({"setUpClass", "tearDownClass", "setUpModule", "tearDownModule"})


def read_summary(output: str, framework: TestFramework) -> TestCounts | None:
    """The counts of the last summary in ``output``, None where there is none.

    A suite of framework ``custom`` may print either kind of summary. The last one counts, for a
    suite that tests a test tool prints others before.
    """
    text = _plain(output)
    if framework is TestFramework.UNITTEST:
        return _unittest_counts(text)
    if framework is TestFramework.PYTEST:
        return _pytest_counts(text)
    return _pytest_counts(text) or _unittest_counts(text)


def failed_unittests(output: str) -> tuple[str, ...]:
    """Ids (``mod.Case.test``) of what unittest printed as failed, each once, in that order."""
    return tuple(dict.fromkeys(identity for _, identity in _unittest_headers(_plain(output))))


def unittest_messages(output: str) -> dict[str, str]:
    """What unittest printed of each failure: the exception's type and the first line that it says.

    By the ids of ``failed_unittests``; of a test with several failing subtests, the first.
    """
    text = _plain(output)
    messages: dict[str, str] = {}
    for header in _UNITTEST_HEADER.finditer(text):
        block = _END_OF_FAILURE.split(text[header.end() : header.end() + _FAILURE_LENGTH], 1)[0]
        said = _UNITTEST_MESSAGE.findall(block)
        if said:
            messages.setdefault(_identity(header), said[-1].strip())
    return messages


def _plain(output: str) -> str:
    return _ANSI.sub("", output).replace("\r\n", "\n")


def _pytest_counts(text: str) -> TestCounts | None:
    summaries = [match["counts"] for match in _PYTEST_LAST_LINE.finditer(text)]
    summaries = [counts for counts in summaries if "collected" not in counts]  # --collect-only
    if not summaries:
        return None
    numbers: dict[str, int] = {}
    for part in summaries[-1].split(", "):
        number, _, word = part.partition(" ")
        if number.isdigit():
            numbers[word.removesuffix("s")] = int(number)
    return _counts(
        passed=sum(numbers.get(word, 0) for word in ("passed", "xfailed", "xpassed")),
        failed=numbers.get("failed", 0),
        error=numbers.get("error", 0),
        skipped=numbers.get("skipped", 0),
    )


def _unittest_counts(text: str) -> TestCounts | None:
    blocks = list(_UNITTEST_LAST_LINES.finditer(text))
    if not blocks:
        return None
    last = blocks[-1]
    begin = blocks[-2].end() if len(blocks) > 1 else 0
    numbers = {}
    for part in (last["counts"] or "").split(", "):
        word, _, number = part.partition("=")
        numbers[word] = int(number) if number.isdigit() else 0
    failed, error = numbers.get("failures", 0), numbers.get("errors", 0)
    fixtures = 0
    headers = [item for item in _unittest_headers(text, begin) if item[0] != "UNEXPECTED SUCCESS"]
    if len(headers) == failed + error:  # all kept: then a test with ten failing subtests counts one
        failing, erring = _identities(headers, "FAIL"), _identities(headers, "ERROR")
        erring -= failing
        failed, error = len(failing), len(erring)
        fixtures = sum(identity.rpartition(".")[2] in _FIXTURES for identity in erring)
    failed += numbers.get("unexpected successes", 0)
    skipped = numbers.get("skipped", 0)
    passed = max(0, int(last["ran"]) - failed - (error - fixtures) - skipped)
    return _counts(passed=passed, failed=failed, error=error, skipped=skipped)


def _unittest_headers(text: str, begin: int = 0) -> Iterator[tuple[str, str]]:
    """Kind and id of each failure that unittest printed after ``begin``."""
    for header in _UNITTEST_HEADER.finditer(text, begin):
        yield header["kind"], _identity(header)


def _identity(header: re.Match[str]) -> str:
    name, where = header["name"], header["where"]
    known = where == name or where.endswith(f".{name}")
    return where if known else f"{where}.{name}"


def _identities(headers: Iterable[tuple[str, str]], wanted: str) -> set[str]:
    return {identity for kind, identity in headers if kind == wanted}


def _counts(*, passed: int, failed: int, error: int, skipped: int) -> TestCounts:
    total = passed + failed + error + skipped
    return TestCounts(passed=passed, failed=failed, error=error, skipped=skipped, total=total)
