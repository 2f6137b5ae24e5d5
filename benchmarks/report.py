"""How long a report of 1,000 packages takes, how large it is, and how soon a browser shows it.

    python benchmarks/report.py

The run is synthetic, with logs, per-test logs and 19 runs before it for the packages' histories.
The browser is Chromium, started anew for each figure; its start is not counted.
"""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measuring import LABEILLE, REPOSITORY, environ, show

sys.path.insert(0, str(REPOSITORY / "tests" / "support"))

from chromium import find_chromium, running_browser
from synthetic_runs import STARTED, Shape, write_hunt

PACKAGES = 1000
RUNS = 20
ROUNDS = 5

#: What is measured, and its command.
CASES = (
    ("report, HTML", ("latest", "-o", "page.html")),
    ("report of two runs, HTML", ("latest~1", "latest", "-o", "two.html")),
    ("report --format markdown", ("latest", "-o", "page.md")),
    ("report --format junit", ("latest", "-o", "page.xml")),
    ("report --format github", ("latest", "--format", "github", "-o", "page.txt")),
)


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        results = folder / "results"
        for number in range(RUNS):
            started = STARTED + dt.timedelta(days=number)
            shape = Shape(packages=PACKAGES, seed=number, started=started)
            write_hunt(results, f"run_{number}", shape, logs=number == RUNS - 1)
        print(f"reports of {PACKAGES} packages, the last of {RUNS} runs")
        env = environ(folder / "cache", PYTHONPATH=str(REPOSITORY))
        for title, words in CASES:
            argv = (*LABEILLE, "report", *words, "--results-dir", str(results))
            figures = [_measure(argv, env, folder) for _ in range(ROUNDS)]
            seconds, cpu = zip(*figures, strict=True)
            show(title, seconds)
            show("  of that CPU time", cpu)
        page = folder / "page.html"
        print(f"size of the page: {page.stat().st_size / 1e6:.1f} MB")
        if find_chromium() is None:
            print("no chromium: nothing painted")
            return
        paints, loads = zip(*(_paint(page, folder / f"p{n}") for n in range(ROUNDS)), strict=True)
        show("first paint in Chromium", paints)
        show("loaded, with its script", loads)


def _measure(argv: tuple[str, ...], env: dict[str, str], folder: Path) -> tuple[float, float]:
    """Seconds that a command took, and seconds of CPU time."""
    before = os.times()
    started = time.perf_counter()
    subprocess.run(argv, check=True, env=env, cwd=folder, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - started
    after = os.times()
    cpu = after.children_user + after.children_system
    return seconds, cpu - before.children_user - before.children_system


def _paint(path: Path, profile: Path) -> tuple[float, float]:
    """Seconds to a page's first paint, and until it is loaded."""
    with running_browser(profile) as browser, browser.page(path) as page:
        paint, load = page.evaluate(
            "[performance.getEntriesByName('first-contentful-paint')[0].startTime,"
            " performance.timing.loadEventStart - performance.timing.navigationStart]"
        )
    return paint / 1000, load / 1000


if __name__ == "__main__":
    main()
