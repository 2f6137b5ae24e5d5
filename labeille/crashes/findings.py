"""One piece of crash evidence in a text, as the parsers return it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labeille.crashes.frames import CFrame, PythonFrame
    from labeille.crashes.model import CrashKind


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One block or line of evidence; ``start`` and ``end`` are line numbers, end exclusive.

    ``parts`` identify it, free of addresses, lines, pids and paths; empty for a wrapper, which says
    only by which signal a process died. ``signal`` is the one that the process dies by, None where
    the text does not say. ``structural``: it shows a crash whatever the exit code but 0.
    ``halting``: the process was over after it. ``wraps``: the kind whose last words these are.
    """

    kind: CrashKind
    start: int
    end: int
    parts: tuple[str, ...]
    detail: str
    signal: str | None = None
    python_stack: tuple[PythonFrame, ...] = ()
    c_stack: tuple[CFrame, ...] = ()
    structural: bool = True
    halting: bool = True
    wraps: CrashKind | None = None
