"""Reports of AddressSanitizer, ThreadSanitizer, UndefinedBehaviorSanitizer and their kin."""

from __future__ import annotations

import re

from labeille.crashes.findings import Finding
from labeille.crashes.frames import CFrame, innermost_c, outermost_plumbing, telling_c
from labeille.crashes.log_text import MAX_LINE, is_progress
from labeille.crashes.model import CrashKind
from labeille.crashes.names import file_name, steady
from labeille.crashes.stacks import numbered_frame

_HEADER = re.compile(
    r"(?:==\d+==\s*)?(?P<level>ERROR|WARNING): (?P<tool>(?:\w+)?Sanitizer): (?P<text>\S.*)"
)
_RUNTIME_ERROR = re.compile(
    r"(?P<file>\S[^:]*(?::\d+|\.(?:c|h|cc|cpp|cxx|hpp|inc|m))):\d+: "
    r"runtime error: (?P<text>\S.*)"
)
_CHECK = re.compile(r"(?:==\d+==\s*)?(?P<tool>\w+Sanitizer):? CHECK failed: (?P<text>.+)")
# Where the type of a bug ends and its particulars begin.
_PARTICULARS = re.compile(r" on unknown address| on address| on 0x| in thread | \(|: |:$| 0x")
_TYPES = {
    "attempting double-free": "double-free",
    "attempting free on address which was not malloc()-ed": "bad-free",
}
_DEADLY = {"SEGV", "ABRT", "FPE", "ILL", "BUS", "TRAP"}
_REPORT_LINES = 3000
_LONGEST_PAUSE = 60
_FRAMES = 3


def read_sanitizer(lines: list[str], start: int) -> Finding | None:
    """The report that starts at ``lines[start]``, None where it is quoted."""
    line = lines[start][:MAX_LINE]
    if "runtime error: " in line:
        return _undefined_behaviour(lines, start)
    at = line.find("==") if not line.startswith(("==", "ERROR", "WARNING")) else 0
    at = max(at, 0)
    match = _HEADER.match(line, at) or _CHECK.match(line, at)
    if not match or not is_progress(line[:at]):
        return None
    tool, text = match.group("tool"), match.group("text").strip()
    stacks, end, summary, followed = _report(lines, start)
    if "level" not in match.groupdict():
        bug, followed = "CHECK failed", True
    else:
        bug = _bug_type(text)
    signal = next((f"SIG{word}" for word in _DEADLY if bug == word), None)
    return Finding(
        kind=CrashKind.SANITIZER,
        start=start,
        end=end,
        parts=(tool, bug, *_places(bug, stacks)),
        detail=summary or line.strip(),
        signal=signal,
        c_stack=tuple(stacks[0]) if stacks else (),
        structural=followed,
        halting=_halts(match, tool),
    )


def _halts(match: re.Match[str], tool: str) -> bool:
    """Whether the process ended with the report: errors do, but for leaks, told of at exit."""
    if match.groupdict().get("level", "ERROR") == "WARNING":
        return tool == "MemorySanitizer"
    return tool != "LeakSanitizer"


def _bug_type(text: str) -> str:
    for phrase, name in _TYPES.items():
        if text.startswith(phrase):
            return name
    cut = _PARTICULARS.search(text)
    return steady(text[: cut.start()] if cut else text)


def _report(lines: list[str], start: int) -> tuple[list[list[CFrame]], int, str | None, bool]:
    """The stacks of a report, where it ends, its summary, and whether it is more than a line."""
    stacks: list[list[CFrame]] = []
    summary: str | None = None
    end = start + 1
    expected = 0
    for index in range(start + 1, min(len(lines), start + _REPORT_LINES)):
        line = lines[index][:MAX_LINE]
        if line.startswith("SUMMARY: "):
            summary, end = line.strip(), index + 1
            break
        if _HEADER.match(line) or "runtime error: " in line or index - end > _LONGEST_PAUSE:
            break
        numbered = numbered_frame(line)
        if numbered is None:
            continue
        number, frame = numbered
        if number == 0:
            stacks.append([frame])
            expected = 1
        elif stacks and number == expected:
            stacks[-1].append(frame)
            expected += 1
        else:
            continue
        end = index + 1
    if summary is not None:
        end = _aborting(lines, end)
    return stacks, end, summary, bool(stacks) or summary is not None


def _aborting(lines: list[str], end: int) -> int:
    """Past the shadow bytes that follow a summary, to ``==pid==ABORTING`` if it is there."""
    for index in range(end, min(len(lines), end + 80)):
        if lines[index].startswith("==") and lines[index].rstrip().endswith("ABORTING"):
            return index + 1
        if lines[index].startswith("==================") and index > end:
            break
    return end


def _places(bug: str, stacks: list[list[CFrame]]) -> tuple[str, ...]:
    """Up to three telling frames; of a race the two accesses, in an order of their own."""
    if not stacks:
        return ()
    if bug == "data race":
        return tuple(sorted({place for stack in stacks[:2] if (place := innermost_c(stack))}))
    return _telling(stacks[0])[:_FRAMES]


def _telling(stack: list[CFrame]) -> tuple[str, ...]:
    tokens = telling_c(stack).tokens
    if tokens:
        return tokens
    return outermost_plumbing(stack)  # the evaluation loop itself is better than nothing


def _undefined_behaviour(lines: list[str], start: int) -> Finding | None:
    """``file:line:column: runtime error: …`` with a stack where print_stacktrace=1."""
    line = lines[start][:MAX_LINE]
    before, _, _ = line.partition(": runtime error: ")
    prefix, space, _ = before.rpartition(" ")
    match = _RUNTIME_ERROR.match(line[len(prefix + space) :])
    if not match or not is_progress(prefix + space):
        return None
    stack: list[CFrame] = []
    end = start + 1
    for index in range(start + 1, min(len(lines), start + _REPORT_LINES)):
        numbered = numbered_frame(lines[index][:MAX_LINE])
        if numbered is None:
            break
        stack.append(numbered[1])
        end = index + 1
    return Finding(
        kind=CrashKind.SANITIZER,
        start=start,
        end=end,
        parts=(
            "UndefinedBehaviorSanitizer",
            _without_values(match.group("text")),
            file_name(match.group("file").rstrip("0123456789").rstrip(":")),
            *(_telling(stack)[:1] if stack else ()),
        ),
        detail=line.strip(),
        c_stack=tuple(stack),
        halting=False,
    )


def _without_values(text: str) -> str:
    """The message without the values that overflowed, but with the types, which stand quoted."""
    quoted = text.split("'")
    for index in range(0, len(quoted), 2):
        quoted[index] = re.sub(r"(?<!\w)-?\d[\w.+]*(?![\w.+]|-bit)", "N", quoted[index])
    for index in range(1, len(quoted), 2):
        quoted[index] = quoted[index].replace(" [", "[").replace(" *", "*")
    return " ".join("'".join(quoted).split())
