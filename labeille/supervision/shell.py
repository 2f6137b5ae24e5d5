"""How a command line from a package file becomes an argument list."""

from __future__ import annotations

import functools
import shutil


def shell_argv(command: str) -> tuple[str, ...]:
    """The arguments that let a shell run ``command``.

    Under bash a failure anywhere in a pipe is the pipe's: ``pytest | tee log`` would otherwise
    always pass. Where there is no bash, plain sh cannot do that.
    """
    bash = _bash()
    if bash is None:
        return ("sh", "-c", command)
    return (bash, "-o", "pipefail", "-c", command)


@functools.cache
def _bash() -> str | None:
    return shutil.which("bash")
