"""How enrichment looks: plans with their reasons, a line a package, and a table at the end."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from labeille.campaigns.enrichment.enrich import Enriched, Outcome
from labeille.reports.tables import Table, table_markdown, table_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: Characters of a reason in the table.
_WIDTH = 110


def plan_text(done: Enriched) -> str:
    """What would be done with a package, with the reason for each choice."""
    lines = [f"{done.package.name}:"]
    if done.plan is None:
        return f"{done.package.name}: {done.outcome}: {done.reason}"
    recipe = done.plan.recipe
    if recipe.is_final:
        lines[0] += f" would be skipped: {recipe.skip_reason or recipe.skip_version}"
    else:
        lines += [f"  install: {recipe.install_command}", f"  test:    {recipe.test_command}"]
        lines += [f"  env:     {name}={value}" for name, value in recipe.env.items()]
    lines += [f"  - {choice.rule}: {choice.reason}" for choice in done.plan.choices]
    return "\n".join(lines)


def enriched_text(done: Enriched) -> str:
    """One line on what became of a package."""
    if done.outcome is Outcome.ENRICHED and done.attempt is not None:
        attempts = f", {done.attempts} attempts" if done.attempts > 1 else ""
        return f"{done.package.name}: enriched ({done.attempt.summary}{attempts})"
    return f"{done.package.name}: {done.outcome}: {done.reason}"


def enriching_summary(
    results: Sequence[Enriched], passed_over: Iterable[str], *, markdown: bool = False
) -> str:
    """The table of all packages, and the share that was enriched without a person."""
    lines = list(passed_over)
    if not results:
        return "\n".join([*lines, "nothing was enriched"])
    table = Table(
        columns=("package", "outcome", "tests", "seconds", "type", "attempts", "what"),
        rows=tuple(_row(done) for done in results),
        numbers=frozenset({"tests", "seconds", "attempts"}),
    )
    lines.append(table_markdown(table) if markdown else table_text(table))
    counts = Counter(done.outcome for done in results)
    total = len(results)
    words = ", ".join(f"{counts[outcome]} {outcome}" for outcome in Outcome if counts[outcome])
    share = f"{100 * counts[Outcome.ENRICHED] / total:.0f} %"
    run = total - counts[Outcome.SKIPPED]
    packages = "1 package" if total == 1 else f"{total} packages"
    lines.append(f"{packages}: {words} ({share} enriched")
    if run and run != total:
        lines[-1] += f"; {100 * counts[Outcome.ENRICHED] / run:.0f} % of those not skipped"
    lines[-1] += ")"
    return "\n".join(lines)


def _row(done: Enriched) -> tuple[str, ...]:
    attempt = done.attempt
    what = done.reason
    if done.outcome is Outcome.ENRICHED and done.plan is not None:
        what = done.plan.recipe.install_command.partition(" && ")[2] or "nothing beside itself"
    return (
        done.package.name,
        done.outcome.value,
        str(attempt.counts.total) if attempt and attempt.counts else "",
        f"{attempt.seconds:.0f}" if attempt and attempt.trial else "",
        done.package.extension_type.value,
        str(done.attempts or ""),
        what if len(what) <= _WIDTH else what[: _WIDTH - 1] + "…",
    )
