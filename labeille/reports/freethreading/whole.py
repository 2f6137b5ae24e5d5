"""A free-threaded run as one document: what was found, in which packages, and how to repeat it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from labeille.analysis.freethreading.compat import GilVerdict, compat_of
from labeille.analysis.freethreading.flaky import flaky_packages
from labeille.reports.document import (
    Block,
    Bullets,
    Code,
    Document,
    Grid,
    Heading,
    Inline,
    Listing,
    Paragraph,
    inline,
)
from labeille.reports.freethreading.compat import compat_grid
from labeille.reports.freethreading.compat import package_blocks as compat_blocks
from labeille.reports.freethreading.flaky import package_blocks as flaky_blocks
from labeille.reports.freethreading.show import (
    Order,
    facts,
    packages_grid,
    reservations,
    sorted_records,
)
from labeille.reports.freethreading.words import GRAVITY, MEANINGS, category_counts
from labeille.reports.words import one_line

if TYPE_CHECKING:
    from labeille.analysis.freethreading.runs import FreeThreadedRun
    from labeille.results.freethreading import FreeThreadedRecord


def report_document(run: FreeThreadedRun) -> Document:
    """Everything about a run, the gravest first."""
    records = sorted_records(run, Order.CATEGORY)
    blocks: list[Block] = [facts(run)]
    if not records:
        blocks.append(Paragraph(inline("no package has ended yet")))
        return Document(f"free-threaded run {run.run_id}", tuple(blocks))
    blocks += [Heading("Categories"), _categories(records)]
    blocks += [Heading("Packages"), packages_grid(records), *reservations(run)]
    blocks += _failing(run, records)
    blocks += _extensions(records)
    blocks += _untested(records)
    return Document(f"free-threaded run {run.run_id}", tuple(blocks))


def repeat_command(run: FreeThreadedRun, record: FreeThreadedRecord) -> str:
    """The command line that tests a package again as it was tested."""
    version = record.commit or record.sdist_version
    words = ["labeille", "ft", "run", "--packages"]
    words.append(f"{record.package}@{version}" if version else record.package)
    if run.meta.target_python:
        words += ["--target-python", run.meta.target_python]
    if record.install_from:
        words += ["--source", record.install_from]
    config = run.meta.config
    for key, option in (("iterations", "--iterations"), ("stress_threads", "--stress-threads")):
        if isinstance(config.get(key), int):
            words += [option, str(config[key])]
    for key, option in (("compare_with_gil", "--compare-with-gil"), ("tsan", "--tsan")):
        if config.get(key) is True:
            words.append(option)
    return shlex.join(words)


def _categories(records: list[FreeThreadedRecord]) -> Grid:
    return Grid(
        columns=("category", "packages", "meaning"),
        rows=tuple(
            (inline(category.value), inline(str(count)), inline(MEANINGS[category]))
            for category, count in category_counts(records)
        ),
        numbers=frozenset({"packages"}),
    )


def _failing(run: FreeThreadedRun, records: list[FreeThreadedRecord]) -> list[Block]:
    """What fails, package by package."""
    found = sorted(flaky_packages(records), key=lambda p: GRAVITY.index(p.record.category))
    blocks: list[Block] = [Heading("What fails")] if found else []
    for package in found:
        blocks.append(Heading(f"{package.name}: {package.record.category}", 3))
        blocks += flaky_blocks(package)
        blocks += [Paragraph(inline("to repeat it:")), Listing(repeat_command(run, package.record))]
    return blocks


def _extensions(records: list[FreeThreadedRecord]) -> list[Block]:
    """The packages with extension modules, and those that the GIL comes on with."""
    found = [
        each
        for each in compat_of(records)
        if each.has_extensions or each.verdict in (GilVerdict.TURNS_ON, GilVerdict.UNKNOWN)
    ]
    if not found:
        return []
    blocks: list[Block] = [Heading("Extension modules and the GIL"), compat_grid(found)]
    for each in found:
        blocks += compat_blocks(each)
    return blocks


def _untested(records: list[FreeThreadedRecord]) -> list[Block]:
    """Why packages never got as far as their suites."""
    lines: list[Inline] = []
    for record in records:
        why = record.install_error or record.import_error
        if why is None and not record.iterations_completed:
            why = record.reason
        if why:
            lines.append(inline(Code(record.package), f": {one_line(why)}"))
    return [Heading("Never tested"), Bullets(tuple(lines))] if lines else []
