"""The table of mends: from what an attempt came to, to the recipe of the next one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from labeille.campaigns.enrichment import install_mends, suite_mends, time_mends
from labeille.campaigns.enrichment.attempt import Attempt
from labeille.campaigns.enrichment.model import Change, Facts

if TYPE_CHECKING:
    from labeille.campaigns.enrichment.rules import Plan

Mend = Callable[[Facts, Attempt], "Change | None"]

#: Every one of these that has something to say has its say.
MENDS: tuple[Mend, ...] = (*install_mends.MENDS, *suite_mends.MENDS, *time_mends.MENDS)
#: Of these the first one that has something to say, and only where no other mend had.
LAST_RESORTS: tuple[Mend, ...] = (*install_mends.LAST_RESORTS, *suite_mends.LAST_RESORTS)


def mended(plan: Plan, facts: Facts, attempt: Attempt) -> Plan | None:
    """The plan of the next attempt; None where nobody knows what could be done."""
    after = plan
    for mend in MENDS:
        change = mend(facts, replace(attempt, recipe=after.recipe))
        if change is not None:
            after = after.then(mend.__name__, change)
    if after is not plan or attempt.ran:
        return None if after is plan else after
    for mend in LAST_RESORTS:
        change = mend(facts, attempt)
        if change is not None:
            return plan.then(mend.__name__, change)
    return None
