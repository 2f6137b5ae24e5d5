"""Names the frames of a C stack that faulthandler could only give addresses for, by addr2line."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from labeille.supervision.capture import capture
from labeille.supervision.model import SupervisionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from labeille.supervision.cancellation import Cancellation

# Python/traceback.c, _Py_DumpStack: a file, a function or none with an offset, the address.
_FRAME = re.compile(
    r"\s*Binary file [\"'](?P<file>[^\"']{1,2000})[\"']"
    r"(?:, at (?P<function>[^+\-\s\[]\S{0,500}?)?(?P<offset>[+-]0x[0-9a-fA-F]+))?"
    r" \[0x(?P<address>[0-9a-fA-F]+)\]"
)
_HEADER = "C stack trace (most recent call first)"
#: Seconds for one file; 50 MB of debug information take two.
_TIMEOUT = 120.0
_ELF_MAGIC = b"\x7fELF"
_FIXED = 2  # ET_EXEC: addresses in the file are those in memory


@dataclass(frozen=True, kw_only=True)
class _Frame:
    file: str
    function: str | None
    offset: int | None
    address: int


def symbolised_stack(
    text: str, python: Path, *, cancel: Cancellation | None = None
) -> list[str] | None:
    """The last C stack in ``text`` with functions, files and lines, a line a frame.

    ``python`` is the interpreter, which a stack names by what it was started as. None where there
    is no such stack, no addr2line, or no debug information that tells more than the stack does.
    """
    frames = _last_stack(text.splitlines())
    addr2line = shutil.which("addr2line")
    if not frames or addr2line is None:
        return None
    places: dict[int, str] = {}
    paths = {frame.file: _path(frame.file, python) for frame in frames}
    for file, path in paths.items():
        if path is None:
            continue
        wanted = [
            (index, address)
            for index, frame in enumerate(frames)
            if frame.file == file
            and (address := _address_in(frame, path, innermost=index == 0)) is not None
        ]
        if wanted:
            found = _look_up(addr2line, path, [address for _, address in wanted], cancel)
            places.update(
                {index: place for (index, _), place in zip(wanted, found, strict=False) if place}
            )
    if not places:
        return None
    return [
        f"#{index:<3}{places.get(index) or frame.function or '??'}  ({Path(frame.file).name})"
        for index, frame in enumerate(frames)
    ]


def _last_stack(lines: Sequence[str]) -> list[_Frame]:
    heads = [number for number, line in enumerate(lines) if _HEADER in line]
    if not heads:
        return []
    frames = []
    for line in lines[heads[-1] + 1 :]:
        match = _FRAME.match(line)
        if match is None:
            break
        offset = match["offset"]
        frames.append(
            _Frame(
                file=match["file"],
                function=match["function"],
                offset=None if offset is None else int(offset, 16),
                address=int(match["address"], 16),
            )
        )
    return frames


def _path(file: str, python: Path) -> Path | None:
    """The file of a frame on disk: a name without a folder is the program's own."""
    path = Path(file)
    if not path.is_absolute():
        path = python.resolve()
    return path if path.is_file() else None


def _address_in(frame: _Frame, path: Path, *, innermost: bool) -> int | None:
    """A frame's address as its file has it, of the call and not of what comes after it."""
    back = 0 if innermost else 1
    if frame.function is None and frame.offset is not None:
        return frame.offset - back  # from where the library begins
    if _is_fixed(path):
        return frame.address - back
    return None


def _is_fixed(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(18)
    except OSError:
        return False
    if not head.startswith(_ELF_MAGIC):
        return False
    big = head[5:6] == b"\x02"
    return int.from_bytes(head[16:18], "big" if big else "little") == _FIXED


def _look_up(
    addr2line: str, path: Path, addresses: Iterable[int], cancel: Cancellation | None
) -> list[str | None]:
    argv = [addr2line, "-f", "-C", "-e", str(path), *(hex(address) for address in addresses)]
    try:
        answer = capture(argv, timeout=_TIMEOUT, cancel=cancel)
    except SupervisionError:
        return []
    lines = answer.text.splitlines()
    return [_place(*pair) for pair in zip(lines[::2], lines[1::2], strict=False)]


def _place(function: str, source: str) -> str | None:
    """A function at its source line; None where the file does not know."""
    if function == "??" or source.startswith("??"):
        return None
    path, _, line = source.partition(" (")[0].rpartition(":")
    return f"{function} at {Path(path).name}:{line}"
