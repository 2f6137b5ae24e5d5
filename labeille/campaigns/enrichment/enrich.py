"""The loop: plan, attempt, mend, attempt again; and what became of a package in the end."""

from __future__ import annotations

import enum
import traceback
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from labeille.campaigns.enrichment.attempt import Attempt, Bench
from labeille.campaigns.enrichment.facts import read_facts
from labeille.campaigns.enrichment.mends import mended
from labeille.campaigns.enrichment.rules import Plan, first_plan
from labeille.campaigns.enrichment.write import write_enriched, write_left, write_skipped
from labeille.errors import Interrupted, LabeilleError, RegistryError
from labeille.pipeline.schedule import Settled, Steps, run_steps
from labeille.results.model import Status
from labeille.sources.get import get_checkout
from labeille.targets.conditions import resolve_condition

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from labeille.campaigns.enrichment.model import Facts
    from labeille.pipeline.trial import Prepared
    from labeille.registry.model import Package
    from labeille.registry.store import Registry

DEFAULT_ATTEMPTS = 3


class Outcome(enum.StrEnum):
    """What became of one package; the values are read by people."""

    ENRICHED = "enriched"
    SKIPPED = "skipped"
    LEFT = "left"
    PLANNED = "planned"


@dataclass(frozen=True, kw_only=True)
class Enriched:
    """The end of one package's enrichment.

    ``attempt`` is the one that counts: the best that ran, else the last. ``reason`` says why a
    package was skipped or left. ``facts`` is None where there was no source to read.
    """

    package: Package
    outcome: Outcome
    reason: str = ""
    plan: Plan | None = None
    facts: Facts | None = None
    attempt: Attempt | None = None
    attempts: int = 0


@dataclass(frozen=True, kw_only=True)
class Rounds:
    """How packages are enriched: ``tell`` gets a line for each step, from worker threads."""

    registry: Registry
    bench: Bench
    attempts: int = DEFAULT_ATTEMPTS
    dry_run: bool = False
    tell: Callable[[str], None] = lambda _: None


@dataclass(frozen=True, kw_only=True)
class _Begun:
    """A package whose first environment stands."""

    facts: Facts
    plan: Plan
    prepared: Prepared | Attempt


def enrich(packages: Sequence[Package], rounds: Rounds, *, slots: int) -> Generator[Enriched]:
    """Enrich packages, ``slots`` at a time, and yield each once its file is written.

    One package's trouble never stops the others. Raises Interrupted when it is cancelled.
    """
    worker = _Worker(rounds)
    steps = Steps(prepare=worker.begin, test=worker.go_on)
    yield from run_steps(packages, steps, slots=slots, cancel=rounds.bench.cancel)


