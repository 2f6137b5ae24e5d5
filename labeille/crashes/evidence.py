"""Reads what a crash text says: whether it shows a crash, which one, and its identity."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from labeille.crashes.events import Event, find_events
from labeille.crashes.frames import telling_c, telling_python
from labeille.crashes.log_text import clean_lines
from labeille.crashes.model import CrashKind
from labeille.crashes.signature import make_signature, signal_parts
from labeille.results.model import Crash
from labeille.supervision.model import exit_signal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labeille.crashes.frames import CFrame

#: Signals that mean a crash, directly or as a shell's 128 + N.
CRASH_SIGNALS = frozenset(
    {signal.SIGILL, signal.SIGTRAP, signal.SIGABRT, signal.SIGBUS}
    | {signal.SIGFPE, signal.SIGSEGV, signal.SIGSYS}
)
#: Signals from outside; what a child printed before is not why the process ended.
_ENDED_FROM_OUTSIDE = frozenset({signal.SIGKILL, signal.SIGTERM})
#: Default exit codes of TSan, LSan, MSan and HWASan after a report.
_SANITIZER_EXITS = frozenset({66, 23, 77, 99})
_KEPT_FRAMES = 30
#: What a sanitizer or a shell still says after the end.
_LAST_WORDS = ("==", "Exiting", "ThreadSanitizer: reported", "Aborted", "Segmentation fault")


def read_crash(
    text: str, *, exit_code: int | None, extra_reports: Sequence[str] = ()
) -> Crash | None:
    """The crash that a process's output and exit code show, or None.

    ``exit_code`` is as waitpid or a shell gives it, None where it is unknown: then, as with a plain
    non-zero one, only a block that a crashing process wrote shows a crash, never a mention.
    ``extra_reports`` are further texts of the same process: sanitizers' own log files.
    """
    lines = clean_lines(text)
    killed_by = _crash_signal(exit_code)
    event = _find_event(lines, exit_code, extra_reports)
    if killed_by is not None:
        return _crash(event, killed_by, in_child=False)
    if event is None:
        return None
    return _crash(event, event.signal, in_child=_in_child(event, exit_code, lines))


def crash_excerpt(text: str, *, exit_code: int | None) -> str | None:
    """The lines of a process's output that are its crash, as it printed them.

    None where the text holds none, though the exit code may say that there was one.
    """
    lines = clean_lines(text)
    event = _find_event(lines, exit_code, ())
    return None if event is None else "\n".join(lines[event.start : event.end])


def read_c_stack(text: str, *, exit_code: int | None) -> tuple[CFrame, ...]:
    """The C stack of the crash that ``read_crash`` finds, innermost first; empty without one."""
    event = _find_event(clean_lines(text), exit_code, ())
    return () if event is None else tuple(event.c_stack)


def _find_event(
    lines: list[str], exit_code: int | None, extra_reports: Sequence[str]
) -> Event | None:
    """The crash in a text that a process's end is due to."""
    if exit_code == 0 or _death(exit_code) in _ENDED_FROM_OUTSIDE:
        return None
    events = find_events(lines)
    for report in extra_reports:
        events += find_events(clean_lines(report))
    killed_by = _crash_signal(exit_code)
    return _shown(events, exit_code) if killed_by is None else _killed_by(killed_by, events, lines)


def _death(exit_code: int | None) -> signal.Signals | None:
    return exit_signal(exit_code) if exit_code is not None else None


def _crash_signal(exit_code: int | None) -> str | None:
    """The name of the signal that a process crashed with, None for any other end."""
    death = _death(exit_code)
    return death.name if death in CRASH_SIGNALS and death is not None else None


def _killed_by(name: str, events: list[Event], lines: list[str]) -> Event | None:
    """The event that is the end of a process killed by this signal, None for a silent end.

    Earlier events are children's, that crashed on purpose perhaps.
    """
    fitting = [event for event in events if _fits(event, name)]
    if fitting:
        return fitting[-1]
    reports = [event for event in events if event.best.kind is CrashKind.SANITIZER]
    if events and not events[-1].closed and _is_last(events[-1], lines):
        return events[-1]  # abort() ended in another fault: faulthandler's own, say
    return next((event for event in reversed(reports) if not _is_leak(event)), None)


def _fits(event: Event, name: str) -> bool:
    if event.best.kind is CrashKind.SANITIZER and event.halting and name == "SIGABRT":
        return True  # abort_on_error=1
    return event.halting and event.signal == name


def _shown(events: list[Event], exit_code: int | None) -> Event | None:
    """The event that shows a crash without the word of an exit code."""
    shown = [event for event in events if event.structural]
    reports = [event for event in shown if event.best.kind is CrashKind.SANITIZER]
    if reports and exit_code in _SANITIZER_EXITS:
        return _most_serious(reports)
    return _most_serious(shown)


def _most_serious(events: list[Event]) -> Event | None:
    """The last one that ended a process, else the first warning that is no leak."""
    halting = [event for event in events if event.halting]
    if halting:
        return halting[-1]
    return min(events, key=_is_leak, default=None)


def _is_leak(event: Event) -> bool:
    return "LeakSanitizer" in event.best.parts


def _in_child(event: Event, exit_code: int | None, lines: list[str]) -> bool:
    """Whether the process that crashed was another than the one that gave the exit code.

    A sanitizer ends a process with an exit code of its own; nothing comes after its report then.
    """
    if exit_code is None:
        return False
    if event.best.kind is CrashKind.SANITIZER:
        own = exit_code in _SANITIZER_EXITS or not event.halting
        return not own and not _is_last(event, lines)
    return True


def _is_last(event: Event, lines: list[str]) -> bool:
    """Whether nothing that says something stands after an event."""
    return not any(
        line and not line.isspace() and not line.startswith(_LAST_WORDS)
        for line in lines[event.end :]
    )


def _crash(event: Event | None, name: str | None, *, in_child: bool) -> Crash:
    if event is None:
        kind = CrashKind.SIGNAL
        signature = make_signature(kind, signal_parts(name, telling_c(()), ()))
        return Crash(kind=kind, signature=signature, signal=name, in_child=in_child)
    best = event.best
    python = telling_python(event.python_stack)
    c = telling_c(event.c_stack)
    wrapper = not best.parts
    parts = signal_parts(name, c, python) if wrapper else best.parts
    kind = CrashKind.SIGNAL if wrapper else best.kind
    return Crash(
        kind=kind,
        signature=make_signature(kind, parts),
        signal=name,
        python_top=python[0] if python else None,
        c_top=c.tokens[0] if c.tokens else None,
        in_child=in_child,
        detail=best.detail,
        python_stack=tuple(frame.token for frame in event.python_stack[:_KEPT_FRAMES]),
        c_stack=c.tokens[:_KEPT_FRAMES],
    )
