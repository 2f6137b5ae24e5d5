"""Words before abort(): C asserts, CPython's object asserts, its debug allocator, the C runtime."""

from __future__ import annotations

import functools
import importlib.resources
import re
from typing import Any

import yaml

from labeille.crashes.findings import Finding
from labeille.crashes.log_text import MAX_LINE, is_progress
from labeille.crashes.model import CrashKind
from labeille.crashes.names import c_function, file_name, steady

_PLACE = re.compile(r":(\d{1,7}): ")
_SOURCE = re.compile(r"[\w.+@<>~\-/\\: ]*[\w>]")
_MUSL_PLACE = re.compile(r" \(([^():\n]+): ([^\n]+): \d+\)$")
_BSD_PLACE = re.compile(r"([^,\n]+), line \d+\.?$")
_NEWLIB_PLACE = re.compile(r'([^"\n]+)", line \d+(?:, function: (.+))?$')
_MIMALLOC = re.compile(r'mimalloc: assertion failed: at "([^"]+)":\d+, (\S+)')


def _spaced(text: str) -> str:
    return " ".join(text.split())


def read_assert(lines: list[str], start: int) -> Finding | None:
    """A failed C ``assert()``, in the words of any C library, or of mimalloc."""
    line = lines[start][:MAX_LINE].rstrip()
    found = _glibc(line) or _after(line) or _mimalloc(lines, start)
    if found is None:
        return None
    file, function, expression = found
    parts = (file_name(file), c_function(function) if function else "", _spaced(expression))
    return Finding(
        kind=CrashKind.ASSERT,
        start=start,
        end=start + 1,
        parts=tuple(part for part in parts if part),
        detail=line,
        signal="SIGABRT",
    )


def _glibc(line: str) -> tuple[str, str, str] | None:
    """``program: file:line: function: Assertion `expression' failed.``"""
    for opening, closing in (("Assertion `", "' failed"), ('assertion "', '" failed')):
        at = line.find(opening)
        end = line.rfind(closing)
        if at < 0 or end < at or line[end + len(closing) :].strip(" .") != "":
            continue
        place = _place(line[:at])
        if place:
            file, function = place
            return file, function, line[at + len(opening) : end]
    return None


def _place(head: str) -> tuple[str, str] | None:
    """File and function out of ``program: file:line: function: ``; None where it is quoted."""
    for match in _PLACE.finditer(head):
        left = head[: match.start()]
        file = left.rsplit(": ", 1)[-1]
        prefix = left[: len(left) - len(file)]
        if not prefix and " " in file:  # no program's name; a runner's progress before the file
            file = file.rsplit(" ", 1)[-1]
            prefix = left[: len(left) - len(file)]
        if not file or not _SOURCE.fullmatch(file) or "." not in file:
            continue
        if prefix.endswith(": "):
            program = prefix[:-2].rsplit(" ", 1)[-1]
            prefix = prefix[: len(prefix) - len(program) - 2]
            if not program or program[0] in "\"'`(":
                continue
        if is_progress(prefix) and not file[0].isspace():
            return file, head[match.end() :].strip().removesuffix(":")
    return None


def _after(line: str) -> tuple[str, str, str] | None:
    """``Assertion failed: …`` with the place after it: musl, BSD and macOS, newlib."""
    opening = "Assertion failed: "
    at = line.find(opening)
    if at >= 0 and is_progress(line[:at]):
        rest = line[at + len(opening) :]
        musl = _MUSL_PLACE.search(rest)
        if musl:
            return musl.group(1), musl.group(2), rest[: musl.start()]
        before, comma, place = rest.rpartition(", file ")
        bsd = _BSD_PLACE.fullmatch(place)
        if comma and bsd:
            expression, _, function = before.rpartition(", function ")
            expression = expression or before
            if expression.startswith("(") and expression.endswith(")"):
                expression = expression[1:-1]
            return bsd.group(1), function if expression != before else "", expression
    opening = 'assertion "'
    at = line.find(opening)
    if at >= 0 and is_progress(line[:at]):
        expression, found, place = line[at + len(opening) :].rpartition('" failed: file "')
        newlib = _NEWLIB_PLACE.fullmatch(place)
        if found and newlib:
            return newlib.group(1), newlib.group(2) or "", expression
    return None


def _mimalloc(lines: list[str], start: int) -> tuple[str, str, str] | None:
    match = _MIMALLOC.match(lines[start])
    following = lines[start + 1].strip() if match and start + 1 < len(lines) else ""
    if not match or not following.startswith("assertion: "):
        return None
    return match.group(1), match.group(2), following.removeprefix("assertion: ").strip('"')


_OBJECT = re.compile(r'Assertion(?: "(?P<expression>.*)")? failed(?:: (?P<message>.+))?$')
_OBJECT_BODY = (
    "Enable tracemalloc to get the memory block",
    "Memory block allocated at",
    "object address ",
    "object refcount ",
    "object type ",
    "object type name:",
    "object repr ",
    "<object at ",
    "<object",
    "  File ",
)
_OBJECT_LINES = 60


