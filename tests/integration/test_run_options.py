"""What the options of ``labeille run`` do to a batch, its output and its exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from workshop import Workshop


@pytest.mark.parametrize(
    ("packages", "options", "exit_code"),
    [
        ("passes", "--strict", 0),
        ("passes,fails", "", 0),
        ("passes,fails", "--strict", 1),
        ("passes,hangs", "--timeout 0.5", 0),
        ("crashes,hangs", "--stall-threshold 0.5", 1),
    ],
)
def test_exit_codes(workshop: Workshop, packages: str, options: str, exit_code: int) -> None:
    done = workshop.hunt("--packages", packages, *options.split()).finish()
    assert done.exit_code == exit_code, done.text
    status = {"hangs": "timeout", "fails": "fail", "crashes": "crash", "passes": "pass"}
    assert workshop.statuses() == {name: status[name] for name in packages.split(",")}


def test_stop_after_crash(workshop: Workshop) -> None:
    """The hanging suite is under way then: it is ended, and has no record."""
    options = ("--packages", "crashes,hangs", "--workers", "2", "--stop-after-crash", "1")
    done = workshop.hunt(*options).finish()
    assert done.exit_code == 1, done.text
    assert workshop.statuses() == {"crashes": "crash"}
    assert "stopped after 1 crash" in (workshop.results / "r" / "run.log").read_text()


def test_dry_run_touches_nothing(workshop: Workshop) -> None:
    done = workshop.hunt("--packages", "passes,fails", "--dry-run").finish()
    assert done.exit_code == 0
    headline, *listed = done.stdout.splitlines()
    assert headline.startswith("2 packages on ")
    assert listed == ["  passes", "  fails"]
    assert not workshop.results.exists()
    verbose = workshop.hunt("--packages", "passes@main", "--dry-run", "-v").finish()
    assert "  passes@main: pip install -e . ; python suite.py" in verbose.stdout


def test_quiet(workshop: Workshop) -> None:
    done = workshop.hunt("--packages", "passes,fails", "-q").finish()
    assert done.stdout == (f"2 of 2 packages: 1 pass, 1 fail\n\nresults: {workshop.results}/r\n"), (
        done.text
    )


def test_verbose(workshop: Workshop) -> None:
    done = workshop.hunt("--packages", "passes,fails", "-v").finish()
    assert "passes: preparing" in done.stdout
    assert "/work/venvs/passes/" in done.stdout
    assert "(reused)" in done.stdout


def test_a_package_without_a_test_command(workshop: Workshop) -> None:
    workshop.change("passes", test_command="")
    done = workshop.hunt("--packages", "passes").finish()
    assert done.exit_code == 0, done.text
    (record,) = workshop.records()
    assert record["status"] == "error"
    assert record["reason"].startswith("there is no test command for passes (set test_command")
