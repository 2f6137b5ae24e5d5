"""Runs the benchmarks and prints their figures; docs/performance.md says what they mean.

python benchmarks/run.py [NAME…]
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from measuring import REPOSITORY, machine

HERE = Path(__file__).parent

#: In the order of docs/performance.md. Each is a program of its own, so that memory peaks are its.
NAMES = (
    "startup",
    "script_mode",
    "registry_load",
    "resolve",
    "trivial_packages",
    "batch",
    "supervision_output",
    "analysis",
    "report",
)


def main() -> int:
    """Run those that the command line names, or all; returns how many failed."""
    chosen = sys.argv[1:] or NAMES
    unknown = [name for name in chosen if name not in NAMES]
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    # Where labeille is importable without an install.
    paths = [str(REPOSITORY), *filter(None, [os.environ.get("PYTHONPATH")])]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    print(machine(), flush=True)
    failed = 0
    for name in chosen:
        print(flush=True)
        done = subprocess.run((sys.executable, HERE / f"{name}.py"), env=env, check=False)
        failed += done.returncode != 0
    print(f"\n{machine().splitlines()[-1]}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
