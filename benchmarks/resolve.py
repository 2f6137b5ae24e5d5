"""How long it takes to resolve thousands of packages, against an index on the loopback interface.

    python benchmarks/resolve.py [COUNT]      default: 5000

Each figure is of one run of `labeille resolve` in a fresh process, from its start to its end. The
index (tests/integration/loopback_index.py) runs beside it, on the same CPUs.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

COUNT = 5000
CHECKOUT = Path(__file__).absolute().parents[1]
INDEX = CHECKOUT / "tests" / "integration" / "loopback_index.py"


@contextlib.contextmanager
def serving(*options: str) -> Iterator[str]:
    """The URL of the index's Simple API, while the block runs."""
    command = [sys.executable, str(INDEX), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{server.stdout.readline().strip()}/simple/"
        finally:
            server.kill()


def resolve(names: Path, registry: Path, index: str, cache: Path) -> tuple[float, str]:
    """Seconds of one run, and the first line of its summary."""
    own = {
        name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_"))
    }
    begin = time.perf_counter()
    done = subprocess.run(
        [
            *(sys.executable, "-m", "labeille", "resolve", "--quiet"),
            *("--from-json", str(names), "--registry-dir", str(registry)),
        ],
        cwd=CHECKOUT,  # where labeille is importable without an install
        env={
            **own,
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_INDEX_URL": index,
            "UV_NO_CONFIG": "1",
            "LABEILLE_CACHE_DIR": str(cache),
            "NO_PROXY": "127.0.0.1",
        },
        check=True,
        capture_output=True,
        text=True,
    )
    return time.perf_counter() - begin, done.stdout.splitlines()[0]


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else COUNT
    rows = [{"project": f"project-{n:05}", "download_count": count - n} for n in range(count)]
    print(f"{count} packages, in seconds")
    with tempfile.TemporaryDirectory() as scratch:
        names = Path(scratch, "top.json")
        names.write_text(json.dumps({"rows": rows}))
        cache = Path(scratch, "cache")
        registry = Path(scratch, "registry")

        def show(title: str, seconds: float, said: str) -> None:
            print(f"{title:44} {seconds:6.1f}   {said}")

        with serving() as index:
            show("cold", *resolve(names, registry, index, cache))
            show("warm cache, empty registry", *resolve(names, Path(scratch, "b"), index, cache))
            show("the same registry again", *resolve(names, registry, index, cache))
        with serving("--max-age", "0") as index:
            resolve(names, Path(scratch, "c"), index, Path(scratch, "old"))
            told = resolve(names, Path(scratch, "d"), index, Path(scratch, "old"))
            show("expired cache, every page confirmed (304)", *told)
        with serving("--troubles") as index:
            told = resolve(names, Path(scratch, "e"), index, Path(scratch, "troubled"))
            show("cold, with 404, 429, 500, delays and garbage", *told)


if __name__ == "__main__":
    main()
