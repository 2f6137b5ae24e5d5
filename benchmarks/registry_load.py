"""How long a registry takes to read: names only, cold, warm; medians, each in a fresh process.

    python benchmarks/registry_load.py [REGISTRY]      default: ../shared/data/registry-5000

Each figure is taken inside a new process that has only just begun to import labeille, so imports
count; starting Python itself does not.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROUNDS = 7

_PRELUDE = """
import sys, time
begin = time.perf_counter()
from pathlib import Path
from labeille.registry.store import Registry
registry = Registry(Path(sys.argv[1]))
"""
_EPILOGUE = "\nprint(time.perf_counter() - begin)\n"

#: What is measured, the code that does it, and whether it finds a cache.
CASES = (
    ("names only", "registry.names()", False),
    ("one package", "registry.get(registry.names()[0])", False),
    ("everything, cold", "registry.load_all(); registry.by_downloads()", False),
    ("everything, warm", "registry.load_all(); registry.by_downloads()", True),
    (
        "nox names and tags, warm",
        "from labeille.registry.tags import tagged_names; tagged_names(registry)",
        True,
    ),
    (
        "select --top 50, cold",
        (
            "from labeille.registry.selection import Selection, select\n"
            "select(registry, Selection(top=50), '3.15')"
        ),
        False,
    ),
)


def measure(code: str, root: Path, cache: Path) -> float:
    """Seconds that ``code`` takes in a fresh process, imports included."""
    done = subprocess.run(
        [sys.executable, "-c", _PRELUDE + code + _EPILOGUE, str(root)],
        cwd=Path(__file__).parents[1],  # where labeille is importable without an install
        env={**os.environ, "LABEILLE_CACHE_DIR": str(cache)},
        check=True,
        capture_output=True,
        text=True,
    )
    return float(done.stdout)


def main() -> None:
    default = Path(__file__).parents[2] / "shared" / "data" / "registry-5000"
    root = Path(sys.argv[1] if len(sys.argv) > 1 else default).absolute()
    print(f"{root}: medians of {ROUNDS}, in milliseconds")
    with tempfile.TemporaryDirectory() as scratch:
        for title, code, warm in CASES:
            times = []
            for turn in range(ROUNDS):
                cache = Path(scratch, "warm" if warm else f"{title} {turn}")
                if warm:
                    measure(code, root, cache)
                times.append(measure(code, root, cache))
            print(f"{title:28} {statistics.median(times) * 1000:8.0f}")


if __name__ == "__main__":
    main()
