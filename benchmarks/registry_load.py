"""How long a registry takes to read: names only, one package, everything; cold and warm.

    python benchmarks/registry_load.py [REGISTRY]      default: ../shared/data/registry-5000

Each figure is taken inside a new process that has only just begun to import labeille, so imports
count; starting Python itself does not.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from measuring import REPOSITORY, environ, five_thousand, show

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
        "from labeille.registry.tags import tagged_names; list(tagged_names(registry))",
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


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        root = Path(sys.argv[1]).absolute() if len(sys.argv) > 1 else five_thousand(scratch)
        print(f"reading {root.name}, imports included")
        for title, code, warm in CASES:
            times = []
            for turn in range(ROUNDS):
                cache = scratch / ("warm" if warm else f"{title} {turn}")
                if warm:
                    _measure(code, root, cache)
                times.append(_measure(code, root, cache) * 1000)
            show(title, times, "ms", digits=0)


def _measure(code: str, root: Path, cache: Path) -> float:
    """Seconds that ``code`` takes in a fresh process, imports included."""
    done = subprocess.run(
        [sys.executable, "-c", _PRELUDE + code + _EPILOGUE, str(root)],
        cwd=REPOSITORY,
        env=environ(cache),
        check=True,
        capture_output=True,
        text=True,
    )
    return float(done.stdout)


if __name__ == "__main__":
    main()
