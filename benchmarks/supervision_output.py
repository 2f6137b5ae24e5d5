"""What supervision costs: the time to start a command, and speed and memory of a flood of output.

python benchmarks/supervision_output.py [MEGABYTES]
"""

from __future__ import annotations

import os
import resource
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

from labeille.supervision.model import MIB, Command, Outcome
from labeille.supervision.run import supervise

STARTS = 20


def main() -> None:
    """Print the figures."""
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as folder:
        trivial = _command(Path(folder), "true")
        times = [_timed(trivial)[0] for _ in range(STARTS)]
        print(f"start and end of `true`: {statistics.median(times) * 1000:.0f} ms (median)")

        # head, unlike a Python, is smaller than the keeper: children's peak is the keeper's.
        flood = _command(Path(folder), "head", "-c", f"{megabytes}000000", "/dev/zero")
        before = _peak(resource.RUSAGE_SELF)
        seconds, outcome = _timed(flood)
        grown = _peak(resource.RUSAGE_SELF) - before
        print(
            f"{outcome.stdout.total / 1e6:.0f} MB: {outcome.stdout.total / 1e6 / seconds:.0f} MB/s"
        )
        print(f"peak memory: labeille +{grown:.1f} MiB, keeper {_keeper_peak():.1f} MiB")

        started = time.perf_counter()
        floods = [_command(Path(folder, str(i)), *flood.argv) for i in range(2)]
        threads = [threading.Thread(target=supervise, args=(flood,)) for flood in floods]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        total = 2 * megabytes / (time.perf_counter() - started)
        print(f"two at a time: {total:.0f} MB/s together, on {os.cpu_count()} cores")


def _command(folder: Path, *argv: str) -> Command:
    folder.mkdir(exist_ok=True)
    return Command(
        argv=argv,
        cwd=folder,
        env={"PATH": os.environ["PATH"]},
        stdout=folder / "stdout.log",
        stderr=folder / "stderr.log",
    )


def _timed(command: Command) -> tuple[float, Outcome]:
    started = time.perf_counter()
    outcome = supervise(command)
    return time.perf_counter() - started, outcome


def _peak(who: int) -> float:
    """The largest resident set in MiB."""
    return resource.getrusage(who).ru_maxrss * 1024 / MIB


def _keeper_peak() -> float:
    return _peak(resource.RUSAGE_CHILDREN)


if __name__ == "__main__":
    main()
