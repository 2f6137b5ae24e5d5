"""What a report shows, whatever kind of run it is about: text, numbers and tones, no markup."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labeille.reports.tones import Tone


class Outcome(enum.StrEnum):
    """What a package's verdict is to a tool that knows four."""

    PASSED = "passed"
    FAILED = "failed"  # it was tested, and something is wrong
    ERROR = "error"  # it could not be tested
    SKIPPED = "skipped"  # it was tested, and nothing follows from it


@dataclass(frozen=True, kw_only=True)
class Count:
    """How many packages have one verdict."""

    word: str
    tone: Tone
    number: int


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One number of the headline with what it counts."""

    value: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Fact:
    """A name and what it is; ``code`` for what is read letter by letter."""

    name: str
    value: str
    code: bool = False


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command line to copy, and what it does."""

    title: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Lines:
    """A stack, a list of tests, a log's end: lines under a title. ``note`` says what is missing."""

    title: str
    lines: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One package, or one test of it, in which something was found."""

    name: str
    anchor: str
    version: str
    facts: tuple[Fact, ...]
    commands: tuple[Command, ...]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One crash by its signature, or one test that behaves differently, with all its cases.

    ``certain``: it was seen and no repetition has contradicted it.
    """

    anchor: str
    label: str
    title: str
    tone: Tone
    certain: bool = True
    remarks: tuple[str, ...] = ()
    detail: str = ""
    stacks: tuple[Lines, ...] = ()
    cases: tuple[Case, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of the table behind status and package; ``minor``: only on wide pages.

    ``unit`` stands behind its figures where there is no head above them.
    """

    name: str
    title: str
    unit: str = ""
    minor: bool = False


@dataclass(frozen=True, kw_only=True)
class Tick:
    """One run in a package's history; ``height`` from 0 to 1."""

    tone: Tone
    height: float


@dataclass(frozen=True, kw_only=True)
class Sparkline:
    """A package's last runs, the oldest first, and the same in words."""

    ticks: tuple[Tick, ...]
    words: str

    @property
    def strokes(self) -> dict[Tone, str]:
        """The ticks as paths of SVG, one a tone: 5 pixels a run, 3 to 18 pixels high."""
        paths: dict[Tone, str] = {}
        for number, tick in enumerate(self.ticks):
            stroke = f"M{5 * number + 2} 18v-{3 + round(15 * tick.height)}"
            paths[tick.tone] = paths.get(tick.tone, "") + stroke
        return paths


@dataclass(frozen=True, kw_only=True)
class TestLine:
    """One test with what is to be said of it."""

    __test__ = False

    id: str
    tone: Tone
    word: str
    message: str = ""


@dataclass(frozen=True, kw_only=True)
class Detail:
    """Everything about one package that has no room in its row."""

    facts: tuple[Fact, ...] = ()
    commands: tuple[Command, ...] = ()
    tests: tuple[TestLine, ...] = ()
    tests_note: str = ""
    logs: tuple[Lines, ...] = ()
    finding: str = ""  # the anchor of the finding that the package belongs to


@dataclass(frozen=True, kw_only=True)
class Row:
    """One package. ``rank`` sorts by gravity, the gravest lowest; ``cells`` are as the columns.

    ``seconds`` is what its tests took, None where they did not run.
    """

    package: str
    anchor: str
    version: str
    word: str
    tone: Tone
    rank: float
    remark: str
    outcome: Outcome
    cells: tuple[str, ...] = ()
    seconds: float | None = None
    history: Sparkline | None = None
    detail: Detail = field(default_factory=Detail)


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A stretch of a lane, in per cent of its width."""

    start: float
    width: float
    tone: Tone
    anchor: str
    words: str


@dataclass(frozen=True, kw_only=True)
class Lane:
    """What one test slot did; ``busy`` in per cent of the time that the run took."""

    name: str
    busy: int
    bars: tuple[Bar, ...]


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A place on the time axis in per cent; ``pause`` for one where time is left out."""

    at: float
    text: str
    pause: bool = False


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """The test slots side by side along one time axis."""

    lanes: tuple[Lane, ...]
    marks: tuple[Mark, ...]
    words: str


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One bar of a chart: its length in per cent of the longest, and the figure it stands for."""

    name: str
    value: str
    length: float
    tone: Tone
    anchor: str = ""


@dataclass(frozen=True, kw_only=True)
class Durations:
    """How long suites took: how many by class of duration, and the slowest."""

    classes: tuple[Measured, ...]
    slowest: tuple[Measured, ...]
    words: str


@dataclass(frozen=True, kw_only=True)
class Change:
    """One difference between two runs."""

    package: str
    anchor: str
    before: str
    before_tone: Tone
    after: str
    after_tone: Tone
    reason: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ChangeGroup:
    """Differences of one class, under what they mean."""

    title: str
    tone: Tone
    changes: tuple[Change, ...] = ()
    lines: tuple[str, ...] = ()
    open: bool = True


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What is different between two runs. ``circumstances`` are the runs' own differences."""

    before: str
    after: str
    words: str
    circumstances: tuple[Fact, ...]
    groups: tuple[ChangeGroup, ...]


@dataclass(frozen=True, kw_only=True)
class Page:
    """One report. Parts that are None or empty are left out."""

    title: str
    kind: str
    run_id: str
    heading: str
    tone: Tone
    subtitle: tuple[str, ...]
    counts: tuple[Count, ...]
    figures: tuple[Figure, ...] = ()
    warnings: tuple[str, ...] = ()
    changes: Changes | None = None
    findings_title: str = "Crashes"
    findings: tuple[Finding, ...] = ()
    findings_number: int | None = None  # where it is not that of the findings listed
    timeline: Timeline | None = None
    durations: Durations | None = None
    columns: tuple[Column, ...] = ()
    rows: tuple[Row, ...] = ()
    facts: tuple[Fact, ...] = field(default=())
    made: str = ""

    def without_empty_columns(self) -> Page:
        """The same page without columns that no row has anything in."""
        used = [
            number
            for number, _ in enumerate(self.columns)
            if any(row.cells[number] for row in self.rows)
        ]
        return replace(
            self,
            columns=tuple(self.columns[number] for number in used),
            rows=tuple(
                replace(row, cells=tuple(row.cells[number] for number in used)) for row in self.rows
            ),
        )

    @property
    def has_history(self) -> bool:
        """Whether any package has earlier runs."""
        return any(row.history for row in self.rows)
