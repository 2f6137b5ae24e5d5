"""One free-threaded run at a glance: what it was, and a row a package."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from labeille.analysis.freethreading.rates import FailureRate, package_rate
from labeille.reports.document import (
    Block,
    Bullets,
    Code,
    Document,
    Grid,
    Inline,
    Paragraph,
    inline,
)
from labeille.reports.freethreading.words import (
    GRAVITY,
    catch_text,
    category_counts,
    interval_text,
    percent,
    remark,
)
from labeille.reports.words import time_text
from labeille.results.freethreading import Category

if TYPE_CHECKING:
    from labeille.analysis.freethreading.runs import FreeThreadedRun
    from labeille.results.freethreading import FreeThreadedRecord

_COLUMNS = (
    *("package", "version", "category", "passed", "fails", "95 % interval"),
    *("runs to catch", "with GIL", "stress", "remark"),
)
_NUMBERS = frozenset({"passed", "fails", "95 % interval", "runs to catch", "with GIL", "stress"})
_PASSING = (Category.COMPATIBLE, Category.COMPATIBLE_GIL_FALLBACK)


class Order(enum.StrEnum):
    """What ``--sort`` takes."""

    CATEGORY = "category"
    PASS_RATE = "pass_rate"
    NAME = "name"


def show_document(
    run: FreeThreadedRun, *, order: Order = Order.CATEGORY, limit: int | None = None
) -> Document:
    """The run's facts, how many packages each category has, and a row a package."""
    records = sorted_records(run, order)
    blocks: list[Block] = [facts(run)]
    if records:
        blocks += [totals(run), packages_grid(records[:limit])]
        blocks += reservations(run)
    else:
        blocks.append(Paragraph(inline("no package has ended yet")))
    if limit is not None and len(records) > limit:
        blocks.append(Paragraph(inline(f"… and {len(records) - limit} more")))
    return Document(f"free-threaded run {run.run_id}", tuple(blocks))


def sorted_records(run: FreeThreadedRun, order: Order) -> list[FreeThreadedRecord]:
    """A run's records: by gravity, by pass rate with the lowest first, or by name."""
    records = sorted(run.records.values(), key=lambda record: record.package)
    if order is Order.CATEGORY:
        records.sort(key=lambda record: (GRAVITY.index(record.category), record.pass_rate))
    elif order is Order.PASS_RATE:
        records.sort(key=lambda record: (not package_rate(record).runs, record.pass_rate))
    return records


def facts(run: FreeThreadedRun) -> Block:
    """What was run on what, when, and whether to its end."""
    meta, target = run.meta, run.meta.target or {}
    python = meta.target_python or str(meta.python_profile.get("executable", "") or "")
    version = str(target.get("version") or meta.python_version.partition(" ")[0])
    lines: list[Inline] = []
    if python or version:
        lines.append(inline("target: ", Code(python), f" {version}".rstrip()))
    lines.append(inline("started: ", time_text(run.stored.started.isoformat()), _ended(run)))
    iterations = meta.config.get("iterations")
    if isinstance(iterations, int):
        how = f"iterations: {iterations} a package with PYTHON_GIL=0"
        how += ", as many with PYTHON_GIL=1" if meta.config.get("compare_with_gil") else ""
        threads = meta.config.get("stress_threads")
        how += f", as many with each test in {threads} threads" if threads else ""
        lines.append(inline(how))
    if meta.hostname:
        lines.append(inline(f"machine: {meta.hostname}, {meta.platform}"))
    lines.append(inline("kept in: ", Code(str(run.path))))
    if run.lines.unreadable:
        lines.append(inline(f"{run.lines.unreadable} lines of its results cannot be read"))
    return Bullets(tuple(lines))


def totals(run: FreeThreadedRun) -> Block:
    """How many packages each category has."""
    records = list(run.records.values())
    of = f" of {run.planned}" if run.unfinished else ""
    noun = "package" if len(records) == 1 and not of else "packages"
    counts = ", ".join(f"{count} {category}" for category, count in category_counts(records))
    return Paragraph(inline(f"{len(records)}{of} {noun}: {counts}"))


def reservations(run: FreeThreadedRun) -> list[Block]:
    """What passing iterations leave open: the rate of failures that may have gone unseen."""
    passing = [
        rate.runs
        for record in run.records.values()
        if record.category in _PASSING and (rate := package_rate(record)).runs
    ]
    if not passing:
        return []
    fewest = FailureRate(0, min(passing))
    return [
        Paragraph(
            inline(
                f"{fewest.runs} iterations that all pass leave room for a suite that fails in up "
                f"to {percent(fewest.interval.high)} of its runs (95 % interval)"
            )
        )
    ]


def packages_grid(records: list[FreeThreadedRecord]) -> Grid:
    """A row a package; columns that nobody has anything in are left out."""
    rows = [_row(record) for record in records]
    kept = [
        index
        for index, column in enumerate(_COLUMNS)
        if index < len(_COLUMNS[:4]) or any(row[index] for row in rows)
    ]
    return Grid(
        columns=tuple(_COLUMNS[index] for index in kept),
        rows=tuple(tuple(row[index] for index in kept) for row in rows),
        numbers=_NUMBERS,
    )


def _row(record: FreeThreadedRecord) -> tuple[Inline, ...]:
    rate = package_rate(record)
    return (
        inline(record.package),
        _cell(record.package_version or record.sdist_version or (record.commit or "")[:12]),
        inline(record.category.value),
        _cell(f"{rate.runs - rate.failures}/{rate.runs}" if rate.runs else ""),
        _cell(percent(rate.rate) if rate.failures else ""),
        _cell(interval_text(rate) if rate.failures else ""),
        _cell(catch_text(rate) if rate.is_intermittent else ""),
        _cell(_share(record.gil_enabled_pass_rate)),
        _cell(_share(record.stress_pass_rate)),
        remark(record),
    )


def _cell(text: str) -> Inline:
    return inline(text) if text else ()


def _share(rate: float | None) -> str:
    return "" if rate is None else f"{percent(rate)} pass"


def _ended(run: FreeThreadedRun) -> str:
    finished = run.meta.finished_at
    if finished:
        return f", to {time_text(finished)}"
    return f", not finished: {len(run.records)} of {run.planned} packages" if run.unfinished else ""
