"""Stack frames, and which of them tell something about a crash (data/plumbing.yaml)."""

from __future__ import annotations

import functools
import importlib.resources
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from labeille.crashes.names import c_function, library_name, python_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: Stands for a run of frames without a file: code that the JIT wrote.
JIT = "<jit>"

#: Libraries that say nothing without a symbol: the C library, the loader, CPython itself.
_MUTE = frozenset(
    {"python", "libc", "libpthread", "ld-linux-x86-64", "ld-linux-aarch64", "ld-musl-x86_64"}
    | {"libsystem_kernel", "libsystem_c", "libsystem_pthread", "libsystem_platform", "libm"}
    | {"libffi", "libasan", "libtsan", "libubsan", "liblsan", "libstdc++", "libgcc_s", "dyld"}
)
_SHARED = re.compile(r"\.(?:so(?:\.[\w.]+)?|dylib|pyd)$")
#: With more nameless frames than this before the first name, the name says little.
_FAR = 4


@dataclass(frozen=True, slots=True)
class PythonFrame:
    """One frame of a Python stack."""

    path: str
    function: str

    @property
    def token(self) -> str:
        return f"{python_file(self.path)}:{self.function}"


@dataclass(frozen=True, slots=True)
class CFrame:
    """One frame of a C stack; without function and library it lies in code of the JIT.

    ``source`` is "path:line" where the text tells it; it is no part of a frame's identity.
    """

    function: str | None = None
    library: str | None = None
    source: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Telling:
    """The telling frames of a stack, innermost first.

    ``named`` says that the stack identifies a place by itself: a function has a name, and not only
    far from the crash.
    """

    tokens: tuple[str, ...] = ()
    named: bool = False


@dataclass(frozen=True, slots=True)
class _Plumbing:
    c_names: dict[str, str]
    c_patterns: tuple[tuple[re.Pattern[str], str], ...]
    sources: tuple[re.Pattern[str], ...]
    python: tuple[tuple[re.Pattern[str], str], ...]

    def c_role(self, function: str) -> str | None:
        role = self.c_names.get(function)
        if role is not None:
            return role
        return next(
            (role for pattern, role in self.c_patterns if pattern.fullmatch(function)), None
        )

    def frame_role(self, function: str, source: str | None) -> str | None:
        """The role of a frame, by its function's name, else by the file that it stands in."""
        role = self.c_role(function)
        if role is None and source is not None:
            path = source.partition(":")[0]
            return "skip" if any(each.fullmatch(path) for each in self.sources) else None
        return role

    def python_role(self, token: str) -> str | None:
        return next((role for pattern, role in self.python if pattern.fullmatch(token)), None)


@functools.cache
def _plumbing() -> _Plumbing:
    source = importlib.resources.files("labeille.crashes") / "data" / "plumbing.yaml"
    data: dict[str, Any] = yaml.load(source.read_text("utf-8"), Loader=yaml.CSafeLoader)
    return _Plumbing(
        {name: entry["role"] for entry in data["c"] for name in entry.get("names", ())},
        tuple(
            (re.compile(pattern), entry["role"])
            for entry in data["c"]
            for pattern in entry.get("patterns", ())
        ),
        tuple(re.compile(entry["pattern"]) for entry in data["sources"]),
        tuple((re.compile(entry["pattern"]), entry["role"]) for entry in data["python"]),
    )


def telling_python(stack: Iterable[PythonFrame]) -> tuple[str, ...]:
    """The frames of a Python stack that tell something; all of them where none does."""
    every = _without_repeats(frame.token for frame in stack)
    plumbing = _plumbing()
    kept: list[str] = []
    in_test = False
    for token in every:
        role = plumbing.python_role(token)
        if role == "skip":
            continue
        if role is None and not in_test:
            kept.append(token)
            continue
        if kept and not in_test:
            break
        in_test = True
        if role is None:  # called the test: a runner of the project's own
            break
        kept.append(token)
        if token.rpartition(":")[2].startswith("test"):
            break
    return tuple(kept or every)


