"""What the options of ``labeille ft run`` become, and what of them is refused at the door."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from labeille.campaigns.freethreading.plan import Manner, plan_free_threaded
from labeille.cli.ft import PACKAGE_COMMAND, exit_code, parse_wishes, run
from labeille.errors import ExitCode, LabeilleError, UsageError
from labeille.results.freethreading import Category, FreeThreadedRecord

if TYPE_CHECKING:
    from labeille.campaigns.freethreading.plan import FreeThreadedWishes


def parse(*args: str) -> FreeThreadedWishes:
    """The wishes of a command line, parsed as click does it."""
    with run.make_context("ft run", list(args)) as context:
        return parse_wishes(context.params, ["ft", "run", *args])


def test_the_defaults() -> None:
    wishes = parse()
    assert wishes.manner == Manner(iterations=10, detect_extensions=True)
    assert (wishes.timeout, wishes.stall_threshold, wishes.workers) == (None, 60.0, None)
    assert wishes.cli_args == ("ft", "run")


@pytest.mark.parametrize(
    ("args", "field", "expected"),
    [
        (["--iterations", "3"], "iterations", 3),
        (["--parallel-iterations"], "parallel_iterations", True),
        (["--compare-with-gil"], "compare_with_gil", True),
        (["--stop-on-first-pass"], "stop_on_first_pass", True),
        (["--until-decided"], "until_decided", True),
        (["--no-detect-extensions"], "detect_extensions", False),
        (["--detect-extensions"], "detect_extensions", True),
        (["--tsan"], "tsan", True),
        (["--stress-threads", "8"], "stress_threads", 8),
    ],
)
def test_manners(args: list[str], field: str, expected: object) -> None:
    assert getattr(parse(*args).manner, field) == expected


@pytest.mark.parametrize(
    ("args", "field", "expected"),
    [
        (["--stall-threshold", "5"], "stall_threshold", 5.0),
        (["--stall-threshold", "0"], "stall_threshold", 0.0),
        (["--timeout", "30"], "timeout", 30.0),
        (["--workers", "3"], "workers", 3),
        (["--run-id", "ft_x"], "run_id", "ft_x"),
        (["--env", "A=1"], "env", {"A": "1"}),
        (["--extra-deps", "attrs,six"], "extra_deps", ("attrs", "six")),
        (["--test-command-suffix", "-k x"], "test_command_suffix", "-k x"),
        (["--test-command-override", "true"], "test_command_override", "true"),
        (["--skip-completed"], "skip_completed", True),
    ],
)
def test_shared_options(args: list[str], field: str, expected: object) -> None:
    assert getattr(parse(*args), field) == expected


def test_a_suppressions_file_is_found_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "supp.txt").touch()
    monkeypatch.chdir(tmp_path)
    assert parse("--tsan-suppressions", "supp.txt").manner.tsan_suppressions == (
        tmp_path / "supp.txt"
    )


@pytest.mark.parametrize(
    "args",
    [
        ["--iterations", "0"],
        ["--iterations", "x"],
        ["--stress-threads", "1"],
        ["--stall-threshold", "-1"],
        ["--tsan-suppressions", "/no/such/file"],
        ["--condition", "gil"],
    ],
)
def test_what_click_refuses(args: list[str]) -> None:
    with pytest.raises(click.ClickException):
        parse(*args)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--env", "PYTHON_GIL=1"], "--env PYTHON_GIL is set by labeille itself"),
        (["--target-python", sys.executable, "--tsan"], "was not built with ThreadSanitizer"),
        (["--target-python", sys.executable], "is not a free-threaded build"),
        (["--target-python", "/no/python"], "/no/python"),
    ],
)
def test_what_no_campaign_can_be_planned_for(tmp_path: Path, args: list[str], message: str) -> None:
    (tmp_path / "packages").mkdir()
    (tmp_path / "packages" / "six.yaml").write_text("package: six\nenriched: true\n")
    places = ["--registry-dir", str(tmp_path), "--results-dir", str(tmp_path / "results")]
    wishes = parse(*places, "--packages", "six", *args)
    with pytest.raises(LabeilleError, match=message) as caught:
        plan_free_threaded(wishes, report=lambda _: None)
    assert caught.value.exit_code is ExitCode.USAGE
    assert caught.value.hint


@pytest.mark.parametrize(
    ("categories", "code"),
    [
        ([], ExitCode.OK),
        ([Category.COMPATIBLE, Category.INTERMITTENT, Category.INSTALL_FAILURE], ExitCode.OK),
        ([Category.COMPATIBLE, Category.DEADLOCK], ExitCode.CRASH_FOUND),
        ([Category.CRASH], ExitCode.CRASH_FOUND),
        ([Category.TSAN_WARNINGS], ExitCode.CRASH_FOUND),
    ],
)
def test_exit_codes(categories: list[Category], code: ExitCode) -> None:
    records = [FreeThreadedRecord(package="a", category=category) for category in categories]
    assert exit_code(records) is code


def test_a_session_takes_the_options_of_one_package() -> None:
    options = PACKAGE_COMMAND.parse("six", ["--iterations", "2", "--revision", "1.16.0"])
    assert (options["iterations"], options["packages"]) == (2, ("six@1.16.0",))
    with pytest.raises(UsageError, match="--top is for batches"):
        PACKAGE_COMMAND.parse("six", ["--top", "3"])
