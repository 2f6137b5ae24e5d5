"""Let uv install an interpreter, where there is a uv and it reaches its downloads."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from labeille.errors import LabeilleError, TargetError
from labeille.supervision.capture import capture
from labeille.supervision.environ import base_environ, network_environ
from labeille.targets.discover import suits
from labeille.targets.model import Target, TargetKind
from labeille.targets.probe import probe

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: What is asked of uv for each kind, the best first. Its 3.14 and 3.15 builds have a JIT on some
#: platforms; a build that turns out to be of another kind is not taken.
REQUESTS = {
    TargetKind.JIT: ("3.15", "3.14"),
    TargetKind.JIT_DEBUG: ("3.15+debug",),
    TargetKind.FREE_THREADED: ("3.15t", "3.14t", "3.13t"),
    TargetKind.TSAN: (),
}

#: Seconds that one interpreter may take: 30 MB at 0.1 MB/s.
_INSTALL_TIMEOUT = 300.0

#: Fail at once where nothing can be reached: no second tries, no links into the user's bin folder.
_SETTINGS = {"UV_HTTP_RETRIES": "0", "UV_HTTP_CONNECT_TIMEOUT": "10", "UV_PYTHON_INSTALL_BIN": "0"}


def find_uv() -> str | None:
    """The uv of PATH, else the one of the ``uv`` package."""
    command = shutil.which("uv")
    if command:
        return command
    try:
        from uv import find_uv_bin
    except ImportError:
        return None
    try:
        return str(find_uv_bin())
    except FileNotFoundError:
        return None


def install(kind: TargetKind, folder: Path, report: Callable[[str], None]) -> Target:
    """Install an interpreter of a kind below ``folder`` with uv.

    Raises TargetError when there is no uv, it cannot get one, or what it gives is of another kind.
    """
    if not REQUESTS[kind]:
        raise TargetError(f"uv has no {kind} builds")
    uv = find_uv()
    if uv is None:
        raise TargetError("there is no uv", hint="pip install uv")
    env = base_environ() | network_environ() | _SETTINGS | {"UV_PYTHON_INSTALL_DIR": str(folder)}
    failures: list[str] = []
    for request in REQUESTS[kind]:
        report(f"asking uv for Python {request}")
        try:
            captured = capture(
                [uv, "python", "install", "--no-config", "--no-progress", request],
                env=env,
                timeout=_INSTALL_TIMEOUT,
            )
        except LabeilleError as error:
            raise TargetError(f"uv python install {request}: {error}") from None
        if captured.exit_code != 0:
            failures.append(f"{request}: {_last_words(captured.error_text)}")
            continue
        target = _newest_of_kind(folder, kind)
        if target is not None:
            return target
        failures.append(f"{request}: it is not a {kind} target")
    raise TargetError(f"uv python install gave none ({'; '.join(failures)})")


def _newest_of_kind(folder: Path, kind: TargetKind) -> Target | None:
    for python in sorted(folder.glob("*/bin/python3.*"), reverse=True):
        try:
            target = probe(python.resolve())
        except TargetError:  # python3.15-config
            continue
        if suits(target, kind):
            return target
    return None


def _last_words(stderr: str) -> str:
    """The innermost cause of uv's chain of causes, which is the telling one."""
    lines = stderr.splitlines()
    return lines[-1].strip().removeprefix("cause: ")[:200] if lines else "it failed without a word"
