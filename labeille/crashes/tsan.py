"""ThreadSanitizer's reports, in full: type, accesses, location; one for each pair of functions."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from labeille.crashes.frames import innermost_c
from labeille.crashes.log_text import MAX_LINE, clean_lines, is_progress
from labeille.crashes.model import CrashKind
from labeille.crashes.names import c_function, library_name
from labeille.crashes.signature import make_signature
from labeille.crashes.stacks import numbered_frame
from labeille.results.freethreading import TsanAccess, TsanReport

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from labeille.crashes.frames import CFrame

TOOL = "ThreadSanitizer"
#: Stands for an access whose stack was not restored, or holds nothing but plumbing without a name.
UNKNOWN = "?"

#: Frames of a stack that are kept; what matters are the innermost.
KEPT_FRAMES = 30
#: Lines after which a report counts as torn: the deepest stacks have history_size of 256 frames.
_LONGEST_REPORT = 4000

_HEADER = re.compile(rf"WARNING: {TOOL}: (?P<type>\S.*?) \(pid=\d+\)\s*$")
_ACCESS = re.compile(
    r"  (?P<what>(?:previous )?(?:atomic )?(?:read|write)(?: \(.*?\))?)"
    r"(?: of size (?P<size>\d+))?(?: at 0x[0-9a-f]+)?"
    r" by (?P<thread>[^:]+?)(?: \(mutexes: .*\))?:\s*$",
    re.IGNORECASE,
)
_MUTEX = re.compile(
    r"  Mutex M\d+ (?P<what>(?:previously )?acquired)(?: by the same thread)? here"
    r"(?: while holding mutex M\d+ in (?P<thread>[^:]+))?:\s*$"
)
_EARLIER_MUTEX = "mutex previously acquired"
_LOCATION = re.compile(r"  Location is (?P<text>\S.*?)(?: at)?[:.]?\s*$")
_THREAD = re.compile(r"  Thread (?P<thread>T\d+.*?) \(tid=\d+.*\) created by .*$")
# The folder that a CPython was built in says nothing; that of one of its sources does.
_CPYTHON_FOLDER = re.compile(r".*/(?=(?:Include|Modules|Objects|Parser|Programs|Python)/)")
_ADDRESS = re.compile(r" at 0x[0-9a-f]+| \(0x[0-9a-f]+\)|\+0x[0-9a-f]+")


@dataclass
class _Section:
    """The lines under one heading, as far as they are a stack; ``heading`` is "" for the first."""

    heading: str
    stack: list[CFrame] = field(default_factory=list)


def read_tsan_reports(text: str) -> tuple[TsanReport, ...]:
    """Every finding in a text (a log_path file, several of them, or a whole log), each once.

    Of the reports that agree in type and functions the first is kept, with their count. A report
    that is torn off counts as far as it goes; what is no warning (a segfault that ThreadSanitizer
    saw) is none of these.
    """
    return merge_reports(_reports(clean_lines(text)))


def merge_reports(reports: Iterable[TsanReport]) -> tuple[TsanReport, ...]:
    """Findings of several texts as one list, each once, in the order they came first.

    A report of which a stack could not be restored counts with the one finding that it can be.
    """
    same: dict[str, list[TsanReport]] = defaultdict(list)
    for report in reports:
        same[report.key].append(report)
    for key in [key for key, group in same.items() if UNKNOWN in group[0].functions]:
        whole = [other for other in same if _may_be(same[key][0], same[other][0])]
        if len(whole) == 1:
            same[whole[0]] += same.pop(key)
    return tuple(
        msgspec.structs.replace(
            group[0],
            count=sum(report.count for report in group),
            iterations=tuple(sorted({index for report in group for index in report.iterations})),
        )
        for group in same.values()
    )


def _may_be(torn: TsanReport, whole: TsanReport) -> bool:
    """Whether a report that lacks a stack may be another, which has them all."""
    if UNKNOWN in whole.functions or len(torn.functions) != len(whole.functions):
        return False
    if (torn.type, torn.location) != (whole.type, whole.location):
        return False
    known = Counter(torn.functions)
    del known[UNKNOWN]
    return known <= Counter(whole.functions)


def _reports(lines: Sequence[str]) -> Iterator[TsanReport]:
    for index, line in enumerate(lines):
        if f"WARNING: {TOOL}: " not in line:
            continue
        match = _HEADER.search(line[:MAX_LINE])
        if match and is_progress(line[: match.start()]):
            yield _report(match["type"], lines[index + 1 : index + _LONGEST_REPORT])


def _sections(lines: Sequence[str]) -> tuple[list[_Section], str | None]:
    """A report's stacks with their headings, and its summary; torn, it goes to the next report."""
    sections = [_Section("")]
    for line in lines:
        if line.startswith(f"SUMMARY: {TOOL}: "):
            return sections, line[:MAX_LINE].partition(f"{TOOL}: ")[2].strip()
        if line.startswith("==================") or f": {TOOL}: " in line:
            break
        numbered = numbered_frame(line[:MAX_LINE])
        if numbered is None:
            if line.startswith("  ") and not line.startswith("   "):
                sections.append(_Section(line[:MAX_LINE].rstrip()))
        elif numbered[0] == len(sections[-1].stack):
            sections[-1].stack.append(numbered[1])
    return sections, None


