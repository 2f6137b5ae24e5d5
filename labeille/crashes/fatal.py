"""``Fatal Python error`` blocks: the line, the runtime's state, the Python and C stacks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from labeille.crashes.findings import Finding
from labeille.crashes.log_text import MAX_LINE, is_progress
from labeille.crashes.model import CrashKind
from labeille.crashes.names import steady
from labeille.crashes.stacks import binary_frame, numbered_frame, python_frame

if TYPE_CHECKING:
    from labeille.crashes.frames import CFrame, PythonFrame

_MARK = "Fatal Python error: "

#: faulthandler's names of the signals it handles (Modules/faulthandler.c), all versions.
SIGNAL_NAMES = {
    "Segmentation fault": "SIGSEGV",
    "Aborted": "SIGABRT",
    "Bus error": "SIGBUS",
    "Floating-point exception": "SIGFPE",
    "Floating point exception": "SIGFPE",
    "Illegal instruction": "SIGILL",
    "Bad system call": "SIGSYS",
    "Trace/breakpoint trap": "SIGTRAP",
}
#: The line that an object assert's dump is at when the object turns out to be broken.
_OBJECT_REPR = "object repr "
_ASSERT_FAILED = "_PyObject_AssertFailed"

_THREAD = re.compile(
    r"\s*(Current thread|Thread) 0x[0-9a-fA-F]+(?: .{0,300})? \(most recent call first\):"
    r"|\s*(Stack) \(most recent call first\):"
)
_C_STACK = re.compile(r"\s*(?:Current thread's )?C stack trace \(most recent call first\):")
_BELONGS = re.compile(
    r"\s*(?:$|\.\.\.|<[^>]+>|Garbage-collecting|Extension modules: |Python runtime state: )"
)
_FUNCTION = re.compile(r"([A-Za-z_]\w*): (\S.*)")
_SUBJECT = re.compile(r"SystemError: (.+ (?:returned NULL without|returned a result with) .+)")

#: Lines between the fatal line and its stack: an exception with its causes, at most.
_BEFORE_STACK = 60
#: Lines of another process that may stand within a block.
_FOREIGN = 3
#: Lines without a frame after which a block is over, blank ones counted.
_LONGEST_PAUSE = 120
_MAX_FRAMES = 200


def read_fatal(lines: list[str], start: int) -> Finding | None:
    """The block whose ``Fatal Python error`` line is ``lines[start]``, None where it is quoted."""
    line = lines[start]
    at = line.find(_MARK)
    if at < 0:
        return None
    message = line[at + len(_MARK) :][:MAX_LINE].strip()
    body = _Body(lines, start + 1)
    at_start = is_progress(line[:at]) or line.startswith(_OBJECT_REPR)
    if not at_start and (not body.has_stack or line[:1] in " \t\"'`>|+-#" or line[:2] == "E "):
        return None
    signal = SIGNAL_NAMES.get(message.rstrip("."))
    wraps = None
    parts: tuple[str, ...] = ()
    if message.split(":")[0] == _ASSERT_FAILED:
        signal, wraps = "SIGABRT", CrashKind.OBJECT_ASSERT
    elif signal is None:
        signal = "SIGABRT"
        parts = _identity(message, body.remarks)
    return Finding(
        kind=CrashKind.FATAL_ERROR if parts else CrashKind.SIGNAL,
        start=start,
        end=body.end,
        parts=parts,
        detail=f"{_MARK}{message}",
        signal=signal,
        python_stack=tuple(body.python_stack),
        c_stack=tuple(body.c_stack),
        structural=at_start and body.has_stack,
        wraps=wraps,
    )


def _identity(message: str, remarks: list[str]) -> tuple[str, ...]:
    match = _FUNCTION.fullmatch(message)
    function, text = match.groups() if match else (None, message)
    parts = [function] if function else []
    parts.append(steady(text))
    if function == "_Py_CheckFunctionResult":  # the message alone does not say which function
        parts += [steady(found.group(1)) for remark in remarks if (found := _SUBJECT.match(remark))]
    return tuple(parts)


class _Body:
    """What follows a fatal line, as far as it belongs to it."""

    def __init__(self, lines: list[str], start: int) -> None:
        self.python_stack: list[PythonFrame] = []
        self.c_stack: list[CFrame] = []
        self.remarks: list[str] = []  # lines between the fatal line and the stack
        self.has_stack = False
        self.end = start
        self._in_c = False
        self._in_current = False
        self._initialized = False
        foreign = 0
        for index in range(start, len(lines)):
            line = lines[index]
            if _MARK in line:
                break
            if self._take(line):
                foreign = 0
                self.end = index + 1
            elif _BELONGS.match(line):
                if line.strip():
                    self.end = index + 1
            elif self.has_stack:
                foreign += 1
                if foreign > _FOREIGN or line.startswith("Traceback (most recent"):
                    break
            else:
                foreign += 1
                self.remarks.append(line)
                if foreign > _BEFORE_STACK:
                    break
                if self._initialized and line.startswith("Traceback (most recent call last)"):
                    # An exception with a traceback is printed in place of the stack.
                    self.has_stack = True
                    self.end = index + 1
                    break
            if index - self.end > _LONGEST_PAUSE:
                break

    def _take(self, line: str) -> bool:
        """Whether a line is a frame or the head of a stack; keep what it says."""
        if "(most recent call first)" in line:
            return self._take_header(line)
        if self._in_c:
            binary = binary_frame(line)
            numbered = None if binary else numbered_frame(line)
            frame = binary or (numbered[1] if numbered else None)
            if frame is not None:
                if len(self.c_stack) < _MAX_FRAMES:
                    self.c_stack.append(frame)
                return True
        python = python_frame(line)
        if python is not None and self.has_stack:
            if self._in_current and len(self.python_stack) < _MAX_FRAMES:
                self.python_stack.append(python)
            return True
        if line.startswith("Python runtime state: "):
            self._initialized = line.split(": ")[1].strip() in ("initialized", "finalizing")
            return True
        return False

    def _take_header(self, line: str) -> bool:
        if _C_STACK.match(line):
            self._in_c, self._in_current = True, False
            return True
        thread = _THREAD.match(line)
        if not thread:
            return False
        self.has_stack = True
        # A thread that is not the current one waits somewhere: it tells nothing about the crash.
        self._in_current = (thread.group(1) or thread.group(2)) != "Thread"
        self._in_c = False
        return True
