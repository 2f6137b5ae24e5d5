"""A report as JUnit XML, which CI tools read: one test case a package.

A package that was tested and is not right is a failure, one that could not be tested an error. The
dialect is that of the schema which Jenkins publishes: its xUnit plugin's junit-10.xsd.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from labeille.reports.page.model import Outcome

if TYPE_CHECKING:
    from labeille.reports.page.model import Case, Finding, Page, Row

_ELEMENTS = {Outcome.FAILED: "failure", Outcome.ERROR: "error", Outcome.SKIPPED: "skipped"}


def junit_report(page: Page) -> str:
    """The page's packages as one test suite.

    Every text of a page is fit for XML 1.0 already: see ``showable``.
    """
    outcomes = Counter(row.outcome for row in page.rows)
    numbers = {
        "tests": str(len(page.rows)),
        "failures": str(outcomes[Outcome.FAILED]),
        "errors": str(outcomes[Outcome.ERROR]),
        "skipped": str(outcomes[Outcome.SKIPPED]),
        "time": f"{sum(row.seconds or 0.0 for row in page.rows):.3f}",
    }
    root = ET.Element("testsuites", {"name": f"labeille {page.kind}", **numbers})
    suite = ET.SubElement(root, "testsuite", {"name": page.run_id, **numbers})
    properties = ET.SubElement(suite, "properties")
    for fact in page.facts:
        ET.SubElement(properties, "property", {"name": fact.name, "value": fact.value})
    cases = _cases_by_package(page)
    for row in page.rows:
        _add_case(suite, row, page, cases.get(row.anchor, ()))
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _cases_by_package(page: Page) -> dict[str, list[tuple[Finding, Case]]]:
    """What was found in each package, by its anchor."""
    found: dict[str, list[tuple[Finding, Case]]] = {}
    for finding in page.findings:
        for case in finding.cases:
            found.setdefault(case.anchor, []).append((finding, case))
    return found


def _add_case(
    suite: ET.Element,
    row: Row,
    page: Page,
    found: list[tuple[Finding, Case]] | tuple[()],
) -> None:
    case = ET.SubElement(
        suite,
        "testcase",
        {
            "classname": f"labeille.{page.kind}",
            "name": row.package,
            "time": f"{row.seconds or 0.0:.3f}",
        },
    )
    text = _text(row, found)
    if row.outcome is Outcome.PASSED:
        if row.remark:
            ET.SubElement(case, "system-out").text = text
        return
    result = ET.SubElement(
        case, _ELEMENTS[row.outcome], {"message": row.remark or row.word, "type": row.word}
    )
    result.text = text


def _text(row: Row, found: list[tuple[Finding, Case]] | tuple[()]) -> str:
    """What stands behind a verdict: the finding with its stacks, the command, the log's end."""
    blocks = [f"{row.package} {row.version}".strip() + f": {row.word}", row.remark]
    for finding, case in found:
        blocks += [f"{finding.label}: {finding.title}", finding.detail]
        blocks += ["\n".join((stack.title, *stack.lines)) for stack in finding.stacks]
        blocks += [f"{fact.name}: {fact.value}" for fact in case.facts]
        blocks += [command.text for command in case.commands]
    blocks += [f"{test.word} {test.id} {test.message}".rstrip() for test in row.detail.tests]
    if row.outcome is not Outcome.PASSED:
        blocks += [
            f"{log.title}{f' ({log.note})' if log.note else ''}\n" + "\n".join(log.lines)
            for log in row.detail.logs
        ]
    return "\n\n".join(filter(None, blocks))
