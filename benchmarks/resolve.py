"""How long resolving 5,000 packages takes, against an index on the loopback interface.

    python benchmarks/resolve.py [COUNT]

Each figure is of one run of `labeille resolve`, from its start to its end. The index
(tests/integration/loopback_index.py) has pages of the public one's sizes; it runs beside it, on the
same CPUs.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

from measuring import LABEILLE, REPOSITORY, environ, seconds_of, show

sys.path.insert(0, str(REPOSITORY / "tests" / "integration"))
from loopback_index import project_name, serving

COUNT = 5000


def resolve(names: Path, registry: Path, index: str, cache: Path) -> float:
    """Seconds of one run."""
    settings = {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": index,
        "PIP_EXTRA_INDEX_URL": "",
        "PIP_FIND_LINKS": "",
        "UV_NO_CONFIG": "1",
        "NO_PROXY": "127.0.0.1",
    }
    lists = ("--from-json", str(names), "--registry-dir", str(registry))
    return seconds_of((*LABEILLE, "resolve", "--quiet", *lists), environ(cache, **settings))


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else COUNT
    rows = [{"project": project_name(n), "download_count": count - n} for n in range(count)]
    print(f"resolve: {count} packages from an index on the loopback interface")
    with tempfile.TemporaryDirectory() as scratch:
        names = Path(scratch, "top.json")
        names.write_text(json.dumps({"rows": rows}))
        first, second, third, fourth, fifth = (Path(scratch, name) for name in "abcde")
        cache, expired, troubled = (Path(scratch, name) for name in ("cache", "old", "new"))
        with serving() as index:
            show("cold", [resolve(names, first, index, cache)], digits=1)
            show("warm cache, new registry", [resolve(names, second, index, cache)], digits=1)
            show("the same registry again", [resolve(names, first, index, cache)], digits=1)
        with serving("--max-age", "0") as index:
            resolve(names, third, index, expired)
            seconds = resolve(names, fourth, index, expired)
            show("expired cache, every page confirmed (304)", [seconds], digits=1)
        with serving("--troubles") as index:
            seconds = resolve(names, fifth, index, troubled)
            show("cold, with 404, 429, 500, delays and garbage", [seconds], digits=1)


if __name__ == "__main__":
    main()
