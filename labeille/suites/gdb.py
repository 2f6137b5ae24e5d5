"""Puts gdb between a test command and its Python, whatever the command calls it."""

from __future__ import annotations

import shlex
import shutil
from typing import TYPE_CHECKING

from labeille.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

#: Signals that suites send on purpose; gdb stops for some of them by default.
_ORDINARY_SIGNALS = "SIGALRM SIGUSR1 SIGUSR2 SIGCHLD SIGPIPE SIGTERM SIGHUP"

#: Set in what gdb runs: a Python that a test starts is not debugged.
_INSIDE = "_INSIDE_GDB"

_FRAMES = 50
#: What gdb prints where a process crashes; values of arguments would fill pages.
_BACKTRACE = (
    "-ex",
    "set print frame-arguments presence",
    "-ex",
    "echo \\n==== all threads ====\\n",
    "-ex",
    f"thread apply all backtrace {_FRAMES}",
    "-ex",
    "kill",
)


def find_gdb() -> str:
    """gdb's path; raises UsageError where there is none."""
    gdb = shutil.which("gdb")
    if gdb is None:
        raise UsageError("gdb is not installed", hint="on Debian: apt install gdb")
    return gdb


def put_under_gdb(command: str, folder: Path, bin_dir: Path, *, batch: bool) -> str:
    """``command`` with gdb around the first Python that it starts.

    ``folder`` is to hold stand-ins for the programs in ``bin_dir`` that are Pythons. With ``batch``
    gdb prints every thread's backtrace where the process crashes, and ends; without, it stops there
    with its prompt. Raises UsageError where there is no gdb.
    """
    gdb = find_gdb()
    folder.mkdir(parents=True, exist_ok=True)
    python = bin_dir / "python"
    for program in _python_programs(bin_dir):
        own = (str(program),) if program.name.startswith("python") else (str(python), str(program))
        stand_in = folder / program.name
        stand_in.write_text(_stand_in(gdb, own, batch=batch), encoding="utf-8")
        stand_in.chmod(0o755)
    return f'export PATH={shlex.quote(str(folder))}:"$PATH"\n{command}'


def _python_programs(bin_dir: Path) -> Iterable[Path]:
    """The interpreter by all of its names, and the scripts that pip writes for it."""
    for program in sorted(bin_dir.iterdir()):
        if program.name.startswith("python") and not program.name.endswith("-config"):
            yield program
        elif program.is_file() and not program.name.lower().startswith(("activate", "pip")):
            with program.open("rb") as file:
                if b"python" in file.readline(512) and program.stat().st_mode & 0o100:
                    yield program


def _stand_in(gdb: str, program: Sequence[str], *, batch: bool) -> str:
    signals = f"SIGINT {_ORDINARY_SIGNALS}" if batch else _ORDINARY_SIGNALS  # Ctrl-C is gdb's
    settings = (
        "set debuginfod enabled off",
        "set confirm off",
        # The thread library of a C library that lies elsewhere; what is debugged runs anyway.
        "set auto-load safe-path /",
    )
    options = ["-q", *(word for setting in settings for word in ("-iex", setting))]
    options += ["-ex", f"handle {signals} nostop noprint pass"]
    options += ["-ex", "set startup-with-shell off", "-ex", "run"]
    if batch:
        options = ["--batch", *options, *_BACKTRACE]
    words = shlex.join([gdb, *options, "--args", *program])
    return (
        "#!/bin/sh\n"
        f'if [ -n "${{{_INSIDE}-}}" ]; then exec {shlex.join(program)} "$@"; fi\n'
        f"export {_INSIDE}=1\n"
        f'exec {words} "$@"\n'
    )
