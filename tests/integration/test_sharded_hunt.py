"""A hunt divided over machines: nox's shards, their end, merging them, and reading the whole."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from workshop import Finished, Workshop

STATUSES = {
    "passes": "pass",
    "fails": "fail",
    "crashes": "crash",
    "hangs": "timeout",
    "hangs-too": "timeout",
}


def shard(workshop: Workshop, number: int, *args: str) -> Finished:
    posargs = [
        *workshop.options(None),
        *("--results-dir", str(shard_results(workshop, number))),
        *("--shard", f"{number}/2", "--timeout", "1"),
    ]
    return workshop.nox("-t", "crash-hunt", *args, posargs=posargs).finish()


def shard_results(workshop: Workshop, number: int) -> Path:
    return workshop.root / f"shard-{number}"


def only_run(results: Path) -> Path:
    (run,) = results.iterdir()
    return run


def packages_of(run: Path) -> dict[str, str]:
    lines = (run / "results.jsonl").read_text().splitlines()
    return {record["package"]: record["status"] for record in map(json.loads, lines)}


def test_shards_are_merged_into_the_whole(workshop: Workshop) -> None:
    one, two = shard(workshop, 1), shard(workshop, 2, "-j", "2")
    parts = [packages_of(only_run(shard_results(workshop, number))) for number in (1, 2)]
    assert sorted(map(len, parts)) == [2, 3], (one.text, two.text)
    assert parts[0] | parts[1] == STATUSES
    codes = [int("crashes" in part) for part in parts]
    assert [one.exit_code, two.exit_code] == codes, (one.text, two.text)
    for done, part in ((one, parts[0]), (two, parts[1])):
        *_, total, pointer = [line for line in done.stdout.splitlines() if "crash " not in line]
        assert f": {len(part)} packages: " in total, done.text
        assert "nox -s analyze-run -- run_" in pointer, done.text

    folders = [str(shard_results(workshop, number)) for number in (1, 2)]
    words = ["merge", *folders, "--results-dir", str(workshop.results), "--run-id", "all"]
    merged = workshop.start(*labeille(*words)).finish()
    assert (merged.exit_code, merged.stdout) == (0, f"5 records in {workshop.results}/all\n")
    assert workshop.statuses("all") == STATUSES
    again = workshop.start(*labeille(*words)).finish()
    assert again.exit_code == 2
    assert "/results/all already" in again.error_lines[0]

    options = ["--results-dir", str(workshop.results)]
    found = workshop.nox("-s", "analyze-run", posargs=["all", *options]).finish()
    assert found.exit_code == 0, found.text
    assert "5 packages: 1 pass, 1 fail, 1 crash, 2 timeout" in found.stdout


def labeille(*words: str) -> list[str]:
    return [sys.executable, "-m", "labeille", *words]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("-t crash-hunt -- --shard 3/2", "'3/2' is no shard"),
        ("-t crash-hunt -- --shard", "'' is no shard"),
        ("-s run-passes -- --shard 1/2", "--shard is for batches"),
    ],
)
def test_shards_that_there_are_not(workshop: Workshop, line: str, message: str) -> None:
    before, behind = line.split(" -- ")
    done = workshop.nox(*before.split(), posargs=behind.split()).finish()
    assert done.exit_code == 2, done.text
    assert message in done.error_lines[0]


def test_one_session_needs_no_summing_up(workshop: Workshop) -> None:
    done = workshop.nox("-s", "run-passes").finish()
    assert done.exit_code == 0, done.text
    assert "analyze-run" not in done.stdout


def test_the_sessions_that_analyse(workshop: Workshop) -> None:
    for run_id in ("one", "two"):
        done = workshop.hunt("--packages", "passes,fails", run_id=run_id).finish()
        assert done.exit_code == 0, done.text
    options = ["--results-dir", str(workshop.results)]
    for session, words, expected in (
        ("analyze-compare", ["one", "two"], "2 packages in both: same 2"),
        ("analyze-history", ["--last", "1"], "two"),
        ("analyze-package", ["fails"], "fails: 2 runs: 2 fail"),
    ):
        done = workshop.nox("-s", session, posargs=[*words, *options]).finish()
        assert done.exit_code == 0, done.text
        assert expected in done.stdout
    done = workshop.nox("-s", "analyze-run", posargs=["nix", *options]).finish()
    assert done.exit_code == 1
    assert "there is no run 'nix'" in done.stderr
