"""How well two workers are used over ten real packages: seconds of tests by seconds of workers.

    python benchmarks/batch.py [PACKAGE…]

Sources come from the package index as sdists. The first run, which is not measured, fetches and
builds everything; the measured ones find all of it, and durations to order by.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from measuring import LABEILLE, REPOSITORY, environ, show

ROUNDS = 3
WORKERS = 2

#: Ten of ours of which none takes half of the whole time: packaging and pyparsing would.
PACKAGES = (
    "attrs", "click", "idna", "itsdangerous", "jinja2", "more-itertools", "simplejson", "toolz",
    "werkzeug", "wrapt",
)  # fmt: skip


def main() -> None:
    """Print the figures."""
    packages = sys.argv[1:] or PACKAGES
    print(f"a batch of {len(packages)} packages, {WORKERS} workers: {', '.join(packages)}")
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        _run(scratch, "cold", packages)
        runs = [_run(scratch, f"warm-{turn}", packages) for turn in range(ROUNDS)]
        tests = [sum(_durations(scratch, f"warm-{turn}")) for turn in range(ROUNDS)]
        longest = [max(_durations(scratch, f"warm-{turn}")) for turn in range(ROUNDS)]
    walls = [wall for wall, _ in runs]
    show("wall", walls, digits=1)
    show("suites together", tests, digits=1)
    show("the longest suite", longest, digits=1)
    used = [test / (wall * WORKERS) for test, wall in zip(tests, walls, strict=True)]
    show("suites / (wall × workers)", used, unit="")
    show("labeille's own peak memory", [peak for _, peak in runs], unit="MiB", digits=0)


def _run(scratch: Path, run_id: str, packages: list[str] | tuple[str, ...]) -> tuple[float, float]:
    """Run the batch once: its seconds, and the peak of the main process's memory in MiB."""
    argv = (
        *LABEILLE, "run",
        "--registry-dir", str(REPOSITORY / "registry"),
        "--work-dir", str(scratch / "work"),
        "--results-dir", str(scratch / "results"),
        "--run-id", run_id,
        "--source", "sdist",
        "--workers", str(WORKERS),
        "--packages", ",".join(packages),
    )  # fmt: skip
    peak = 0.0
    log = scratch / f"{run_id}.log"
    with log.open("wb") as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            argv, cwd=REPOSITORY, env=environ(scratch / "cache"), stdout=output, stderr=output
        )
        while process.poll() is None:
            peak = max(peak, _peak(process.pid))
            time.sleep(0.02)
        seconds = time.perf_counter() - started
    if process.returncode not in (0, 1):
        raise SystemExit(log.read_text())
    return seconds, peak


def _peak(pid: int) -> float:
    """The largest resident set that a process had so far, in MiB; its children do not count."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


def _durations(scratch: Path, run_id: str) -> list[float]:
    """Seconds that each suite took."""
    text = (scratch / "results" / run_id / "results.jsonl").read_text()
    records: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]
    return [record["duration_seconds"] for record in records]


if __name__ == "__main__":
    main()
