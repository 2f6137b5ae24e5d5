"""What stands below a nox that hunted: printed while the interpreter shuts down."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from stored_runs import SEGFAULT, crashed, ours, write_run

REPOSITORY = Path(__file__).parents[3]

#: As ``sessions.ending`` calls it: nothing of labeille has been imported before.
SCRIPT = """
import atexit, sys
from pathlib import Path
def end():
    from labeille.cli.ending import print_end_of_run
    print_end_of_run(sys.argv[3:], Path(sys.argv[1]), float(sys.argv[2]))
atexit.register(end)
"""
COMMAND = ("nox", "-t", "crash-hunt", "-j", "2")


def ending(results: Path, since: float, *command: str) -> str:
    done = subprocess.run(
        (sys.executable, "-c", SCRIPT, str(results), str(since), *command),
        cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True,
    )  # fmt: skip
    return done.stdout


def test_what_the_sessions_found_together(tmp_path: Path) -> None:
    started = "2026-11-20T10:00:00+00:00"
    both = [crashed("a"), ours("b", "pass")]
    write_run(tmp_path, "r", started, both, cli_args=[*COMMAND], packages=1)
    write_run(tmp_path, "other", started, both, cli_args=["nox", "-t", "pure"])
    assert ending(tmp_path, 0, *COMMAND) == (
        f"run r: 2 packages: 1 pass, 1 crash; suites 6.0 s\n"
        f"crash {SEGFAULT}: a\n"
        f"  all of it: nox -s analyze-run -- r --results-dir {tmp_path}\n"
    )


@pytest.mark.parametrize(
    ("packages", "since", "command"),
    [
        (["a"], 0.0, COMMAND),  # one package's verdict has been said already
        (["a", "b"], 4e9, COMMAND),  # this nox wrote nothing
        (["a", "b"], 0.0, ("nox", "-t", "pure")),
    ],
)
def test_where_there_is_nothing_to_say(
    tmp_path: Path, packages: list[str], since: float, command: tuple[str, ...]
) -> None:
    records = [ours(name, "pass") for name in packages]
    write_run(tmp_path, "r", "2026-11-20T10:00:00+00:00", records, cli_args=[*COMMAND])
    assert ending(tmp_path, since, *command) == ""
