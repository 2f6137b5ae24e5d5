"""Lines of stacks: faulthandler's Python and C frames, and the ``#0`` frames of others."""

from __future__ import annotations

import re

from labeille.crashes.frames import CFrame, PythonFrame

_PYTHON_FRAME = re.compile(r'\s*File "(.{0,4000})", line (?:\d+|\?\?\?) in (\S.{0,1000})')
_BINARY_FRAME = re.compile(
    r"\s*Binary file (?:\"(.{0,2000})\"|'(.{0,2000})')"
    r"(?:, at ([^+\-\s\[]\S{0,2000}?)?[+-]0x[0-9a-fA-F]+)? \[0x[0-9a-fA-F]+\]"
)
_NUMBERED = re.compile(r"\s*#(\d{1,6})\s+(?:0x[0-9a-fA-F]+\s+)?(?:in\s+)?(.*)")
_BUILD_ID = re.compile(r" \(BuildId: [0-9a-f]+\)$")
_MODULE = re.compile(
    r"(?:^| )\((<unknown module>|[^()]+)(?:\+0x[0-9a-fA-F]+)\)$|^\(<unknown module>\)$"
)
_NO_FILE = re.compile(r" <null>$")
# An absolute path may hold spaces.
_FILE = re.compile(
    r" (?:\.{0,2}/.*|\S+):\d+(?::\d+)?$"
    r"| (?:\.{0,2}/.*|\S*/)?[\w.+-]+\.(?:c|h|cc|cpp|cxx|hpp|inc|S|s|rs|pyx)$"
)
_GDB = re.compile(r"(.{1,1000}?) \(.*\)(?: at \S+| from \S+)?$|(\S+) \(")
#: Bounds the work on a hostile line; no frame of C++ that matters is longer.
_LONGEST_FRAME = 2000
_GDB_LIBRARY = re.compile(r" from (\S+)$")


def python_frame(line: str) -> PythonFrame | None:
    """A frame as faulthandler writes it (Python/traceback.c, dump_frame)."""
    if 'File "' not in line:
        return None
    match = _PYTHON_FRAME.match(line)
    return PythonFrame(match.group(1), match.group(2).strip()) if match else None


def binary_frame(line: str) -> CFrame | None:
    """A frame as faulthandler writes it since 3.14 (Python/traceback.c, _Py_DumpStack)."""
    if "Binary file " not in line:
        return None
    match = _BINARY_FRAME.match(line)
    if not match:
        return None
    path = match.group(1) or match.group(2) or ""
    library = None if path in ("", "<unknown>") or path.startswith(("[", "/memfd:")) else path
    return CFrame(match.group(3) or None, library)


def numbered_frame(line: str) -> tuple[int, CFrame] | None:
    """A frame of a sanitizer or of gdb, with its number."""
    if "#" not in line:
        return None
    match = _NUMBERED.match(line)
    if not match:
        return None
    return int(match.group(1)), _described(match.group(2)[:_LONGEST_FRAME].rstrip())


def _described(text: str) -> CFrame:
    if text.startswith("<signal handler called>"):
        return CFrame("<signal handler called>")
    if text.startswith("?? ("):
        library = _GDB_LIBRARY.search(text)
        return CFrame(None, library.group(1) if library else None)
    text = _BUILD_ID.sub("", text)
    module = _MODULE.search(text)
    if module:
        library_path = module.group(1)
        function, source = _placed(_NO_FILE.sub("", text[: module.start()]).strip())
        known = library_path is not None and not library_path.startswith("<")
        return CFrame(_named(function), library_path if known else None, source)
    if _FILE.search(text) and " at " not in text:
        function, source = _placed(text)
        return CFrame(_named(function), "", source)
    gdb = _GDB.match(text)
    if gdb and (" at " in text or " from " in text or "=" in text or text.endswith("()")):
        library = _GDB_LIBRARY.search(text)
        return CFrame(gdb.group(1) or gdb.group(2), library.group(1) if library else "")
    return CFrame(_named(_NO_FILE.sub("", text)), None)


def _placed(text: str) -> tuple[str, str | None]:
    """A function, and the file and line behind it."""
    match = _FILE.search(text)
    return (text[: match.start()], match.group().strip()) if match else (text, None)


def _named(function: str) -> str | None:
    return None if function in ("", "<null>") else function
