"""How benchmarks measure and print: medians with their spread, labeille as a user starts it."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

REPOSITORY = Path(__file__).resolve().parents[1]

#: Each command is started by the Python that runs the benchmarks; all from the repository.
LABEILLE = (sys.executable, "-m", "labeille")
NOX = (sys.executable, "-m", "nox")

#: What a developer's shell may hold and would change what is measured.
_FOREIGN = re.compile(r"PYTHONDONTWRITEBYTECODE|PYTHONOPTIMIZE|NOXSESSION|LABEILLE_(?!TARGET).*")


def environ(cache: Path, **variables: str) -> dict[str, str]:
    """The environment of a measured command: a user's own, with labeille's caches in ``cache``."""
    env = {name: value for name, value in os.environ.items() if not _FOREIGN.fullmatch(name)}
    return env | {"LABEILLE_CACHE_DIR": str(cache), **variables}


def seconds_of(
    argv: Sequence[str], env: Mapping[str, str], *, until: str | None = None, cwd: Path = REPOSITORY
) -> float:
    """Seconds that a command takes to its end, or to the first line that starts with ``until``.

    Raises SystemExit with the command's output where it fails, or never prints such a line.
    """
    lines: list[str] = []
    seen: float | None = None
    started = time.perf_counter()
    with subprocess.Popen(
        argv, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if seen is None and until is not None and line.startswith(until):
                seen = time.perf_counter() - started
        process.wait()
    ended = time.perf_counter() - started
    if process.returncode != 0 or (until is not None and seen is None):
        raise SystemExit(f"{' '.join(argv)}: exit code {process.returncode}\n{''.join(lines)}")
    return ended if seen is None else seen


def five_thousand(scratch: Path) -> Path:
    """A registry of 5,000 packages: the one beside the repository, else one made in ``scratch``."""
    shared = REPOSITORY.parent / "shared" / "data" / "registry-5000"
    return shared if shared.is_dir() else _make_registry(scratch / "registry", 5000)


def _make_registry(root: Path, count: int) -> Path:
    """A registry of as many packages, each the copy of one of ours under another name."""
    packages = root / "packages"
    packages.mkdir(parents=True)
    templates = sorted((REPOSITORY / "registry" / "packages").glob("*.yaml"))
    index = ["last_updated: null", "packages:"]
    for number in range(count):
        template = templates[number % len(templates)]
        first = number < len(templates)
        name = template.stem if first else f"{template.stem}-{number}"
        text = template.read_text().replace(f"package: {template.stem}\n", f"package: {name}\n", 1)
        (packages / f"{name}.yaml").write_text(text)
        index += [f"- name: {name}", f"  download_count: {count - number}"]
    (root / "index.yaml").write_text("\n".join(index) + "\n")
    return root


def show(title: str, values: Sequence[float], unit: str = "s", digits: int = 2) -> None:
    """Print a figure: the median of some values and, in brackets, the smallest and the largest."""
    median = f"{statistics.median(values):.{digits}f}"
    spread = f"{min(values):.{digits}f}–{max(values):.{digits}f}"
    print(f"  {title:52} {median:>8} {unit}  ({spread}, n={len(values)})", flush=True)


def machine() -> str:
    """The machine and its state, in lines."""
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"{len(models)} × {models[0] if models else os.uname().machine}, {memory:.0f} GiB, "
        f"{os.uname().sysname} {os.uname().release}\n"
        f"Python {sys.version.split()[0]}, load {load}, {time.strftime('%Y-%m-%d %H:%M')}"
    )
