"""Makes text that comes from elsewhere fit to be shown: logs are hostile, or merely colourful."""

from __future__ import annotations

import re

#: What a terminal takes for itself: colours, cursor movements, titles (ECMA-48, xterm's OSC).
_TERMINAL = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI … final byte
    r"|\x1b[\]PX^_].{0,4096}?(?:\x07|\x1b\\)"  # OSC, DCS and their like, to their end
    r"|\x1b[ -/]*[0-~]",
    re.DOTALL,
)

# Characters that change what stands beside them, or that nobody sees (Unicode's bidirectional
# controls, UAX #9; zero-width characters; soft hyphen; line and paragraph separators).
_INVISIBLE = "\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
_UNFIT = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f{_INVISIBLE}\ud800-\udfff\ufffe\uffff]")

_PICTURES = 0x2400  # U+2400 on: a picture for each control character
_DELETE = 0x7F


def showable(text: str) -> str:
    """``text`` without anything that a page, a terminal or an XML parser would act on.

    Colours are dropped, a lone carriage return starts a line, and what is left of control and
    invisible characters is shown by name: ␀, or <U+202E>.
    """
    text = _TERMINAL.sub("", text)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _UNFIT.sub(_named, text)


def _named(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(_PICTURES + code)
    return "␡" if code == _DELETE else f"<U+{code:04X}>"


def shown_line(text: str, limit: int = 200) -> str:
    """``text`` on one line of at most ``limit`` characters, fit to be shown."""
    line = " ".join(showable(text[: 8 * limit]).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def shortened(line: str, limit: int) -> str:
    """A long line's beginning and end, with what is left out between them counted."""
    if len(line) <= limit:
        return line
    part = limit // 2
    return f"{line[:part]} … [{len(line) - 2 * part:,} characters] … {line[-part:]}"


def last_lines(text: str, limit: int, *, longest: int = 500) -> str:
    """The end of ``text`` in whole lines, fit to be shown, at most about ``limit`` characters.

    Lines of more than ``longest`` characters lose their middle. Text that is left out is counted.
    """
    lines = [shortened(line.rstrip(), longest) for line in showable(text).split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    kept: list[str] = []
    size = 0
    for line in reversed(lines):
        size += len(line) + 1
        if size > limit and kept:
            break
        kept.append(line)
    left_out = len(lines) - len(kept)
    if left_out:
        kept.append(f"… {left_out:,} lines before this …")
    return "\n".join(reversed(kept))
