"""How long stored runs take to be analysed: 100 runs of 5,000 records, and one of them.

    python benchmarks/analysis.py

The runs are synthetic, of five kinds that come up twenty times each; each record has fifteen
installed dependencies, and a failed one the end of its standard error, as real ones have.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from measuring import LABEILLE, REPOSITORY, environ, show

if TYPE_CHECKING:
    from collections.abc import Sequence

sys.path.insert(0, str(REPOSITORY / "tests" / "support"))

from synthetic_runs import STARTED, Shape, make_records, write_records

RUNS = 100
PACKAGES = 5000
KINDS = 5
ROUNDS = 5

DEPENDENCIES = {f"some-dependency-{number}": f"{number}.4.2" for number in range(15)}
STANDARD_ERROR = "Traceback (most recent call last):\n" * 80

#: What is measured, and its command.
CASES = (
    (f"analyze history, {RUNS} × {PACKAGES}", ("history",)),
    ("analyze run", ("run",)),
    ("analyze run --json", ("run", "--json")),
    ("analyze compare", ("compare", "latest~1", "latest", "--only-changes")),
    (f"analyze package, {RUNS} runs", ("package", "async-utils-core")),
)


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder, "results")
        _write_runs(results)
        size = sum(path.stat().st_size for path in results.glob("*/results.jsonl")) / 1e6
        print(f"analysing {RUNS} runs of {PACKAGES} records, {size:.0f} MB")
        for title, words in CASES:
            argv = (*LABEILLE, "analyze", *words, "--results-dir", str(results))
            figures = [_measure(argv, environ(Path(folder, "cache"))) for _ in range(ROUNDS)]
            seconds, cpu, peak = zip(*figures, strict=True)
            show(title, seconds)
            show("  of that CPU time", cpu)
            show("  peak memory", peak, unit="MiB", digits=0)


def _write_runs(results: Path) -> None:
    for kind in range(KINDS):
        shape = Shape(packages=PACKAGES, seed=kind, started=STARTED)
        records = [
            msgspec.structs.replace(
                record,
                installed_dependencies={**DEPENDENCIES, **record.installed_dependencies},
                stderr_tail="" if record.exit_code == 0 else STANDARD_ERROR,
            )
            for record in make_records(shape)
        ]
        for number in range(kind, RUNS, KINDS):
            started = STARTED - dt.timedelta(days=RUNS - number)
            name = f"run_{started:%Y%m%d_%H%M%S}-{number}"
            if number == kind:
                first = write_records(results, name, records, shape)
            else:
                shutil.copytree(first, results / name)
            meta = results / name / "run_meta.json"
            stamp = STARTED.isoformat().encode()
            content = (first / meta.name).read_bytes()
            meta.write_bytes(content.replace(stamp, started.isoformat().encode()))


def _measure(argv: Sequence[str], env: dict[str, str]) -> tuple[float, float, float]:
    """A command's seconds, its seconds of CPU time, and its peak of memory in MiB."""
    started = time.perf_counter()
    process = subprocess.Popen(argv, cwd=REPOSITORY, env=env, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(argv)}: exit code {process.returncode}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


if __name__ == "__main__":
    main()
