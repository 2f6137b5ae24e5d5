"""What is written into a package's file, and what stays as people left it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest
from enrichment_trees import PLAIN

from labeille.campaigns.enrichment.rules import Choice, Plan, first_plan
from labeille.campaigns.enrichment.write import write_enriched, write_left, write_skipped
from labeille.registry.store import Registry
from labeille.suites.model import TestLog, TestOutcome, TestResult

if TYPE_CHECKING:
    from pathlib import Path

    from enrichment_trees import Attempts, FactsOf

TEXT = """\
# people's own words
package: thing   # the name
repo:  "https://example.org/thing"
skip_versions: {'3.14': old, '3.15': older}
notes: A person wrote this.
mystery: [1,  2]
"""
LOG = TestLog(
    pid=1,
    finished=True,
    results=(TestResult(id="tests/test_thing.py::test_it", outcome=TestOutcome.PASSED),),
)


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    packages = tmp_path / "registry" / "packages"
    packages.mkdir(parents=True)
    (packages / "thing.yaml").write_text(TEXT)
    return Registry(tmp_path / "registry")


def test_an_enriched_file(registry: Registry, facts_of: FactsOf, attempts: Attempts) -> None:
    facts = replace(facts_of(PLAIN), package=registry.get("thing"))
    plan = first_plan(facts)
    write_enriched(registry, facts, plan, attempts.test(log=LOG, exit_code=0, seconds=3))
    package = registry.get("thing")
    assert package.enriched
    assert package.install_command == plan.recipe.install_command
    assert package.test_command == plan.recipe.test_command
    assert package.python_versions == ("3.15",)
    assert package.skip_versions == {"3.14": "old"}
    assert package.notes.startswith(
        "A person wrote this. `labeille enrich` from the sdist 1.2 on 3.15, pass: 1 test in 3 s."
    )
    text = registry.path("thing").read_text()
    for line in TEXT.splitlines():
        assert line in text or line.startswith(("notes", "skip_versions"))


def test_notes_of_an_earlier_enrichment_are_replaced(
    registry: Registry, facts_of: FactsOf, attempts: Attempts
) -> None:
    facts = facts_of(PLAIN)
    for reason in ("first", "'file:///build/here/second'"):
        write_left(registry, registry.get("thing"), reason, Plan(recipe=first_plan(facts).recipe))
    notes = registry.get("thing").notes
    assert notes == (
        "A person wrote this. `labeille enrich` did not get the suite to run: 'second'."
    )
    before = registry.path("thing").read_bytes()
    write_left(registry, registry.get("thing"), "'/work/there/second'", None)
    assert registry.path("thing").read_bytes() == before


def test_notes_are_sentences_cut_between_words(registry: Registry, facts_of: FactsOf) -> None:
    path = registry.path("thing")
    path.write_text(TEXT.replace("A person wrote this.", "'monorepo: the package is in lib/thing'"))
    reason = f"wanted: {'extraordinary, ' * 30}"
    write_left(
        registry, registry.get("thing"), reason, Plan(recipe=first_plan(facts_of(PLAIN)).recipe)
    )
    notes = registry.get("thing").notes
    assert notes.startswith("monorepo: the package is in lib/thing. `labeille enrich` did not")
    assert notes.endswith("extraordinary….")


@pytest.mark.parametrize(
    ("field", "skip", "versions"),
    [
        ("skip_reason", True, {"3.14": "old", "3.15": "older"}),
        ("skip_version", False, {"3.14": "old", "3.15": "no such C function"}),
    ],
)
def test_skipped_files(
    field: str, skip: bool, versions: dict[str, str], registry: Registry, facts_of: FactsOf
) -> None:
    facts = replace(facts_of(PLAIN), package=registry.get("thing"))
    plan = first_plan(facts)
    plan = Plan(
        recipe=replace(plan.recipe, **cast("Any", {field: "no such C function"})),
        choices=(*plan.choices, Choice("some_rule", "it does not build")),
    )
    write_skipped(registry, facts, plan, 2)
    package = registry.get("thing")
    assert (package.enriched, package.skip, package.skip_versions) == (False, skip, versions)
    assert "left it after 2 attempts" in package.notes
    assert package.notes.endswith("it does not build.")
