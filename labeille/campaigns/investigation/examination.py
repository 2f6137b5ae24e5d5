"""The ways in which triage looks at one crash, one after the other, and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec

from labeille.campaigns.freethreading.statistics import runs_to_catch
from labeille.campaigns.investigation.attribution import Counts, attribute, undecided
from labeille.campaigns.investigation.backtrace import gdb_backtrace
from labeille.campaigns.investigation.looking import Seen, Way, crash_place, look_at, merged
from labeille.campaigns.investigation.rebuild import (
    other_condition,
    plan_rebuild,
    rebuild,
    under,
)
from labeille.campaigns.investigation.reproduce import narrowed
from labeille.campaigns.investigation.thresholds import eager_threshold, highest_threshold
from labeille.campaigns.plan import condition_enables_jit
from labeille.crashes.evidence import read_crash
from labeille.crashes.known import known_bugs
from labeille.crashes.symbols import symbolised_stack
from labeille.errors import Interrupted, LabeilleError, TargetError, UsageError
from labeille.pipeline.prepare import Unprepared
from labeille.results.directory import timestamp
from labeille.results.triage import (
    KnownMatch,
    Look,
    LookKind,
    Place,
    Repeats,
    Rung,
    Thresholds,
    TriageResult,
    read_reduction,
)
from labeille.targets.discover import discover
from labeille.targets.model import Condition

if TYPE_CHECKING:
    from collections.abc import Callable

    from labeille.campaigns.campaign import Wishes
    from labeille.campaigns.investigation.rebuild import Rebuilt
    from labeille.campaigns.investigation.recorded import Recorded
    from labeille.results.directory import RunDirectory
    from labeille.supervision.cancellation import Cancellation
    from labeille.targets.model import Target

#: How many times ``repeat`` a look is taken at most where the counts do not decide.
_EXTENDED = 4
#: Runs of one threshold at most, however rarely it crashes.
_MOST_RUNG_RUNS = 20


class ExaminationProgress(Protocol):
    """Who wants to know how it goes."""

    def rebuilt(self, rebuilt: Rebuilt) -> None:
        """The environment stands."""

    def looked(self, look: Look, signature: str) -> None:
        """It was looked at in one more way."""

    def tried(self, condition: str, counted: Repeats) -> None:
        """It was looked at under one more threshold of the JIT."""


@dataclass(kw_only=True)
class Examination:
    """One crash on its way to a verdict; ``result`` is what is known so far.

    ``home`` is a run directory of its own, ``keep`` puts ``result`` on disk.
    """

    recorded: Recorded
    wishes: Wishes
    result: TriageResult
    also: tuple[Target, ...]
    home: RunDirectory
    keep: Callable[[TriageResult], None]
    progress: ExaminationProgress
    cancel: Cancellation

    def run(self) -> TriageResult:
        """Look at it in every way that makes sense, and conclude. Raises Interrupted."""
        rebuilt = self._rebuild()
        self._note(differences=rebuilt.differences)
        self.progress.rebuilt(rebuilt)
        way = Way(kind=LookKind.FOUND, rebuilt=rebuilt)
        found = self._look(way)
        if found.repeats is not None and found.repeats.same:
            self._from_all_sides(way, found)
        self._conclude(way)
        return self.result

    def _rebuild(self, on: Target | None = None, condition: str | None = None) -> Rebuilt:
        blueprint = plan_rebuild(self.recorded, self.wishes, on=on, condition=condition)
        name = f"environment-{blueprint.target.target_id}"
        return rebuild(blueprint, self.home.log_dir(name), cancel=self.cancel)

    # The order of looking

    def _from_all_sides(self, way: Way, found: Look) -> None:
        """Every other way of looking, with as few tests as will do."""
        if not way.in_tests:
            self._on_other_targets(way)
            return
        way = self._fewer_tests(way, found)
        self._without_jit(way)
        self._under_other_condition(way, LookKind.JIT_STRESS, "jit-stress")
        self._thresholds(way)
        if not way.rebuilt.blueprint.target.debug:  # a debug build has it on
            self._with_malloc_debug(way)
        self._on_other_targets(way)
        self._backtrace(way, found)

    def _fewer_tests(self, way: Way, found: Look) -> Way:
        """The way with the tests of a reduction, or the one that it crashed in, if these do."""
        recorded = self.recorded
        reduction = read_reduction(recorded.run.path, recorded.name)
        tests: tuple[str, ...] = ()
        if reduction is not None and reduction.signature == self.result.signature:
            tests = reduction.tests
        elif recorded.record.running_test is not None:
            tests = (recorded.record.running_test,)
        if not tests:
            return way
        try:
            narrowed(way.rebuilt, tests)
        except UsageError:
            return way
        fewer = replace(way, kind=LookKind.ALONE, tests=tests)
        look = self._look(fewer)
        assert look.repeats is not None
        assert found.repeats is not None
        as_often = look.repeats.same * found.repeats.runs >= found.repeats.same * look.repeats.runs
        return replace(fewer, kind=LookKind.FOUND) if as_often else way

    def _without_jit(self, way: Way) -> None:
        """With the JIT off, and more often both ways where the counts do not decide."""
        job = way.rebuilt.blueprint.job
        if not condition_enables_jit(job.condition, job.target):
            return
        without = self._under_other_condition(way, LookKind.NOJIT, "nojit")
        found_way = replace(way, kind=LookKind.ALONE) if way.tests else way
        while (
            without is not None
            and without.repeats is not None
            and (found := self._known(found_way)) is not None
            and found.repeats is not None
            and undecided(found.repeats, without.repeats)
            and without.repeats.runs < self.result.repeat * _EXTENDED
        ):
            self._look(found_way, more=self.result.repeat)
            again = self._under(way, LookKind.NOJIT, "nojit")
            without = self._look(again, more=self.result.repeat)

    def _under(self, way: Way, kind: LookKind, name: str) -> Way:
        condition = other_condition(self.recorded, way.rebuilt.blueprint.target, name)
        return replace(way, kind=kind, rebuilt=under(way.rebuilt, condition))

    def _under_other_condition(self, way: Way, kind: LookKind, name: str) -> Look | None:
        """In the same environment under another condition; None where the target has none such."""
        if way.rebuilt.blueprint.job.condition.name == name:
            return None
        try:
            changed = self._under(way, kind, name)
        except TargetError:
            return None
        return self._look(changed)

    def _with_malloc_debug(self, way: Way) -> None:
        condition = way.rebuilt.blueprint.job.condition
        env = {**condition.env, "PYTHONMALLOC": "debug"}
        changed = under(way.rebuilt, Condition(name=condition.name, env=env))
        self._look(replace(way, kind=LookKind.MALLOC_DEBUG, rebuilt=changed))

    def _on_other_targets(self, way: Way) -> None:
        own = way.rebuilt.blueprint.target
        others = [(LookKind.OTHER_TARGET, target) for target in self.also]
        twin = debug_twin(own)
        if twin is not None:
            others.insert(0, (LookKind.RELEASE if own.debug else LookKind.DEBUG, twin))
        for kind, target in others:
            if self._known_on(kind, target) is None:
                self._on_target(way, kind, target)

    def _on_target(self, way: Way, kind: LookKind, target: Target) -> None:
        name = self.recorded.condition_name
        try:
            rebuilt = self._rebuild(on=target, condition=name)
        except LabeilleError as error:
            if isinstance(error, Interrupted):
                raise
            self._keep_look(
                Look(
                    kind=kind,
                    condition=name,
                    target_python=target.python,
                    python_version=target.version_text,
                    target_id=target.target_id,
                    reason=str(error),
                )
            )
            return
        other = Way(kind=kind, rebuilt=rebuilt, tests=way.tests)
        if isinstance(rebuilt.ready, Unprepared) and way.in_tests:
            self._keep_look(other.look(reason=str(rebuilt.ready.error)))
            return
        self._look(other)

    # One look

    def _look(self, way: Way, *, more: int = 0) -> Look:
        """Look in one way, unless that is known; ``more`` runs come on top of what is known."""
        known = self._known(way)
        if known is not None and known.repeats is not None and not more:
            return known
        runs = more or self.result.repeat
        seen = look_at(way, self.result.signature, runs, self.home, self.cancel)
        look = way.look(merged(known.repeats if known else None, seen.repeats))
        look = self._with_crash(look, known, seen)
        self._keep_look(look)
        return look

    def _known(self, way: Way) -> Look | None:
        job = way.rebuilt.blueprint.job
        return next(
            (
                look
                for look in self.result.looks
                if look.kind is way.kind
                and look.target_id == job.target.target_id
                and look.env == dict(job.condition.env)
                and look.tests == way.tests
            ),
            None,
        )

    def _known_on(self, kind: LookKind, target: Target) -> Look | None:
        looks = (look for look in self.result.looks if look.kind is kind)
        return next((look for look in looks if look.target_id == target.target_id), None)

    def _keep_look(self, look: Look) -> None:
        same = (look.kind, look.target_id, look.env, look.tests)
        others = [
            each
            for each in self.result.looks
            if (each.kind, each.target_id, each.env, each.tests) != same
        ]
        self._note(looks=(*others, look))
        self.progress.looked(look, self.result.signature)

    def _note(self, **changes: object) -> None:
        self.result = msgspec.structs.replace(self.result, **changes)
        self.keep(self.result)

    # Thresholds of the JIT

    def _thresholds(self, way: Way) -> None:
        """The highest threshold at which a crash found under ``jit-eager`` still comes."""
        condition = way.rebuilt.blueprint.job.condition
        start = eager_threshold(condition.name)
        if start is None or self.result.thresholds is not None:
            return
        rungs: list[Rung] = []

        def shows(threshold: int) -> bool:
            counted = self._rung(way, f"jit-eager:{threshold}")
            rungs.append(Rung(threshold=threshold, repeats=counted))
            return counted.same > 0

        highest = highest_threshold(start, shows)
        stock = self._rung(way, "jit")
        self._note(
            thresholds=Thresholds(
                highest=highest,
                rungs=tuple(sorted(rungs, key=lambda rung: rung.threshold)),
                stock=stock,
            )
        )

    def _rung(self, way: Way, condition: str) -> Repeats:
        """Runs under one condition, until it crashes or has had as many as it deserves."""
        changed = replace(
            self._under(way, LookKind.FOUND, condition), label=condition.replace(":", "-")
        )
        counted: Repeats | None = None
        while counted is None or (not counted.same and counted.runs < self._rung_runs(way)):
            seen = look_at(changed, self.result.signature, 1, self.home, self.cancel)
            counted = merged(counted, seen.repeats)
        self.progress.tried(condition, counted)
        return counted

    def _rung_runs(self, way: Way) -> int:
        found = self._known(replace(way, kind=LookKind.ALONE) if way.tests else way)
        counted = found.repeats if found else None
        rate = counted.same / counted.runs if counted and counted.runs else 1.0
        return min(_MOST_RUNG_RUNS, max(self.result.repeat, runs_to_catch(rate) or 1))

    # Backtraces

    def _backtrace(self, way: Way, found: Look) -> None:
        """gdb's backtrace of all threads, or the C stack with its functions' names."""
        if self.result.backtrace is not None:
            return
        backtrace = gdb_backtrace(way, self.result.repeat, self.home, self.cancel)
        if backtrace is not None:
            self._keep_gdb(way, backtrace)
        elif found.evidence is not None:
            evidence = (self.recorded.run.path / found.evidence).read_text("utf-8", "replace")
            python = way.rebuilt.blueprint.target.path
            lines = symbolised_stack(evidence, python, cancel=self.cancel)
            backtrace = "\n".join(lines) + "\n" if lines else None
        if backtrace is not None:
            path = self.home.write_file(Path("backtrace.txt"), backtrace.encode("utf-8", "replace"))
            self._note(backtrace=str(path.relative_to(self.recorded.run.path)))

    def _keep_gdb(self, way: Way, text: str) -> None:
        crash = read_crash(text, exit_code=None)
        if crash is None:
            return
        # gdb's stack has other names in it than faulthandler's; the signal is the same.
        recorded = self.recorded.record.crash
        same = recorded is not None and crash.signal == recorded.signal
        signature = self.result.signature if same else crash.signature
        counted = Repeats(runs=1, same=int(same), signatures={signature: 1})
        seen = Seen(
            repeats=counted,
            signature=signature,
            detail=crash.detail,
            crashed_in=crash_place(text, None),
        )
        look = replace(way, kind=LookKind.GDB).look(counted)
        self._keep_look(self._with_crash(look, None, seen))

    def _with_crash(self, look: Look, known: Look | None, seen: Seen) -> Look:
        """A look with its first crash: that of before, or the one just seen.

        What the crash says is kept where it is news: as it was found, or of another signature.
        """
        first = seen if known is None or known.signature is None else known
        news = look.kind is LookKind.FOUND or first.signature != self.result.signature
        return msgspec.structs.replace(
            look,
            signature=first.signature,
            detail=first.detail if news else None,
            evidence=first.evidence,
            crashed_in=first.crashed_in,
        )

    # The conclusion

    def _conclude(self, way: Way) -> None:
        job = way.rebuilt.blueprint.job
        without = self.result.look(LookKind.NOJIT)
        compared = self.result.look(LookKind.ALONE) if without and without.tests else None
        compared = compared or self.result.look(LookKind.FOUND)
        assert compared is not None
        assert compared.repeats is not None
        verdict = attribute(
            Counts(
                with_jit=compared.repeats,
                # Installs and imports never have the JIT on.
                jit_on=way.in_tests and condition_enables_jit(job.condition, job.target),
                without_jit=without.repeats if without else None,
                crashed_in=self._crashed_in(),
            )
        )
        seen = (look.signature for look in self.result.looks if look.signature)
        signatures = {self.result.signature, *seen}
        self._note(
            attribution=verdict.attribution,
            reason=verdict.reason,
            known=tuple(
                KnownMatch(
                    issue=bug.issue,
                    title=bug.title,
                    url=bug.url,
                    fixed_in=bug.fixed_in,
                    fixed_before=bug.fixed_before(job.target.version),
                )
                for bug in known_bugs(signatures)
            ),
            finished_at=timestamp(),
        )

    def _crashed_in(self) -> Place | None:
        """Where it crashed, from the first look at it that had a C stack."""
        for look in self.result.looks:
            if look.crashed_in is not None and look.signature == self.result.signature:
                return look.crashed_in
        return None


def debug_twin(target: Target) -> Target | None:
    """The interpreter of this machine that is the same with, or without, C assertions."""
    twins = [
        other
        for other in discover()
        if other.debug != target.debug
        and other.minor_version == target.minor_version
        and other.free_threaded == target.free_threaded
        and other.jit_works == target.jit_works
        and not other.sanitizers
    ]
    return min(twins, key=lambda other: other.version != target.version, default=None)
