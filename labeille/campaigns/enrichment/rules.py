"""The table of rules: from the facts to the first recipe, with the reason for each choice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from labeille.campaigns.enrichment import install_rules, skip_rules, suite_rules
from labeille.campaigns.enrichment.model import Change, Facts, Recipe

Rule = Callable[[Facts, Recipe], "Change | None"]

#: Every rule in the order of its turn; each sees what those before it made of the recipe, and says
#: nothing where it does not apply. To teach labeille another habit of projects, write a function
#: with a docstring and put it here.
RULES: tuple[Rule, ...] = (*skip_rules.RULES, *install_rules.RULES, *suite_rules.RULES)


@dataclass(frozen=True)
class Choice:
    """What one rule chose, and why."""

    rule: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A recipe and the choices that led to it."""

    recipe: Recipe
    choices: tuple[Choice, ...] = ()

    def then(self, rule: str, change: Change) -> Plan:
        """The plan after another change."""
        return Plan(
            recipe=change.recipe, choices=(*self.choices, Choice(rule=rule, reason=change.reason))
        )


def first_plan(facts: Facts) -> Plan:
    """Apply every rule; a decision not to run the package ends it."""
    plan = Plan(recipe=Recipe())
    for rule in RULES:
        change = rule(facts, plan.recipe)
        if change is not None:
            plan = plan.then(rule.__name__, change)
        if plan.recipe.is_final:
            break
    return plan
