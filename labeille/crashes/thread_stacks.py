"""Where each thread stood, from what faulthandler writes when a process is ended or crashes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from labeille.crashes.log_text import clean_lines
from labeille.results.freethreading import StackFrame, ThreadStack

#: Threads and frames that are kept; what lies deeper is the runner.
MAX_THREADS = 64
MAX_FRAMES = 20

_FATAL = "Fatal Python error: "
# "Thread 0x00007f1c [Thread-1 (worker)] (most recent call first):", the name since 3.14.
_HEADER = re.compile(
    r"(?P<current>Current thread|Thread) 0x(?P<id>[0-9a-fA-F]+)(?: \[(?P<name>[^\n]{0,200}?)\])? "
    r"\(most recent call first\):"
)
_NAMELESS = re.compile(r"Stack \(most recent call first\):")
_FRAME = re.compile(r'\s+File "(?P<file>[^"\n]*)", line (?P<line>\d+|\?\?\?) in (?P<function>.+)$')


@dataclass
class _Thread:
    name: str
    current: bool
    frames: list[StackFrame] = field(default_factory=list)

    @property
    def is_nameless(self) -> bool:
        return not self.name.startswith("0x")

    def finished(self) -> ThreadStack:
        return ThreadStack(
            thread=self.name, current=self.current, frames=tuple(self.frames[:MAX_FRAMES])
        )


def read_thread_stacks(text: str) -> tuple[ThreadStack, ...]:
    """The threads of the last block that faulthandler wrote, in its order, the current one first.

    Where that leaves threads out (since 3.14, without the GIL, it shows the current one alone), the
    stacks that each thread wrote by itself just before count. Threads without a Python frame are
    left out.
    """
    lines = clean_lines(text)
    fatal = [index for index, line in enumerate(lines) if _FATAL in line]
    last = fatal[-1] if fatal else 0
    threads = _read(lines[last:])
    one_by_one = [thread for thread in _read(lines[:last]) if thread.is_nameless]
    if len(one_by_one) > len(threads):
        current = threads[0].frames if threads else None
        threads += [thread for thread in one_by_one if thread.frames != current]
    telling = [thread.finished() for thread in threads if thread.frames]
    return tuple(sorted(telling, key=lambda thread: not thread.current)[:MAX_THREADS])


def _read(lines: list[str]) -> list[_Thread]:
    threads: list[_Thread] = []
    for line in lines:
        header = _HEADER.search(line)
        if header:
            name = f"0x{header['id'].lstrip('0') or '0'}"
            if header["name"]:
                name = f"{name} {header['name'].strip()}"
            threads.append(_Thread(name, header["current"] == "Current thread"))
        elif _NAMELESS.search(line):
            threads.append(_Thread(f"#{len(threads) + 1}", current=False))
        elif threads and (frame := _FRAME.match(line)):
            threads[-1].frames.append(
                StackFrame(
                    file=frame["file"],
                    line=int(frame["line"]) if frame["line"].isdigit() else None,
                    function=frame["function"].strip(),
                )
            )
    return threads