def is_runner(frame: PythonFrame) -> bool:
    """Whether a Python frame only passes on what it was given: pytest's, threading's own."""
    return _plumbing().python_role(frame.token) == "skip"


def telling_c(stack: Sequence[CFrame]) -> Telling:
    """The frames of a C stack that tell something, up to the evaluation loop."""
    plumbing = _plumbing()
    tokens: list[str] = []
    mute = 0
    named = False
    for frame in _without_handler(stack):
        if frame.function is not None:
            function = c_function(frame.function)
            role = plumbing.frame_role(function, frame.source)
            if role == "end":
                break
            if role is None:
                named = named or (len(tokens) < 3 and mute <= _FAR)
                tokens.append(function)
        elif frame.library is None:
            tokens.append(JIT)
        else:
            library = library_name(frame.library)
            if library in _MUTE:
                mute += not named
            else:
                tokens.append(library)
    return Telling(tuple(_without_repeats(tokens)), named)


def innermost_c(stack: Sequence[CFrame]) -> str | None:
    """The innermost telling frame of a C stack; of one that is all plumbing, its loop or ``main``.

    None where no frame has a name.
    """
    tokens = telling_c(stack).tokens or outermost_plumbing(stack)
    return tokens[0] if tokens else None


def crashing_frame(stack: Sequence[CFrame]) -> CFrame | None:
    """The frame that a crash happened in, beyond the C library's own and whatever wrote the dump.

    None where the stack has none.
    """
    plumbing = _plumbing()
    for frame in _without_handler(stack):
        if frame.function is not None:
            if plumbing.frame_role(c_function(frame.function), frame.source) != "skip":
                return frame
        elif frame.library is None or library_name(frame.library) not in _MUTE - {"python"}:
            return frame
    return None


def is_extension(library: str) -> bool:
    """Whether a frame's library is a shared one that is neither CPython's nor the C library.

    The standard library's own extension modules, in ``lib-dynload``, are CPython's.
    """
    if "/lib-dynload/" in library or library_name(library) in _MUTE:
        return False
    return _SHARED.search(library) is not None


def outermost_plumbing(stack: Sequence[CFrame]) -> tuple[str, ...]:
    """Where a stack is all plumbing: its first frame that is not skipped, the loop or ``main``."""
    plumbing = _plumbing()
    names = [c_function(frame.function) for frame in _without_handler(stack) if frame.function]
    ends = [name for name in names if plumbing.c_role(name) == "end"]
    return tuple(ends[:1] or names[:1])


def _without_handler(stack: Sequence[CFrame]) -> Sequence[CFrame]:
    """The stack without the signal handler that wrote it.

    In a binary without symbols that is ``_Py_DumpStack``, its nameless callers in CPython and one
    nameless frame of the C library, the trampoline.
    """
    plumbing = _plumbing()
    for index in range(min(len(stack), 24) - 1, -1, -1):
        function = stack[index].function
        if function is not None and plumbing.c_role(function) == "handler":
            return stack[index + 1 :]
    if not stack or stack[0].function != "_Py_DumpStack":
        return stack
    start = 1
    while start < len(stack) and _is_nameless(stack[start], {"python"}):
        start += 1
    if start < len(stack) and _is_nameless(stack[start], {"libc", "libpthread"}):
        start += 1
    return stack[start:]


def _is_nameless(frame: CFrame, libraries: set[str]) -> bool:
    return (
        frame.function is None
        and frame.library is not None
        and library_name(frame.library) in libraries
    )


def _without_repeats(tokens: Iterable[str]) -> list[str]:
    """The tokens with each run of one token as one: recursion, a run of JIT frames."""
    kept: list[str] = []
    for token in tokens:
        if not kept or kept[-1] != token:
            kept.append(token)
    return kept