def _report(kind: str, lines: Sequence[str]) -> TsanReport:
    sections, summary = _sections(lines)
    accesses = [access for section in sections if (access := _access(section))]
    if not accesses:  # a leaked thread: where it was started is all there is
        accesses = [
            _stacked("thread created", section)
            for section in sections
            if _THREAD.match(section.heading)
        ]
    # Where each mutex was "previously" taken is told on request alone: no part of the identity.
    telling = [access for access in accesses if access.what != _EARLIER_MUTEX] or accesses
    functions = tuple(sorted(access.function or UNKNOWN for access in telling))
    location, location_stack = _location(sections)
    return TsanReport(
        type=kind,
        functions=functions,
        key=make_signature(CrashKind.SANITIZER, (TOOL, kind, *dict.fromkeys(functions))),
        accesses=tuple(accesses),
        location=location,
        location_stack=location_stack,
        summary=summary,
    )


def _access(section: _Section) -> TsanAccess | None:
    """What a section tells of the finding itself, None for one that only explains it."""
    match = _ACCESS.match(section.heading)
    if match:
        size = match["size"]
        return _stacked(
            match["what"].lower(), section, match["thread"], int(size) if size else None
        )
    match = _MUTEX.match(section.heading)
    if match:
        return _stacked(f"mutex {match['what']}", section, match["thread"] or "")
    if section.stack and section.heading in ("", "  and:"):
        return _stacked("call" if not section.heading else "earlier call", section)
    return None


def _stacked(what: str, section: _Section, thread: str = "", size: int | None = None) -> TsanAccess:
    return TsanAccess(
        what=what,
        size=size,
        thread=thread,
        function=innermost_c(section.stack),
        stack=_shown(section.stack),
    )


def _location(sections: Sequence[_Section]) -> tuple[str | None, tuple[str, ...]]:
    """What memory it was, free of addresses, and the stack that made it."""
    for section in sections:
        match = _LOCATION.match(section.heading)
        if match:
            return _ADDRESS.sub("", match["text"]), _shown(section.stack)
    return None, ()


def _shown(stack: Sequence[CFrame]) -> tuple[str, ...]:
    return tuple(_frame_text(frame) for frame in stack[:KEPT_FRAMES])


def _frame_text(frame: CFrame) -> str:
    function = c_function(frame.function) if frame.function else UNKNOWN
    place = frame.source or (library_name(frame.library) if frame.library else "")
    return f"{function} {_CPYTHON_FOLDER.sub('', place)}".rstrip()
