"""Ask an interpreter what it is: version, build, JIT, GIL, debug, sanitizers, ensurepip."""

from __future__ import annotations

import ast
import mmap
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import msgspec

from labeille.errors import LabeilleError, TargetError
from labeille.supervision.capture import capture
from labeille.supervision.environ import base_environ
from labeille.targets import probe_cache
from labeille.targets.model import Target

if TYPE_CHECKING:
    from labeille.supervision.capture import Captured

#: Seconds that one question to an interpreter may take. An answer takes 0.01 to 0.1; a sanitizer
#: build on a busy machine, a few.
PROBE_TIMEOUT = 20.0

#: The oldest version whose interpreters can be targets.
OLDEST_VERSION = (3, 8)

INTERVIEW = Path(__file__).with_name("interview.py")
_MARK = b"\nlabeille-probe:"
_ASK_JIT = "import sys; sys.stdout.write('\\nlabeille-probe:%r\\n' % sys._jit.is_enabled())"
_SANITIZER_FLAG = re.compile(r"-fsanitize=([\w,-]+)")
_SANITIZER_OPTIONS = {
    "address": "--with-address-sanitizer",
    "thread": "--with-thread-sanitizer",
    "undefined": "--with-undefined-behavior-sanitizer",
    "memory": "--with-memory-sanitizer",
}
_SHIM_VARIABLES = ("PYENV_ROOT", "PYENV_VERSION")  # tell a shim what to start
_HINT = "give the path of a Python interpreter, such as .../bin/python3.15"


class _Facts(msgspec.Struct, frozen=True):
    """What interview.py prints."""

    python: str
    version_info: tuple[int, int]
    version_text: str
    implementation: str
    platform: str
    configure_args: str
    flags: str
    free_threaded: bool
    gil_enabled: bool
    debug: bool
    jit_available: bool
    jit_default: bool
    has_ensurepip: bool
    binaries: list[str]


def probe(python: Path, *, timeout: float = PROBE_TIMEOUT) -> Target:
    """Describe an interpreter, from the cache if its files are what they were.

    A script that starts an interpreter (a version manager's shim) is described as the interpreter
    that it starts. Raises TargetError when ``python`` is missing or no Python that can be a target;
    ``timeout`` is seconds a question.
    """
    python = Path(os.path.abspath(python))  # noqa: PTH100 - resolve() would leave a venv
    cached = probe_cache.load(python)
    if cached is not None:
        return cached
    _check_program(python)
    facts = _interview(python, timeout)
    if facts.version_info < OLDEST_VERSION:
        version = facts.version_text.split(maxsplit=1)[0]
        raise TargetError(
            f"{python} is Python {version}, which is too old for a target",
            hint=f"a target is Python {'.'.join(map(str, OLDEST_VERSION))} or newer",
        )
    binaries = [Path(binary) for binary in facts.binaries]
    path = python
    if is_script(python) and facts.python:
        path = Path(facts.python)
    target = Target(
        python=str(path),
        version=facts.version_text.split(maxsplit=1)[0],
        version_text=facts.version_text,
        implementation=facts.implementation,
        build=_between(facts.version_text, "(", ")").replace(",", ""),
        compiler=_between(facts.version_text, "[", "]"),
        platform=facts.platform,
        configure_args=facts.configure_args,
        jit_available=facts.jit_available,
        jit_works=facts.jit_available and _jit_comes_on(path, timeout),
        jit_default=facts.jit_default,
        jit_variables=_jit_variables(binaries) if facts.jit_available else (),
        free_threaded=facts.free_threaded,
        gil_enabled=facts.gil_enabled,
        debug=facts.debug,
        sanitizers=_sanitizers(f"{facts.configure_args} {facts.flags}"),
        has_ensurepip=facts.has_ensurepip,
    )
    probe_cache.store(target, binaries)
    return target


def is_script(path: Path) -> bool:
    """Whether a program is a script: its first two bytes are ``#!``."""
    try:
        with path.open("rb") as file:
            return file.read(2) == b"#!"
    except OSError:
        return False


