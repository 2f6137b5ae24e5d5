"""Reads which tests a verbose unittest began, from what it prints of each."""

from __future__ import annotations

import re
from itertools import zip_longest

from labeille.suites.model import TestLog

# unittest/runner.py, TextTestResult.getDescription: "test_a (pkg.mod.Class.test_a) ... ok" since
# 3.11, "test_a (pkg.mod.Class) ... ok" before; of a test with a docstring, its first line comes
# between, on a line of its own. A class or a module that cannot be set up is in brackets as well.
_BEGUN = re.compile(r"^(?P<test>\w+) \((?P<place>[\w.<>]+)\)(?P<rest>.*)$", re.MULTILINE)
_ENDED = re.compile(
    r"(?:^| \.\.\. )(?:ok|FAIL|ERROR|skipped .*|expected failure|unexpected success)$",
    re.MULTILINE,
)


def read_unittest_log(output: str) -> TestLog:
    """The tests that began, in their order, and the one that had not ended.

    ``output`` is standard error of a ``unittest -v``. Nothing is known of outcomes and durations.
    """
    begun = list(_BEGUN.finditer(output))
    started: dict[str, None] = {}
    running: str | None = None
    for match, following in zip_longest(begun, begun[1:]):
        test, place = match["test"], match["place"]
        running = place if place.endswith(f".{test}") else f"{place}.{test}"
        started[running] = None
        said = output[match.start("rest") : following.start() if following else None]
        if _ENDED.search(said):
            running = None
    return TestLog(started=tuple(started), running_test=running)


def verbose_unittest(command: str) -> bool:
    """Whether a command's unittest says of each test that it begins."""
    return re.search(r"\bunittest\b.*\s(?:-v|--verbose)\b", command) is not None


def module_of(test: str) -> str:
    """The module of a unittest's id, which ends with a class and a method."""
    return test.rsplit(".", 2)[0]
