"""What supervision costs: the time to start a command, and speed and memory of a flood of output.

python benchmarks/supervision_output.py [MEGABYTES]
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import threading
import time
from pathlib import Path

from measuring import show

from labeille.supervision.model import MIB, Command, Outcome
from labeille.supervision.run import supervise

STARTS = 25
ROUNDS = 7


def main() -> None:
    """Print the figures."""
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    print(f"supervision; a trial that prints {megabytes} MB")
    with tempfile.TemporaryDirectory() as folder:
        trivial = _command(Path(folder), "true")
        starts = [_timed(trivial)[0] * 1000 for _ in range(STARTS)]
        show("start and end of `true`", starts, "ms", digits=0)

        # head, unlike a Python, is smaller than the keeper: children's peak is the keeper's.
        flood = _command(Path(folder), "head", "-c", f"{megabytes}000000", "/dev/zero")
        before = _peak(resource.RUSAGE_SELF)
        speeds = [_speed(flood) for _ in range(ROUNDS)]
        grown = _peak(resource.RUSAGE_SELF) - before
        show("one trial", speeds, "MB/s", digits=0)
        print(f"  peak memory: labeille +{grown:.1f} MiB, its keeper {_keeper_peak():.1f} MiB")
        kept = sum(path.stat().st_size for path in Path(folder).glob("*.log")) / MIB
        print(f"  kept on disk: {kept:.1f} MiB")

        floods = [_command(Path(folder, str(i)), *flood.argv) for i in range(2)]
        together = [2 * megabytes / _all_at_once(floods) for _ in range(ROUNDS)]
        show(f"two trials at a time, together, {os.cpu_count()} cores", together, "MB/s", digits=0)


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


def _speed(command: Command) -> float:
    """Megabytes a second of what a command prints."""
    seconds, outcome = _timed(command)
    return outcome.stdout.total / 1e6 / seconds


def _all_at_once(commands: list[Command]) -> float:
    """Seconds that commands take together."""
    threads = [threading.Thread(target=supervise, args=(command,)) for command in commands]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - started


def _peak(who: int) -> float:
    """The largest resident set in MiB."""
    return resource.getrusage(who).ru_maxrss * 1024 / MIB


def _keeper_peak() -> float:
    return _peak(resource.RUSAGE_CHILDREN)


if __name__ == "__main__":
    main()
