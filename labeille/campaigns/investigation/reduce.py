"""Finds the fewest tests that still show a crash: one alone, its file, what else had to run."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from labeille.campaigns.freethreading.statistics import runs_to_catch
from labeille.campaigns.investigation.ddmin import Minimised, ddmin
from labeille.campaigns.investigation.observe import Observation, in_parallel, observe, repeats
from labeille.campaigns.investigation.reproduce import plain_command, ready_or_refuse
from labeille.errors import LabeilleError
from labeille.pipeline.verdict import TEST_PHASE
from labeille.registry.model import TestFramework
from labeille.results.triage import Reduction, Repeats
from labeille.suites.commands import compose_test_command
from labeille.suites.narrow import narrow_command
from labeille.suites.unittest_log import module_of, read_unittest_log, verbose_unittest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from labeille.campaigns.investigation.rebuild import Rebuilt
    from labeille.suites.model import TestLog
    from labeille.supervision.cancellation import Cancellation

#: Runs of the whole suite that tell how often it crashes, and runs of the answer.
BASELINE = 3
#: Runs of one candidate at most, however rarely the suite crashes.
_MOST_RUNS = 10
#: Characters of a command that a shell takes as one argument (Linux: 32 pages); a longer one is
#: read from a file, and bounded by what a process can be given at all.
_LONGEST_ARGUMENT = 100_000


class ReductionError(LabeilleError):
    """A crash that cannot be made smaller: it does not come, or its tests cannot be told apart."""


@dataclass(frozen=True, kw_only=True)
class ReduceSettings:
    """How a reduction goes.

    A candidate counts when ``at_least`` of ``runs`` trials show the signature; ``runs`` is None
    where it is to follow from how often the whole suite shows it. ``seconds`` bound the search;
    what was found by then is the answer.
    """

    runs: int | None = None
    at_least: int = 1
    seconds: float | None = None
    baseline: int = BASELINE


class ReduceProgress(Protocol):
    """Who wants to know how a reduction goes."""

    def rebuilt(self, rebuilt: Rebuilt) -> None:
        """The environment stands."""

    def step(self, what: str, repeats: Repeats) -> None:
        """Something was tried that a person can name."""

    def smaller(self, tests: int, noun: str, trials: int, seconds: float) -> None:
        """A smaller set shows the crash, found after this many trials."""


@dataclass(frozen=True, kw_only=True)
class Suspects:
    """What ran until the crash, in its order.

    ``pinned`` is what it crashed in, which is always kept: a test or, while tests were collected, a
    file; None where that is unknown. ``before`` are the tests or files before it.
    """

    before: tuple[str, ...]
    pinned: str | None
    files_only: bool = False

    @property
    def everything(self) -> tuple[str, ...]:
        return (*self.before, *((self.pinned,) if self.pinned else ()))


def suspects(log: TestLog) -> Suspects:
    """What can have to do with a crash, from the per-test log that it tore off."""
    if log.collecting and not log.started:
        files = tuple(path for path in log.files if path != log.collecting_path)
        return Suspects(before=files, pinned=log.collecting_path, files_only=True)
    running = log.running_test
    return Suspects(before=tuple(t for t in log.started if t != running), pinned=running)


def reduce(
    rebuilt: Rebuilt,
    settings: ReduceSettings,
    log_dir: Path,
    *,
    progress: ReduceProgress,
    cancel: Cancellation,
) -> Reduction:
    """The smallest set of tests with which the recorded crash still comes.

    Raises ReductionError where the whole suite does not show it any more, and for a suite whose
    tests cannot be told apart. Raises Interrupted.
    """
    progress.rebuilt(rebuilt)
    ready_or_refuse(rebuilt)
    signature = _signature(rebuilt)
    search = _Search(
        rebuilt=rebuilt,
        signature=signature,
        settings=settings,
        log_dir=log_dir,
        progress=progress,
        cancel=cancel,
    )
    log = search.whole_suite()
    found, scope, smallest = search.reduce(suspects(log))
    command = search.command(found) if found else plain_command(rebuilt)
    final = search.repeat(command, settings.baseline)
    progress.step("in the end", final)
    return Reduction(
        package=rebuilt.blueprint.recorded.name,
        signature=signature,
        tests=found,
        scope=scope,
        command=command,
        repeats=final,
        before=0 if suspects(log).files_only else len(suspects(log).before),
        trials=search.trials,
        seconds=round(search.seconds, 1),
        smallest=smallest,
        note=search.note,
    )


def _signature(rebuilt: Rebuilt) -> str:
    record = rebuilt.blueprint.recorded.record
    if record.crash_signature is None:
        raise ReductionError(
            f"{record.package} did not crash in this run: its status is {record.status}",
            hint="crashes are reduced, not failures",
        )
    if record.crash is not None and record.crash.phase != TEST_PHASE:
        raise ReductionError(
            f"{record.package} crashed during {record.crash.phase}, before any of its tests",
            hint="there is nothing to choose from; 'labeille reproduce' repeats it",
        )
    return record.crash_signature


def file_of(test: str) -> str:
    """The file of a test id."""
    return test.partition("::")[0]


@dataclass(kw_only=True)
class _Search:
    """One reduction: what is tried, and what it has cost."""

    rebuilt: Rebuilt
    signature: str
    settings: ReduceSettings
    log_dir: Path
    progress: ReduceProgress
    cancel: Cancellation
    note: str | None = None
    _made: list[int] = field(default_factory=list)  # an entry a trial, from any thread
    _runs: int = 1
    _log: TestLog | None = None
    _file_of: Callable[[str], str] = file_of
    _began: float = field(default_factory=time.monotonic)

    @property
    def trials(self) -> int:
        return len(self._made)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def out_of_budget(self) -> bool:
        return self.settings.seconds is not None and self.seconds > self.settings.seconds

    # The whole suite

    def whole_suite(self) -> TestLog:
        """Run everything a few times; the log of one that crashed, and how often is to be tried."""
        seen = self._observe_all([self._telling_command()] * self.settings.baseline)
        counted = repeats(self.signature, seen)
        self.progress.step("the whole suite", counted)
        if not counted.same:
            raise ReductionError(
                f"the crash did not come again in {counted.runs} runs of the whole suite",
                hint="'labeille reproduce --times 20' tells how rare it is; --baseline runs more",
            )
        self._runs = self.settings.runs or runs_for(counted)
        crashed = next(each for each in seen if each.signature == self.signature)
        assert crashed.trial is not None
        self._log = crashed.trial.log
        if self._log.pid is None:
            self._log = read_unittest_log(crashed.trial.outcome.stderr.read())
            self._file_of = module_of
        if not suspects(self._log).everything:
            raise ReductionError(
                f"the tests of {self.rebuilt.blueprint.recorded.name} cannot be told apart: "
                "no pytest or unittest in its command told which ones ran",
                hint="a suite that one of these runs can be reduced",
            )
        return self._log

    def _telling_command(self) -> str | None:
        """The whole suite's command, where need be with a unittest that names its tests."""
        package = self.rebuilt.blueprint.job.package
        command = plain_command(self.rebuilt)
        if package.test_framework is not TestFramework.UNITTEST or verbose_unittest(command):
            return None
        return compose_test_command(package, override=None, suffix="-v")

    # Candidates

    def command(self, tests: Sequence[str]) -> str:
        """The package's command for these tests alone."""
        assert self._log is not None
        whole = plain_command(self.rebuilt)
        narrow = narrow_command(whole, tests, self._log.invocation)
        if narrow is None:
            raise ReductionError(
                f"single tests cannot be chosen: no pytest is seen in {whole!r}",
                hint="a command that calls pytest by its name can be reduced",
            )
        return narrow

    def shows(self, tests: Sequence[str]) -> bool:
        """Whether these tests show the crash, often enough."""
        return self.first([tuple(tests)]) == 0

    def first(self, candidates: Sequence[tuple[str, ...]]) -> int | None:
        """The first of the candidates that shows the crash, all tried at the same time."""
        commands = [self.command(tests) if tests else None for tests in candidates]
        shown = in_parallel(
            lambda position: self._shows(position, commands[position]),
            range(len(candidates)),
            slots=self.rebuilt.blueprint.slots,
            cancel=self.cancel,
        )
        return shown.index(True) if True in shown else None

    def _shows(self, position: int, command: str | None) -> bool:
        """k of n for one candidate, over as soon as that is decided; nothing shows no crash."""
        if command is None:
            return False
        need, left = self.settings.at_least, max(self._runs, self.settings.at_least)
        while need and left >= need:
            need -= self._observe(position, command).signature == self.signature
            left -= 1
        return need == 0

    def repeat(self, command: str, times: int) -> Repeats:
        """How often a command shows the crash."""
        return repeats(self.signature, self._observe_all([command] * times))

    def _observe_all(self, commands: Sequence[str | None]) -> list[Observation]:
        return in_parallel(
            lambda position: self._observe(position, commands[position]),
            range(len(commands)),
            slots=self.rebuilt.blueprint.slots,
            cancel=self.cancel,
        )

    def _observe(self, position: int, command: str | None) -> Observation:
        self._made.append(position)
        folder = self.log_dir / f"slot-{position}"
        folder.mkdir(parents=True, exist_ok=True)
        if command is not None and len(command) > _LONGEST_ARGUMENT:
            if len(os.fsencode(command)) > os.sysconf("SC_ARG_MAX") // 2:
                return self._observe(position, "false")  # no process takes so many arguments
            file = folder / "command.sh"
            file.write_text(command, encoding="utf-8")
            command = f". '{file}'"
        return observe(self.rebuilt, folder, cancel=self.cancel, command=command)

    # The search

    def reduce(self, suspected: Suspects) -> tuple[tuple[str, ...], str, bool]:
        """Tests or files, which of the two, and whether no single one can be left out."""
        if suspected.files_only:
            return self._minimise_files(suspected)
        pinned = suspected.pinned
        if pinned is not None:
            if self._try("the test alone", (pinned,)):
                return (pinned,), "tests", True
            own_file = tuple(
                test for test in suspected.before if self._file_of(test) == self._file_of(pinned)
            )
            if own_file and self._try("its file", (*own_file, pinned)):
                return self._minimise(own_file, pinned, "tests")
        kept, scope, smallest = self._minimise_files(suspected)
        tests = tuple(test for test in suspected.before if self._file_of(test) in kept)
        if not kept or not self._try("the tests of those files", (*tests, *_behind(pinned))):
            self.note = (
                "chosen one by one, the tests of these files do not show it" if kept else None
            )
            return kept, scope, smallest
        return self._minimise(tests, pinned, "tests")

    def _minimise_files(self, suspected: Suspects) -> tuple[tuple[str, ...], str, bool]:
        """The fewest files with which it shows; none where naming them is enough to lose it."""
        own = self._file_of(suspected.pinned) if suspected.pinned else None
        files = tuple(dict.fromkeys(map(self._file_of, suspected.before)))
        others = tuple(file for file in files if file != own)
        if own is not None and self._try("that file alone", (own,)):
            return (own,), "files", True
        if not self._try("all of its files, by name", (*others, *_behind(own))):
            self.note = "the suite shows it only when its files are not named one by one"
            return (), "suite", False
        return self._minimise(others, own, "files")

    def _try(self, what: str, tests: tuple[str, ...]) -> bool:
        """A step that a person can name; its first run decides where the crash is steady."""
        shown = self.shows(tests)
        counted = Repeats(runs=1, same=int(shown))
        self.progress.step(what, counted)
        return shown

    def _minimise(
        self, items: tuple[str, ...], pinned: str | None, noun: str
    ) -> tuple[tuple[str, ...], str, bool]:
        """ddmin over ``items``, with ``pinned`` behind them."""
        behind = _behind(pinned)

        def first(candidates: Sequence[tuple[str, ...]]) -> int | None:
            index = self.first([(*candidate, *behind) for candidate in candidates])
            if index is not None:
                size = len(candidates[index]) + len(behind)
                self.progress.smaller(size, noun, self.trials, self.seconds)
            return index

        result: Minimised[str] = ddmin(
            items, first, width=self.rebuilt.blueprint.slots, stop=self.out_of_budget
        )
        if not result.smallest:
            self.note = "the time was up before it was as small as it can be"
        return (*result.items, *behind), noun, result.smallest


def runs_for(baseline: Repeats) -> int:
    """How often a candidate has to be tried before it counts as one that does not crash.

    Once where the whole suite crashed every time; else so often that a set with the suite's own
    rate is missed in one of a hundred cases.
    """
    return min(_MOST_RUNS, runs_to_catch(baseline.same / baseline.runs) or _MOST_RUNS)


def _behind(pinned: str | None) -> tuple[str, ...]:
    return () if pinned is None else (pinned,)