def read_object_assert(lines: list[str], start: int) -> Finding | None:
    """A ``_PyObject_ASSERT`` block (Objects/object.c, _PyObject_AssertFailed)."""
    line = lines[start][:MAX_LINE].rstrip()
    at = line.find("Assertion")
    match = _OBJECT.match(line, at) if at >= 0 else None
    place = _place(line[:at]) if match else None
    if not match or not place:
        return None
    end = start + 1
    seen = 0
    for index in range(start + 1, min(len(lines), start + _OBJECT_LINES)):
        if lines[index].startswith(_OBJECT_BODY):
            if "Fatal Python error: " in lines[index]:  # the repr ran into a fault itself
                seen += 1
                break
            seen += 1
            end = index + 1
        elif "Fatal Python error: _PyObject_AssertFailed" in lines[index]:
            seen += 1
            break
    file, function = place
    words = [match.group("expression"), match.group("message")]
    return Finding(
        kind=CrashKind.OBJECT_ASSERT,
        start=start,
        end=end,
        parts=(
            file_name(file),
            *([c_function(function)] if function else []),
            *(_spaced(word) for word in words if word),
        ),
        detail=line,
        signal="SIGABRT",
        structural=seen > 0,
    )


_DEBUG = re.compile(r"Debug memory block at address p=0x[0-9a-fA-F]+:(?: API '(?P<api>.*)')?")
_DEBUG_END = re.compile(r"Fatal Python error: (?:(?P<function>_?Py\w+): )?(?P<message>bad .+)")
_DEBUG_LINES = 80


def read_debug_malloc(lines: list[str], start: int) -> Finding | None:
    """A block of PYTHONMALLOC=debug (Objects/obmalloc.c, _PyObject_DebugDumpAddress)."""
    line = lines[start]
    at = line.find("Debug memory block")
    match = _DEBUG.match(line, at) if at >= 0 else None
    if not match or not is_progress(line[:at]):
        return None
    message = function = None
    sized = False
    end = start + 1
    for index in range(start + 1, min(len(lines), start + _DEBUG_LINES)):
        following = lines[index]
        if following.startswith("    "):
            sized = sized or "originally requested" in following
            if "are not all FORBIDDENBYTE" in following:
                side = "trailing" if "tail=" in following else "leading"
                message = message or f"bad {side} pad byte"
            end = index + 1
        elif found := _DEBUG_END.search(following):
            function, message = found.group("function"), found.group("message")
            break
        elif "Fatal Python error: " in following or _DEBUG.match(following):
            break
    api = match.group("api")
    parts = (function, message and steady(message), f"API '{api}'" if api else None)
    return Finding(
        kind=CrashKind.DEBUG_MALLOC,
        start=start,
        end=end,
        parts=tuple(part for part in parts if part) or ("debug memory block",),
        detail=message or line.strip(),
        signal="SIGABRT",
        structural=sized,
    )


@functools.cache
def _libc_patterns() -> tuple[re.Pattern[str], ...]:
    source = importlib.resources.files("labeille.crashes") / "data" / "libc_aborts.yaml"
    data: list[dict[str, Any]] = yaml.load(source.read_text("utf-8"), Loader=yaml.CSafeLoader)
    return tuple(re.compile(entry["pattern"] + r"\s*$") for entry in data)


_LONGEST_WORDS = 300


def read_libc_abort(lines: list[str], start: int) -> Finding | None:
    """A last word of the C or C++ runtime (data/libc_aborts.yaml)."""
    line = lines[start]
    if len(line) > MAX_LINE or line[:1].isspace():
        return None
    words = _libc_words(line)
    if words is None:
        return None
    detail = [line.strip()]
    parts = [_steady_words(words)]
    if words.startswith("terminate called after") and start + 1 < len(lines):
        what = lines[start + 1].strip()
        if what.startswith("what():"):
            detail.append(what)
            parts.append(steady(what.removeprefix("what():")))
    return Finding(
        kind=CrashKind.LIBC_ABORT,
        start=start,
        end=start + len(detail),
        parts=tuple(parts),
        detail=" ".join(detail),
        signal="SIGABRT",
    )


def _libc_words(line: str) -> str | None:
    """The identifying words, if the line is nothing but they, or a runner's progress and they."""
    runs_on = line.startswith((".", "F", "s", "x")) or ".py" in line or "... " in line
    for pattern in _libc_patterns():
        match = pattern.match(line)
        if match is None and runs_on:
            match = pattern.search(line, max(1, len(line) - _LONGEST_WORDS))
        if match and is_progress(line[: match.start()]):
            return match.groupdict().get("words") or match.group()
    return None


def _steady_words(words: str) -> str:
    own = re.fullmatch(r"(\S+?)(?::\d+)? \((.+?)\): assertion failed: (.+)", words)
    if own:  # "Fatal glibc error: malloc.c:2599 (sysmalloc): assertion failed: …"
        return f"{file_name(own.group(1))}|{own.group(2)}|{_spaced(own.group(3))}"
    return steady(words)
