"""How long commands take to start over a registry of 5,000 packages, and what they read.

    python benchmarks/startup.py [REGISTRY]      default: ../shared/data/registry-5000

Warm is a second start, as a user sees it: labeille's caches and compiled modules stand. Cold is a
start without labeille's own caches: package files are read and interpreters asked anew.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from measuring import LABEILLE, NOX, REPOSITORY, environ, five_thousand, seconds_of, show

ROUNDS = 9
COLD_ROUNDS = 3

#: What is measured, its command, and the line that ends the measurement (None: its end).
CASES: tuple[tuple[str, tuple[str, ...], str | None], ...] = (
    ("labeille --version", (*LABEILLE, "--version"), None),
    ("labeille --help", (*LABEILLE, "--help"), None),
    ("labeille run --dry-run", (*LABEILLE, "run", "--dry-run"), None),
    ("labeille run --dry-run --top 50", (*LABEILLE, "run", "--dry-run", "--top", "50"), None),
    (
        "labeille run --dry-run --packages idna",
        (*LABEILLE, "run", "--dry-run", "--packages", "idna"),
        None,
    ),
    ("nox --version", (*NOX, "--version"), None),
    ("nox -l", (*NOX, "-l"), None),
    ("nox -l -t top50", (*NOX, "-l", "-t", "top50"), None),
    ("nox -l -t crash-hunt", (*NOX, "-l", "-t", "crash-hunt"), None),
    (
        "nox -s run-idna, to the session's first line",
        (*NOX, "-s", "run-idna", "--", "--dry-run"),
        "idna on ",
    ),
)

#: Runs a module as ``python -m`` does and prints how many package files it opened.
_COUNTING = """
import atexit, os, runpy, sys
opened = set()
def look(event, args):
    if event == "open" and isinstance(args[0], str):
        folder, name = os.path.split(args[0])
        if folder.endswith("/packages") and name.endswith(".yaml"):
            opened.add(name)
sys.addaudithook(look)
atexit.register(lambda: print(f"\\npackage files: {len(opened)}", flush=True))
sys.argv[1:2] = []
sys.path.insert(0, "")
runpy.run_module(MODULE, run_name="__main__", alter_sys=True)
"""


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        registry = Path(sys.argv[1]).absolute() if len(sys.argv) > 1 else five_thousand(scratch)
        count = sum(1 for _ in (registry / "packages").iterdir())
        print(f"starting, over {registry.name} with {count} packages")
        for title, argv, until in CASES:
            warm = environ(scratch / "warm", LABEILLE_REGISTRY_DIR=str(registry))
            seconds_of(argv, warm, until=until)
            show(title, [seconds_of(argv, warm, until=until) for _ in range(ROUNDS)])
            if argv[-1] == "--version":
                continue
            cold = []
            for turn in range(COLD_ROUNDS):
                cache = Path(scratch, title, str(turn))
                env = environ(cache, LABEILLE_REGISTRY_DIR=str(registry))
                cold.append(seconds_of(argv, env, until=until))
            env = environ(Path(scratch, title, "count"), LABEILLE_REGISTRY_DIR=str(registry))
            read = (_files_read(argv, env), _files_read(argv, env))
            show(f"  cold; reads {read[0]} package files, warm {read[1]}", cold)


def _files_read(argv: tuple[str, ...], env: dict[str, str]) -> int:
    """How many package files a command opens."""
    code = _COUNTING.replace("MODULE", repr(argv[2] + ".__main__"))
    done = subprocess.run(
        (sys.executable, "-c", code, *argv[2:]),
        cwd=REPOSITORY, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        check=True,
    )  # fmt: skip
    return int(done.stdout.rpartition("package files: ")[2])


if __name__ == "__main__":
    main()