class _Worker:
    """The two halves of enriching one package; the first waits for the network mostly."""

    def __init__(self, rounds: Rounds) -> None:
        self._rounds = rounds
        self._bench = rounds.bench

    def begin(self, package: Package) -> _Begun | Settled[Enriched]:
        """Get the checkout, make the plan, build the first environment."""
        try:
            facts = self._facts(package)
            plan = first_plan(facts)
            if plan.recipe.is_final:
                return Settled(self._skipped(facts, plan))
            if self._rounds.dry_run:
                return Settled(
                    Enriched(package=package, outcome=Outcome.PLANNED, plan=plan, facts=facts)
                )
            self._tell(package, f"attempt 1: {plan.recipe.install_command}")
            prepared = self._bench.prepare(facts, plan.recipe, 1)
        except Interrupted:
            raise
        except LabeilleError as error:
            return Settled(self._broken(package, str(error)))
        except Exception as error:  # noqa: BLE001 - one package must not stop the others
            return Settled(self._fault(package, error))
        return _Begun(facts=facts, plan=plan, prepared=prepared)

    def go_on(self, begun: _Begun) -> Enriched:
        """Attempt after attempt until the suite runs or nobody knows what else to do."""
        package = begun.facts.package
        try:
            return self._attempts(begun)
        except Interrupted:
            raise
        except LabeilleError as error:
            return self._broken(package, str(error))
        except Exception as error:  # noqa: BLE001 - one package must not stop the others
            return self._fault(package, error)

    def _facts(self, package: Package) -> Facts:
        settings, cancel = self._bench.settings, self._bench.cancel
        checkout = get_checkout(package, None, settings.sources, cancel=cancel)
        return read_facts(
            package, checkout, self._bench.target.minor_version, self._rounds.registry
        )

    def _attempts(self, begun: _Begun) -> Enriched:
        facts, plan = begun.facts, begun.plan
        best: tuple[Plan, Attempt] | None = None
        attempt = self._test(facts, plan, begun.prepared, 1)
        number = 1
        while True:
            if attempt.ran and (best is None or _passed(attempt) > _passed(best[1])):
                best = plan, attempt
            following = mended(plan, facts, attempt)
            if following is not None and following.recipe.is_final:
                if best is None:
                    return self._skipped(facts, following, attempt, number)
                break
            if following is None or number >= self._rounds.attempts:
                break
            number += 1
            plan = following
            self._tell(facts.package, f"attempt {number}: {plan.choices[-1].reason}")
            prepared = self._bench.prepare(facts, plan.recipe, number)
            attempt = self._test(facts, plan, prepared, number)
        if best is None:
            return self._left(facts, plan, attempt, number)
        plan, attempt = best
        write_enriched(self._rounds.registry, facts, plan, attempt)
        return Enriched(
            package=facts.package,
            outcome=Outcome.ENRICHED,
            plan=plan,
            facts=facts,
            attempt=attempt,
            attempts=number,
        )

    def _test(self, facts: Facts, plan: Plan, prepared: Prepared | Attempt, number: int) -> Attempt:
        """The attempt whose environment stands; once more without the JIT if that crashes early."""
        if isinstance(prepared, Attempt):
            attempt = prepared
        else:
            self._tell(facts.package, f"attempt {number}: {plan.recipe.test_command}")
            attempt = self._bench.test(facts, plan.recipe, prepared, number)
            if attempt.verdict.status is Status.CRASH and not attempt.ran:
                crash = attempt.summary
                self._tell(facts.package, f"attempt {number}: {crash}; once more under nojit")
                job = replace(
                    prepared.job, condition=resolve_condition("nojit", self._bench.target, {})
                )
                again = replace(prepared, job=job)
                other = self._bench.test(facts, plan.recipe, again, number)
                attempt = other if other.ran else attempt
        self._tell(facts.package, f"attempt {number}: {attempt.summary}")
        return attempt

    def _skipped(
        self, facts: Facts, plan: Plan, attempt: Attempt | None = None, attempts: int = 0
    ) -> Enriched:
        reason = plan.recipe.skip_reason or plan.recipe.skip_version or ""
        if not self._rounds.dry_run:
            write_skipped(self._rounds.registry, facts, plan, attempts)
        return Enriched(
            package=facts.package,
            outcome=Outcome.SKIPPED,
            reason=reason,
            plan=plan,
            facts=facts,
            attempt=attempt,
            attempts=attempts,
        )

    def _left(self, facts: Facts, plan: Plan, attempt: Attempt, attempts: int) -> Enriched:
        write_left(self._rounds.registry, facts.package, attempt.summary, plan)
        return Enriched(
            package=facts.package,
            outcome=Outcome.LEFT,
            reason=attempt.summary,
            plan=plan,
            facts=facts,
            attempt=attempt,
            attempts=attempts,
        )

    def _broken(self, package: Package, reason: str) -> Enriched:
        if not self._rounds.dry_run:
            try:
                write_left(self._rounds.registry, package, reason, None)
            except RegistryError as error:
                reason = str(error)
        return Enriched(package=package, outcome=Outcome.LEFT, reason=reason)

    def _fault(self, package: Package, error: Exception) -> Enriched:
        self._tell(package, "".join(traceback.format_exception(error)))
        return Enriched(
            package=package,
            outcome=Outcome.LEFT,
            reason=f"labeille failed on it: {type(error).__name__}: {error}",
        )

    def _tell(self, package: Package, text: str) -> None:
        self._rounds.tell(f"{package.name}: {text}")


def _passed(attempt: Attempt) -> int:
    return attempt.counts.passed if attempt.counts else 0
