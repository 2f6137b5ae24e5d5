"""Names of places on a page, each given once."""

from __future__ import annotations

import re

_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")


class Anchors:
    """Gives each thing of one kind an anchor of its own; the same thing always gets the same."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._given: dict[str, str] = {}
        self._taken: set[str] = set()

    def of(self, name: str) -> str:
        """The anchor of what has this name."""
        if name not in self._given:
            stem = f"{self._prefix}-{_UNFIT.sub('-', name)[:80]}"
            anchor, number = stem, 1
            while anchor in self._taken:
                number += 1
                anchor = f"{stem}-{number}"
            self._taken.add(anchor)
            self._given[name] = anchor
        return self._given[name]
