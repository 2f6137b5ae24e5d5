"""How a hunt looks on a terminal while it runs: a display that redraws itself."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from labeille.reports.words import STATUS_STYLES, Verbosity, headline, verdict_line
from labeille.results.model import Record, Status

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from labeille.campaigns.plan import HuntPlan
    from labeille.pipeline.job import Job
    from labeille.pipeline.trial import Prepared


class LiveProgress:
    """A display that redraws itself: what each worker does, counts, time left."""

    def __init__(self, plan: HuntPlan, verbosity: Verbosity) -> None:
        self._plan = plan
        self._verbosity = verbosity
        self._console = console = Console()
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self._active: dict[str, tuple[str, float]] = {}
        self._counts: Counter[Status] = Counter()
        self._live = Live(console=console, get_renderable=self._render, refresh_per_second=4)

    def __enter__(self) -> Self:
        self._console.print(headline(self._plan), highlight=False)
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._live.stop()

    def preparing(self, job: Job) -> None:
        """Show the job as being prepared."""
        self._set(job.name, "preparing")

    def testing(self, prepared: Prepared) -> None:
        """Show the job as being tested."""
        self._set(prepared.job.name, "testing")

    def finished(self, record: Record) -> None:
        """Count the verdict; everything but a pass gets a line that stays."""
        with self._lock:
            self._active.pop(record.package, None)
            self._counts[record.status] += 1
        if record.status is not Status.PASS or self._verbosity >= Verbosity.VERBOSE:
            self._live.console.print(
                Text(verdict_line(record), style=STATUS_STYLES[record.status]), soft_wrap=True
            )

    def _set(self, name: str, doing: str) -> None:
        with self._lock:
            self._active[name] = (doing, time.monotonic())

    def _render(self) -> Table:
        now = time.monotonic()
        with self._lock:
            done, total = self._counts.total(), len(self._plan.jobs)
            counts = "  ".join(
                f"[{STATUS_STYLES[status]}]{status} {count}[/]"
                for status, count in sorted(self._counts.items())
            )
            elapsed = now - self._started
            left = _clock(elapsed / done * (total - done)) if done else "?"
            table = Table.grid(padding=(0, 2))
            table.add_row(f"[bold]{done}/{total}[/]", counts, f"{_clock(elapsed)}, {left} left")
            testing = [item for item in self._active.items() if item[1][0] == "testing"]
            for name, (doing, since) in testing:
                table.add_row("", Text(name), f"{doing} {_clock(now - since)}")
            others = [name for name, (doing, _) in self._active.items() if doing != "testing"]
            if others:
                names = ", ".join(others[:4]) + (" …" if len(others) > 4 else "")
                table.add_row("", Text(names, style="dim"), "preparing, or waiting for a slot")
        return table


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
