"""The ends of a package's logs, within what one page may hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labeille.reports.page.model import Lines
from labeille.reports.showable import last_lines
from labeille.reports.tones import Tone
from labeille.results.model import Record, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

#: Bytes of log text, escaped, that all packages of a page share: a page of 1,000 packages is to
#: stay below 5 MB, and rows, histories and facts need 3 KB a package.
PAGE_BYTES = 1_200_000
#: Bytes of one log's end that a package of each tone would have, if there were room.
WANTED = {
    Tone.CRASH: 10_000,
    Tone.WRONG: 8_000,
    Tone.HANG: 8_000,
    Tone.ERROR: 6_000,
    Tone.FAIL: 6_000,
    Tone.FLAKY: 6_000,
    Tone.SLOW: 3_000,
    Tone.UNTRIED: 5_000,
    Tone.GOOD: 900,
    Tone.PLAIN: 900,
}
#: Every log gets this much, however many there are.
LEAST = 240
#: Bytes that are read of a log; what a log line may be cut from.
_READ = 64 * 1024
#: Characters of a line before it loses its middle.
_LONGEST_LINE = 500
#: Logs that a package shows: both streams of its suite, or the log of a step that failed.
_LOGS = 2


class LogShares:
    """How much of its logs each package of a page may show."""

    def __init__(self, tones: Iterable[Tone]) -> None:
        wanted = sum(_LOGS * WANTED[tone] for tone in tones)
        self._scale = min(1.0, PAGE_BYTES / wanted) if wanted else 1.0

    def of(self, tone: Tone) -> int:
        """Bytes of each log's end for a package of this tone."""
        return max(LEAST, int(WANTED[tone] * self._scale))


def log_end(path: Path, title: str, limit: int) -> Lines | None:
    """The end of a log, as text of at most about ``limit`` bytes once it is escaped.

    None where there is no log, or nothing in it.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _READ))
            content = file.read()
    except OSError:
        return None
    return text_end(content.decode("utf-8", "backslashreplace"), title, limit, size=size)


def text_end(text: str, title: str, limit: int, *, size: int | None = None) -> Lines | None:
    """The same of a text that is kept somewhere else; ``size`` is the whole log's, in bytes."""
    shown = _fitting(text, limit)
    if not shown.strip():
        return None
    cut = size is not None and size > len(shown.encode("utf-8", "replace")) + 64
    note = f"the end of {size:,} bytes" if cut else ""
    return Lines(title=title, lines=tuple(shown.split("\n")), note=note)


def _fitting(text: str, limit: int) -> str:
    """The last lines of a text; fewer of them where escaping makes them long."""
    longest = min(_LONGEST_LINE, max(80, limit // 3))
    shown = last_lines(text, limit, longest=longest)
    for _ in range(3):
        over = escaped_size(shown) - limit
        if over <= limit // 10:
            break
        room = max(1, int(len(shown) * limit / (limit + over)))
        shown = last_lines(shown, room, longest=longest)
    return shown


def escaped_size(text: str) -> int:
    """Bytes that a text takes on a page."""
    quotes = text.count('"') + text.count("'") + text.count("&")
    return len(text.encode("utf-8", "replace")) + 4 * quotes + 3 * sum(map(text.count, "<>"))


def folder_logs(folder: Path, limit: int, *, under: Path) -> Iterator[Lines]:
    """The ends of both streams of the suite whose logs are in ``folder``, named from ``under``."""
    for name, title in (("stdout.log", "Standard output"), ("stderr.log", "Standard error")):
        place = folder.relative_to(under) if folder.is_relative_to(under) else folder
        lines = log_end(folder / name, f"{title} of {place}", limit)
        if lines is not None:
            yield lines


def package_logs(run: Path, record: Record, limit: int) -> Iterator[Lines]:
    """The ends of a package's logs: its suite's streams, or those of the step that failed.

    A record of the original's has its standard error in itself.
    """
    folder = run / "logs" / record.package
    names = [("stdout.log", "Standard output"), ("stderr.log", "Standard error")]
    if record.status in (Status.INSTALL_ERROR, Status.CLONE_ERROR) or not record.test_command:
        names = [(name, f"Log {name}") for name in _last_logs(folder)] or names
    seen_error = False
    for name, title in names:
        lines = log_end(folder / name, title, limit)
        if lines is not None:
            seen_error = seen_error or "err" in name
            yield lines
    if record.stderr_tail and not seen_error:
        lines = text_end(record.stderr_tail, "Standard error", limit)
        if lines is not None:
            yield lines


def _last_logs(folder: Path) -> list[str]:
    """The logs of the step that was last, which is the one that failed."""
    try:
        logs = [path for path in folder.glob("*.log") if path.stat().st_size]
    except OSError:
        return []
    logs.sort(key=lambda path: (path.stat().st_mtime, path.name))
    return [path.name for path in logs[-_LOGS:]]
