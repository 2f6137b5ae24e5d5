"""kill -9 and --skip-completed, several processes on one run."""

from __future__ import annotations

import random
import signal
import time
from typing import TYPE_CHECKING, Any

from workshop import AT_ONCE, STUBBORN, Workshop, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

#: Exit codes of suites and what they come to.
ENDS = {0: "pass", 1: "fail", 134: "crash"}
KILLS = 10
PACKAGES = 10

#: Suites by the status of their package's first record.
SUITES = {
    "pass": "",
    "fail": "raise SystemExit(1)",
    "crash": "import os; os.abort()",
    "timeout": STUBBORN,
    "error": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "install-error": "",
    "clone-error": "",
}
TRIED_AGAIN = {"error", "install-error", "clone-error"}


def test_kill_9_at_ten_moments(empty: Workshop) -> None:
    chance = random.Random(9)
    expected = {}
    for number in range(PACKAGES):
        code, status = chance.choice(list(ENDS.items()))
        seconds = chance.uniform(0.3, 0.8)
        name = f"package-{number}"
        empty.add(name, f"import time; time.sleep({seconds:.2f}); raise SystemExit({code})")
        expected[name] = status
    kept = b""
    for number in range(KILLS):
        running = empty.hunt("--workers", "2", "--skip-completed")
        # The first three in start-up, clones and installs, the others once a suite more is through.
        wait_for(more_records_than(empty, number - 3), running)
        time.sleep(chance.uniform(0.1, 0.4 if number > 2 else 1))
        running.signal(signal.SIGKILL)
        running.finish()
        empty.assert_nothing_lives(AT_ONCE)
        kept = assert_only_grown(empty, kept)
    done = empty.hunt("--workers", "2", "--skip-completed").finish()
    assert done.exit_code == 1, done.text
    assert_only_grown(empty, kept)
    assert empty.statuses() == expected
    assert f"{PACKAGES} of {PACKAGES} packages: {summary(expected)}" in done.stdout


def more_records_than(workshop: Workshop, count: int) -> Callable[[], bool]:
    return lambda: len(workshop.records()) > count


def assert_only_grown(workshop: Workshop, before: bytes) -> bytes:
    """What was recorded stays, package by package; whatever comes is whole, and new."""
    path = workshop.results / "r" / "results.jsonl"
    content = path.read_bytes() if path.exists() else b""
    assert content.startswith(before)
    workshop.statuses()
    return content


def summary(statuses: dict[str, str]) -> str:
    counts = {status: list(statuses.values()).count(status) for status in ("pass", "fail", "crash")}
    return ", ".join(f"{count} {status}" for status, count in counts.items() if count)


def test_what_is_tried_again(empty: Workshop) -> None:
    missing = empty.root / "elsewhere"
    broken = empty.root / "broken"
    broken.touch()
    for name, suite in SUITES.items():
        build = f"import os\nassert not os.path.exists({str(broken)!r})"
        fields: dict[str, Any] = {"repo": str(missing)} if name == "clone-error" else {}
        empty.add(
            name,
            suite,
            build=build if name == "install-error" else "",
            timeout=1 if name == "timeout" else None,
            **fields,
        )
    options = ("--source", "git", "--installer", "uv", "--workers", "4")
    done = empty.hunt(*options).finish()
    assert done.exit_code == 1, done.text
    assert empty.statuses() == {name: name.replace("-", "_") for name in SUITES}, done.text

    broken.unlink()
    missing.symlink_to(empty.root / "upstream" / "clone-error")
    planned = empty.hunt(*options, "--skip-completed", "--dry-run").finish()
    assert "4 have a verdict already" in planned.stdout
    done = empty.hunt(*options, "--skip-completed").finish()
    records = empty.records()
    assert {record["package"] for record in records[len(SUITES) :]} == TRIED_AGAIN
    last = {record["package"]: record["status"] for record in records}
    assert last == {
        **{name: name for name in SUITES},
        "install-error": "pass",
        "clone-error": "pass",
    }
    assert "7 of 7 packages: 3 pass, 1 fail, 1 crash, 1 timeout, 1 error" in done.stdout
    assert done.exit_code == 1


