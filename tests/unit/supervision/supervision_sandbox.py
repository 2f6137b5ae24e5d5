"""A folder to run commands in, and proof that no process of them outlives its test."""

from __future__ import annotations

import os
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from labeille.supervision.model import Command, Limits
from labeille.supervision.shell import shell_argv

if TYPE_CHECKING:
    from collections.abc import Iterator


class Sandbox:
    """Commands that run in ``folder`` and carry this test's token in their environment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mark = f"SANDBOX={uuid.uuid4().hex}"

    def command(
        self,
        *argv: str,
        limits: Limits | None = None,
        watched: tuple[Path, ...] = (),
        pid_log: Path | None = None,
    ) -> Command:
        name, _, token = self.mark.partition("=")
        return Command(
            argv=argv,
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", name: token},
            stdout=self.folder / "stdout.log",
            stderr=self.folder / "stderr.log",
            limits=limits or Limits(),
            watched=watched,
            pid_log=pid_log,
        )

    def shell(self, line: str, *, limits: Limits | None = None) -> Command:
        return self.command(*shell_argv(line), limits=limits)

    def python(
        self,
        code: str,
        *,
        limits: Limits | None = None,
        watched: tuple[Path, ...] = (),
        pid_log: Path | None = None,
    ) -> Command:
        argv = (sys.executable, "-I", "-S", "-X", "faulthandler", "-c", code)
        return self.command(*argv, limits=limits, watched=watched, pid_log=pid_log)

    def processes(self) -> list[str]:
        """The living processes of this sandbox, as "pid: command line"."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if self.mark.encode() in (folder / "environ").read_bytes():
                    line = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
                    found.append(f"{folder.name}: {line.decode(errors='replace')}")
            except OSError:
                continue
        return found


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    box = Sandbox(tmp_path)
    yield box
    assert box.processes() == []
