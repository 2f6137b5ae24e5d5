"""Numbers for people: bytes, and counts of things."""

from __future__ import annotations


def bytes_text(size: int) -> str:
    """Bytes in MiB or GiB."""
    mib = size / 2**20
    return f"{mib:,.0f} MiB" if mib < 1024 else f"{mib / 1024:.1f} GiB"


def counted(count: int, singular: str, plural: str | None = None) -> str:
    """``1 package``, ``2,000 packages``."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"
