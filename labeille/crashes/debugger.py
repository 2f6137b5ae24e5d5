"""Backtraces of gdb in logs from elsewhere: the signal line and its ``#0`` frames."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from labeille.crashes.findings import Finding
from labeille.crashes.model import CrashKind
from labeille.crashes.stacks import numbered_frame

if TYPE_CHECKING:
    from labeille.crashes.frames import CFrame

_SIGNAL = re.compile(
    r"(?:Program|Thread \d+ .{0,100}) (?:received|terminated with) signal "
    r"(SIG(?:SEGV|ABRT|BUS|FPE|ILL|SYS|TRAP))\b"
)
#: gdb writes threads, source lines and wrapped arguments between frames.
_BETWEEN = 20
_MAX_FRAMES = 200


def read_gdb(lines: list[str], start: int) -> Finding | None:
    """The backtrace that follows ``Program received signal SIG…``."""
    match = _SIGNAL.match(lines[start])
    if not match:
        return None
    stack: list[CFrame] = []
    end = start + 1
    foreign = 0
    for index in range(start + 1, len(lines)):
        numbered = numbered_frame(lines[index][:4096])
        if numbered and numbered[0] == len(stack) and len(stack) < _MAX_FRAMES:
            stack.append(numbered[1])
            end, foreign = index + 1, 0
            continue
        foreign += 1
        if foreign > _BETWEEN or _SIGNAL.match(lines[index]):
            break
    return Finding(
        kind=CrashKind.SIGNAL,
        start=start,
        end=end,
        parts=(),
        detail=lines[start].strip(),
        signal=match.group(1),
        c_stack=tuple(stack),
        structural=bool(stack),
    )
