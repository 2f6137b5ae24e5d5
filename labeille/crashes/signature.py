"""The identity of a crash: readable, with a short hash, the same wherever the bug strikes."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from labeille.crashes.frames import JIT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labeille.crashes.frames import Telling
    from labeille.crashes.model import CrashKind

#: Frames that identify a crash; more would tell apart what is one bug.
FRAMES = 3
_LONGEST_PART = 160

_HASH = re.compile(r":([0-9a-f]{8})$")


def make_signature(kind: CrashKind, parts: Sequence[str]) -> str:
    """``kind:part|part:hash``; the hash covers the parts whole, the readable ones are cut."""
    whole = f"{kind}:{'|'.join(parts)}"
    digest = hashlib.sha256(whole.encode("utf-8", "backslashreplace")).hexdigest()[:8]
    shown = "|".join(_shown(part) for part in parts)
    return f"{kind}:{shown}:{digest}"


def signature_id(signature: str) -> str:
    """Eight hex digits that stand for a signature, in names of files and on command lines.

    Those at its end; the original's signatures have none there.
    """
    match = _HASH.search(signature)
    if match:
        return match[1]
    return hashlib.sha256(signature.encode("utf-8", "backslashreplace")).hexdigest()[:8]


def without_hash(signature: str) -> str:
    """A signature's readable part."""
    return _HASH.sub("", signature)


def _shown(part: str) -> str:
    part = " ".join(part.split())
    return part if len(part) <= _LONGEST_PART else part[: _LONGEST_PART - 3] + "..."


def signal_parts(signal: str | None, c: Telling, python: Sequence[str]) -> tuple[str, ...]:
    """What identifies a crash that left no words: its stacks, or else the bare signal.

    A C stack without symbols identifies nothing; the Python stack then does. That the crash was in
    code of the JIT is kept in front of it.
    """
    first = signal or "unknown signal"
    if c.named:
        return (first, *c.tokens[:FRAMES])
    if not python:
        return (first, *c.tokens[:FRAMES])
    in_jit = c.tokens[:1] == (JIT,)
    return (first, *((JIT,) if in_jit else ()), *python[:FRAMES])
