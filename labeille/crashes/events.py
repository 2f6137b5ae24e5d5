"""Crashes found in a text, each with all the evidence that its process left."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from labeille.crashes.aborts import (
    read_assert,
    read_debug_malloc,
    read_libc_abort,
    read_object_assert,
)
from labeille.crashes.debugger import read_gdb
from labeille.crashes.fatal import read_fatal
from labeille.crashes.model import CrashKind
from labeille.crashes.sanitizers import read_sanitizer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labeille.crashes.findings import Finding
    from labeille.crashes.frames import CFrame, PythonFrame

Parser = Callable[[list[str], int], "Finding | None"]

#: What a line must hold to be looked at, and who looks at it, in this order.
_PARSERS: tuple[tuple[Parser, tuple[str, ...]], ...] = (
    (read_fatal, ("Fatal Python error: ",)),
    (read_object_assert, ('Assertion "', "Assertion failed")),
    (read_assert, ("Assertion `", "Assertion failed", 'assertion "', "mimalloc: assertion")),
    (read_sanitizer, ("Sanitizer: ", "Sanitizer CHECK failed", ": runtime error: ")),
    (read_debug_malloc, ("Debug memory block",)),
    (read_gdb, (" signal SIG",)),
    (
        read_libc_abort,
        (
            *("free(): ", "malloc(): ", "alloc(): ", "chunk(): ", "_consolidate(): ", "align(): "),
            *(
                "_shutdown(): ",
                "double free or",
                "corrupted size",
                "corrupted double",
                "is corrupt",
            ),
            *("corrupted unsorted", "invalid fastbin", "free malloc space", "Fatal glibc error: "),
            *("*** stack", "*** buffer", "*** Error in", "*** glibc", "*** %n", "*** invalid"),
            *("*** bit", "*** longjmp", "*** error for", "terminate called", "libc++abi"),
            *("pure virtual method", "FATAL: exception", "futex facility", "cannot create TLS"),
            *("non-unwinding panic", "while processing panic", "fatal runtime error: "),
        ),
    ),
)
#: A log can hold such a word a hundred thousand times; its beginning and end are enough.
_FIRST, _LAST = 200, 800

#: Lines of others that may stand between two pieces of one crash.
_GAP = 20
_WIDE_GAP = 300


@dataclass(frozen=True, slots=True)
class Event:
    """One crash: the pieces of evidence that one process left, in the order of the text."""

    findings: tuple[Finding, ...]
    closed: bool = False

    @property
    def best(self) -> Finding:
        """The most telling piece, in CrashKind's order; a wrapper only if it is all."""
        order = list(CrashKind)
        return min(self.findings, key=lambda f: (not f.parts or _is_echo(f), order.index(f.kind)))

    @property
    def start(self) -> int:
        return self.findings[0].start

    @property
    def end(self) -> int:
        return self.findings[-1].end

    @property
    def signal(self) -> str | None:
        """The signal that the process died by, as the last piece that names one says."""
        return next((f.signal for f in reversed(self.findings) if f.signal), None)

    @property
    def structural(self) -> bool:
        return any(f.structural for f in self.findings)

    @property
    def halting(self) -> bool:
        return any(f.halting for f in self.findings)

    @property
    def python_stack(self) -> tuple[PythonFrame, ...]:
        return next((f.python_stack for f in self.findings if f.python_stack), ())

    @property
    def c_stack(self) -> tuple[CFrame, ...]:
        return next((f.c_stack for f in self.findings if f.c_stack), ())


def find_events(lines: list[str]) -> list[Event]:
    """The crashes that a text shows, in its order; some of them only by the exit code's word."""
    events: list[Event] = []
    for finding in _findings(lines):
        if events and _continues(events[-1], finding):
            last = events.pop()
            finding_closes = finding.kind in (CrashKind.SIGNAL, CrashKind.SANITIZER)
            closed = last.closed or (finding_closes and finding.wraps is None)
            events.append(Event((*last.findings, finding), closed))
        else:
            closed = finding.kind in (CrashKind.SIGNAL, CrashKind.SANITIZER)
            events.append(Event((finding,), closed and finding.wraps is None))
    return events


def _findings(lines: list[str]) -> Iterator[Finding]:
    done = 0
    for index, parse in _candidates(lines):
        if index < done:
            continue
        finding = parse(lines, index)
        if finding is not None:
            done = finding.end
            yield finding


def _candidates(lines: list[str]) -> list[tuple[int, Parser]]:
    """Line numbers worth a look and who looks; by plain search, since logs have megabytes."""
    text = "\n".join(lines)
    starts = [0, *accumulate(len(line) + 1 for line in lines)]
    found: set[tuple[int, int]] = set()
    for order, (_, words) in enumerate(_PARSERS):
        for word in words:
            numbers = list(_lines_with(word, text, starts))
            if len(numbers) > _FIRST + _LAST:
                numbers = numbers[:_FIRST] + numbers[-_LAST:]
            found.update((number, order) for number in numbers)
    return [(number, _PARSERS[order][0]) for number, order in sorted(found)]


def _lines_with(word: str, text: str, starts: list[int]) -> Iterator[int]:
    position = text.find(word)
    while position >= 0:
        number = bisect_right(starts, position) - 1
        yield number
        position = text.find(word, starts[number + 1])


def _continues(event: Event, finding: Finding) -> bool:
    """Whether a piece of evidence belongs to the crash before it."""
    last = event.findings[-1]
    gap = finding.start - last.end
    if finding.wraps is not None:
        return last.kind is finding.wraps and gap <= _WIDE_GAP
    if last.kind is CrashKind.DEBUG_MALLOC and finding.kind is CrashKind.FATAL_ERROR:
        return gap <= _WIDE_GAP
    if gap > _GAP:
        return False
    if finding.kind is CrashKind.LIBC_ABORT:  # "pure virtual method called", "terminate called …"
        return last.kind is CrashKind.LIBC_ABORT and gap == 0
    if finding.kind is CrashKind.SANITIZER:
        # faulthandler hands the signal on to the sanitizer; both saw the same end.
        return (
            finding.signal is not None
            and finding.signal == event.signal
            and last.kind is not CrashKind.SANITIZER
        )
    if finding.kind is CrashKind.SIGNAL:
        if last.kind is CrashKind.SANITIZER:
            return event.halting and gap <= 3
        if event.closed:
            # gdb saw the same end; or the handler itself ran into the fault again.
            seen_again = " signal SIG" in finding.detail or _is_bare(finding, gap)
            return seen_again and finding.signal == event.signal
        # A block that dumps a broken object may itself run into a fault.
        torn = last.kind in (CrashKind.OBJECT_ASSERT, CrashKind.DEBUG_MALLOC)
        return torn or finding.signal == event.signal
    return False


def _is_bare(finding: Finding, gap: int) -> bool:
    return gap <= 2 and not finding.python_stack and not finding.c_stack


def _is_echo(finding: Finding) -> bool:
    """A sanitizer's note that abort() was called: the reason stands before it."""
    return finding.kind is CrashKind.SANITIZER and finding.signal == "SIGABRT"