def _check_program(python: Path) -> None:
    """Raise TargetError for what can be told to be no interpreter without starting it."""
    if python.is_dir():
        inside = next(
            (p for p in (python / "bin/python3", python / "bin/python") if p.exists()), None
        )
        raise TargetError(
            f"{python} is a folder, not an interpreter",
            hint=f"did you mean {inside}?" if inside else _HINT,
        )
    if not python.exists():
        dangling = python.is_symlink()
        raise TargetError(
            f"{python} is a link to {python.readlink()}, which does not exist"
            if dangling
            else f"there is no interpreter {python}",
            hint=_HINT,
        )
    if not os.access(python, os.X_OK):
        raise TargetError(f"{python} is not a program that can be started", hint=_HINT)


def _interview(python: Path, timeout: float) -> _Facts:
    """Let the interpreter run interview.py and return its answer."""
    try:
        captured = _ask(python, [str(INTERVIEW)], timeout)
    except LabeilleError as error:
        raise TargetError(f"{python} is no working Python: {error}", hint=_HINT) from None
    try:
        return msgspec.convert(_answer(captured), _Facts)
    except (ValueError, SyntaxError, msgspec.ValidationError):
        _refuse(python, captured)


def _refuse(python: Path, captured: Captured) -> NoReturn:
    output = captured.stderr.strip() or captured.stdout.strip()
    said = output.rpartition(b"\n")[2][:120].decode("utf-8", errors="backslashreplace")
    raise TargetError(
        f"{python} is no working Python: it ended with exit code {captured.exit_code} "
        f"and said {said or 'nothing'!r}",
        hint=_HINT,
    )


def _jit_comes_on(python: Path, timeout: float) -> bool:
    """Whether ``sys._jit`` says that it is on, in a process of its own under PYTHON_JIT=1."""
    try:
        captured = _ask(python, ["-c", _ASK_JIT], timeout, {"PYTHON_JIT": "1"})
        return _answer(captured) is True
    except (LabeilleError, ValueError, SyntaxError):
        return False  # it cannot even start with its JIT


def _ask(
    python: Path, args: list[str], timeout: float, env: dict[str, str] | None = None
) -> Captured:
    # -S: nobody's .pth files and sitecustomize take part. -E would hide PYTHON_JIT; the
    # environment has no other PYTHON* in it.
    whole_env = base_environ(keep=_SHIM_VARIABLES) | (env or {})
    return capture([str(python), "-S", *args], cwd=Path("/"), env=whole_env, timeout=timeout)


def _answer(captured: Captured) -> object:
    """The value behind the mark; the exit code is let be: a leak checker fails at the very end."""
    _, mark, rest = captured.stdout.rpartition(_MARK)
    if not mark:
        raise ValueError("no answer")
    return ast.literal_eval(rest.partition(b"\n")[0].decode())


def _between(text: str, start: str, end: str) -> str:
    """What stands in the first brackets of ``sys.version``."""
    return text.partition(start)[2].partition(end)[0].strip()


def _sanitizers(flags: str) -> tuple[str, ...]:
    named = {name for group in _SANITIZER_FLAG.findall(flags) for name in group.split(",")}
    return tuple(
        name for name, option in _SANITIZER_OPTIONS.items() if name in named or option in flags
    )


def _jit_variables(binaries: list[Path]) -> tuple[str, ...]:
    """The C strings PYTHON_JIT* in the interpreter's machine code; they differ between versions."""
    found: set[str] = set()
    for binary in binaries:
        try:
            with (
                binary.open("rb") as file,
                mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
            ):
                found.update(_c_strings(data, b"PYTHON_JIT"))
        except (OSError, ValueError):  # unreadable, or empty
            continue
    return tuple(sorted(found))


def _c_strings(data: mmap.mmap, prefix: bytes) -> set[str]:
    """All NUL-terminated names that start with ``prefix``; find() is 30 times as fast as re."""
    rest = re.compile(rb"[A-Z0-9_]*\0")
    found: set[str] = set()
    at = data.find(prefix)
    while at >= 0:
        match = rest.match(data, at)
        if match:
            found.add(match[0][:-1].decode())
        at = data.find(prefix, at + len(prefix))
    return found
