"""Ctrl-C, kill -9, --skip-completed, slots and nox sessions of a differential."""

from __future__ import annotations

import re
import signal
import time
from pathlib import Path

import pytest
from minidiff import Differ
from workshop import AT_ONCE, STUBBORN, Workshop, wait_for

pytestmark = pytest.mark.target("jit")

PASSES = "print('fine')"
FAILS = "import os; raise SystemExit(int(os.environ['PYTHON_JIT']))"
#: Says when it began and ended.
TIMED = """\
import os, time
path = os.environ["TIMES"]
began = time.time()
time.sleep(1)
with open(path, "a") as file:
    file.write(f"{began} {time.time()}\\n")
"""


@pytest.fixture
def differ(empty: Workshop, jit_python: Path) -> Differ:
    return Differ(workshop=empty, python=jit_python)


def log(differ: Differ, package: str, run_id: str = "r") -> str:
    """What all trials of a package have printed so far."""
    folder = differ.workshop.results / run_id / "logs" / package
    return "".join(path.read_text() for path in folder.glob("*/*/stdout.log"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_and_resume(differ: Differ, number: int) -> None:
    flag = differ.workshop.root / "hang"
    flag.touch()
    differ.workshop.add("passes", PASSES)
    differ.workshop.add("hangs", STUBBORN, test_command=f"test ! -e {flag} || python suite.py")
    arguments = ("--packages", "passes,hangs", "--workers", "2", "--conditions", "nojit,jit")
    running = differ.start(*arguments)
    wait_for(lambda: "passes" in differ.by_package() and "hanging" in log(differ, "hangs"), running)
    running.signal(number)
    done = running.finish()
    assert (done.exit_code, done.seconds < AT_ONCE) == (130, True), done.text
    differ.workshop.assert_nothing_lives()
    assert done.error_lines == [
        "labeille: interrupted",
        "  hint: the same command with --skip-completed goes on with run r",
    ]
    assert "1 of 2 packages: 1 same" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    flag.unlink()
    planned = differ.start(*arguments, "--skip-completed", "--dry-run").finish()
    assert "1 have a verdict already" in planned.stdout
    done = differ.start(*arguments, "--skip-completed").finish()
    assert done.exit_code == 0, done.text
    assert "2 of 2 packages: 2 same" in done.stdout
    assert {name: line["verdict"] for name, line in differ.by_package().items()} == {
        "passes": "same",
        "hangs": "same",
    }


def test_kill_9_and_resume(differ: Differ) -> None:
    names = [f"package-{number}" for number in range(4)]
    for name in names:
        differ.workshop.add(name, "import time; time.sleep(0.4)")
    arguments = ("--workers", "2", "--skip-completed")
    kept: list[dict[str, object]] = []
    for count in range(3):
        running = differ.start(*arguments)
        wait_for(lambda count=count: len(differ.lines()) > count - 1, running)  # type: ignore[misc]
        time.sleep(0.3)
        running.signal(signal.SIGKILL)
        running.finish()
        differ.workshop.assert_nothing_lives(AT_ONCE)
        assert differ.lines()[: len(kept)] == kept
        kept = differ.lines()
    done = differ.start(*arguments).finish()
    assert done.exit_code == 0, done.text
    assert set(differ.by_package()) == set(names)
    assert differ.lines()[: len(kept)] == kept


def test_conditions_of_one_package_share_free_slots(differ: Differ) -> None:
    times = differ.workshop.root / "times"
    differ.workshop.add("timed", TIMED)
    options = ("--packages", "timed", "--env", f"TIMES={times}")
    for workers, at_once in ((1, 1), (3, 3)):
        times.unlink(missing_ok=True)
        done = differ.start(*options, "--workers", str(workers), run_id=f"w{workers}").finish()
        assert done.exit_code == 0, done.text
        spans = [[float(word) for word in line.split()] for line in times.read_text().splitlines()]
        assert len(spans) == 6
        most = max(sum(begin <= at < end for begin, end in spans) for at, _ in spans)
        assert most == at_once, spans


def test_what_has_no_verdict_is_told_and_tried_again(differ: Differ) -> None:
    broken = differ.workshop.root / "broken"
    broken.touch()
    build = f"import os\nassert not os.path.exists({str(broken)!r})"
    differ.workshop.add("passes", PASSES)
    differ.workshop.add("cannot-be-installed", build=build)
    killed = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    differ.workshop.add("is-killed", killed)
    options = ("--conditions", "nojit,jit", "--installer", "uv")
    done = differ.start(*options).finish()
    assert done.exit_code == 0, done.text
    assert set(differ.by_package()) == {"passes"}
    assert "1 of 3 packages: 1 same\n\nnot compared:\n" in done.stdout
    assert "  cannot-be-installed: install_error" in done.stdout
    assert "  is-killed: error" in done.stdout
    broken.unlink()
    done = differ.start(*options, "--skip-completed").finish()
    assert set(differ.by_package()) == {"passes", "cannot-be-installed"}, done.text


def test_another_comparison_in_the_same_run_is_refused(differ: Differ) -> None:
    differ.workshop.add("passes", PASSES)
    assert differ.start("--conditions", "nojit,jit").finish().exit_code == 0
    done = differ.start().finish()
    assert done.exit_code == 2
    assert "under nojit,jit, not with" in done.stderr
    assert "under nojit,jit,jit-eager:63" in done.stderr


def test_sessions(differ: Differ) -> None:
    differ.workshop.add("passes", PASSES)
    differ.workshop.add("fails", FAILS)
    behind = [*differ.options(None), "--conditions", "nojit,jit"]
    done = differ.workshop.nox("-s", "diff-passes", "diff-fails", posargs=behind).finish()
    assert done.exit_code == 1, done.text
    (run,) = differ.workshop.results.iterdir()
    assert re.fullmatch(r"diff_\d{8}_\d{6}-\d+", run.name)
    lines = differ.by_package(run.name)
    assert {name: line["verdict"] for name, line in lines.items()} == {
        "passes": "same",
        "fails": "jit_failure",
    }
    done = differ.workshop.nox("-s", "diff-passes", posargs=[*behind, "--workers", "2"]).finish()
    assert "--workers is for batches" in done.stderr, done.text
    listed = differ.workshop.nox("-l", "-t", "differential", posargs=[]).finish()
    assert "diff-fails" in listed.stdout, listed.text
