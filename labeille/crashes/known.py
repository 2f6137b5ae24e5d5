"""Compares a crash with bugs of CPython that are known (data/known_bugs.yaml)."""

from __future__ import annotations

import functools
import importlib.resources
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml
from packaging.version import InvalidVersion, Version

from labeille.crashes.signature import without_hash

if TYPE_CHECKING:
    from collections.abc import Iterable

ISSUE_URL = "https://github.com/python/cpython/issues/{issue}"


@dataclass(frozen=True, kw_only=True)
class KnownBug:
    """A bug on CPython's tracker; ``fixed_in`` are the first releases that have the fix."""

    issue: int
    title: str
    pattern: re.Pattern[str]
    fixed_in: tuple[str, ...]
    source: str

    @property
    def url(self) -> str:
        return ISSUE_URL.format(issue=self.issue)

    def fixed_before(self, version: str) -> str | None:
        """The release of ``version``'s own minor series that had the fix already, if one had."""
        own = _parsed(version)
        if own is None:
            return None
        for text in self.fixed_in:
            fixed = _parsed(text)
            if fixed is not None and fixed.release[:2] == own.release[:2] and own >= fixed:
                return text
        return None


def known_bugs(signatures: Iterable[str]) -> list[KnownBug]:
    """The known bugs that any of these signatures may be, each once."""
    texts = [without_hash(signature) for signature in signatures]
    return [bug for bug in _all() if any(bug.pattern.fullmatch(text) for text in texts)]


@functools.cache
def _all() -> tuple[KnownBug, ...]:
    source = importlib.resources.files("labeille.crashes") / "data" / "known_bugs.yaml"
    entries: list[dict[str, Any]] = yaml.load(source.read_text("utf-8"), Loader=yaml.CSafeLoader)
    return tuple(
        KnownBug(
            issue=entry["issue"],
            title=entry["title"],
            pattern=re.compile(entry["signature"]),
            fixed_in=tuple(str(version) for version in entry["fixed_in"]),
            source=entry["source"],
        )
        for entry in entries
    )


def _parsed(text: str) -> Version | None:
    match = re.match(r"\d+(?:\.\d+)*(?:(?:a|b|rc)\d+)?", text)
    try:
        return Version(match[0]) if match else None
    except InvalidVersion:
        return None