def test_the_same_command_goes_on_with_its_run(workshop: Workshop) -> None:
    arguments = ("--packages", "passes,hangs", "--workers", "2")
    other = workshop.hunt("--packages", "passes", run_id=None).finish()
    assert other.exit_code == 0, other.text
    running = workshop.hunt(*arguments, run_id=None)
    wait_for(lambda: one_has_passed(workshop, 2), running)
    running.signal(signal.SIGTERM)
    assert running.finish().exit_code == 130
    later = workshop.hunt("--packages", "passes", run_id=None).finish()
    assert later.exit_code == 0, later.text
    running = workshop.hunt(*arguments, "--skip-completed", run_id=None)
    wait_for(lambda: "hangs on" in running.output(), running)
    running.signal(signal.SIGTERM)
    done = running.finish()
    assert done.exit_code == 130
    assert "1 of 2 packages: 1 pass" in done.stdout
    assert len(list(workshop.results.iterdir())) == 3


def one_has_passed(workshop: Workshop, runs: int) -> bool:
    paths = list(workshop.results.glob("*/results.jsonl"))
    return len(paths) == runs and all(path.read_bytes() for path in paths)


def test_where_there_is_nothing_to_go_on_with(workshop: Workshop) -> None:
    done = workshop.hunt("--packages", "passes", "--skip-completed", run_id=None).finish()
    assert done.exit_code == 0, done.text
    assert done.error_lines == [
        f"no run of this command in {workshop.results} to go on with: a new one is begun"
    ]


def test_a_second_process_on_one_run_is_refused(workshop: Workshop) -> None:
    first = workshop.hunt("--packages", "hangs")
    wait_for(lambda: "hanging" in workshop.log("hangs"), first)
    refused = [
        "labeille: run r is being written by another process",
        "  hint: wait for it, or give this one another --run-id",
    ]
    second = workshop.hunt("--packages", "passes").finish()
    assert (second.exit_code, second.error_lines) == (2, refused), second.text
    session = workshop.nox("-s", "run-passes").finish()
    assert session.exit_code == 1
    assert "run r is being written by another process (wait for it, or" in session.stderr
    first.signal(signal.SIGTERM)
    assert first.finish().exit_code == 130
    third = workshop.hunt("--packages", "passes").finish()
    assert third.exit_code == 0, third.text


def test_sessions_share_a_run_but_no_package(workshop: Workshop) -> None:
    first = workshop.nox("-s", "run-hangs")
    wait_for(lambda: "hanging" in workshop.log("hangs"), first)
    same = workshop.nox("-s", "run-hangs").finish()
    assert same.exit_code == 1
    assert "hangs in run r is being written by another process (wait for it, or" in same.stderr
    other = workshop.nox("-s", "run-passes").finish()
    assert other.exit_code == 0, other.text
    assert workshop.statuses() == {"passes": "pass"}
    first.signal(signal.SIGTERM)
    assert first.finish().exit_code == 130


def test_the_same_nox_goes_on_with_its_run(workshop: Workshop) -> None:
    hangs = workshop.root / "hangs"
    hangs.touch()
    command = f"test ! -e {hangs} || python suite.py"
    workshop.change("hangs", test_command=command)
    arguments = ("-j", "2", "-s", "run-passes", "run-hangs")
    posargs = [*workshop.options(None), "--timeout", "60"]
    running = workshop.nox(*arguments, posargs=posargs)
    wait_for(lambda: one_has_passed(workshop, 1), running)
    (run,) = workshop.results.iterdir()
    wait_for(lambda: "hanging" in workshop.log("hangs", run_id=run.name), running)
    running.signal(signal.SIGTERM)
    assert running.finish().exit_code == 130
    hangs.unlink()
    done = workshop.nox(*arguments, posargs=[*posargs, "--skip-completed"]).finish()
    assert done.exit_code == 0, done.text
    assert list(workshop.results.iterdir()) == [run]
    assert workshop.statuses(run.name) == {"passes": "pass", "hangs": "pass"}
