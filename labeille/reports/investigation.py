"""How investigations of one crash look on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labeille.pipeline.prepare import Unprepared
from labeille.reports.words import Verbosity, one_line, revision_text, verdict_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labeille.campaigns.investigation.rebuild import Rebuilt
    from labeille.campaigns.investigation.reproduce import Reproduction
    from labeille.results.directory import RunDirectory
    from labeille.results.model import Record
    from labeille.results.triage import Reduction, Repeats


class ReproductionLines:
    """A reproduction's progress, a line each."""

    def __init__(self, verbosity: Verbosity, times: int, tests: Sequence[str] = ()) -> None:
        self._verbosity = verbosity
        self._times = times
        self._tests = tests

    def rebuilt(self, rebuilt: Rebuilt) -> None:
        """Say what stands, and in what it is not as recorded."""
        if self._verbosity > Verbosity.QUIET:
            alone = [f"of its suite: {', '.join(self._tests)} alone"] if self._tests else []
            print("\n".join([rebuilt_text(rebuilt), *alone]), flush=True)

    def repeated(self, record: Record, number: int) -> None:
        """Say what one repetition came to."""
        if self._verbosity > Verbosity.QUIET:
            print(f"[{number}/{self._times}] {verdict_line(record)}", flush=True)


def rebuilt_text(rebuilt: Rebuilt) -> str:
    """What was built to make a trial again, and what could not be made equal."""
    blueprint, ready = rebuilt.blueprint, rebuilt.ready
    recorded, target, condition = blueprint.recorded, blueprint.target, blueprint.job.condition
    where = f"{target.python} ({target.version_text})"
    lines = [f"{recorded.name} of run {recorded.run.run_id}, under {condition.name} on {where}"]
    if isinstance(ready, Unprepared):
        lines.append(f"environment: none: {one_line(str(ready.error))}")
    else:
        versions = len(ready.environment.installed)
        lines += [
            f"source: {revision_text(ready)} in {ready.checkout.path}",
            f"environment: {ready.environment.path} with {versions} distributions",
        ]
    return "\n".join([*lines, *difference_lines(rebuilt.differences)])


def difference_lines(differences: Sequence[str]) -> list[str]:
    """Every difference from what was recorded; that there is none is said as well."""
    if not differences:
        return ["as recorded: source, versions, interpreter, condition, variables, command"]
    return ["not as recorded:", *(f"  {one_line(sentence, 400)}" for sentence in differences)]


def reproduction_text(done: Reproduction) -> str:
    """What a reproduction came to."""
    recorded = done.rebuilt.blueprint.recorded
    lines = []
    if recorded.signature is not None:
        lines.append(f"{repeats_text(done.repeats)}: {recorded.signature}")
        lines += other_signatures(done.repeats, recorded.signature)
    else:
        same = sum(record.status is recorded.record.status for record in done.records)
        lines.append(f"{same} of {len(done.records)}: {recorded.record.status}, as recorded")
    return "\n".join([*lines, f"kept: {done.run.path}"])


def repeats_text(repeats: Repeats) -> str:
    """k of n, in words."""
    return f"{repeats.same} of {repeats.runs} with the recorded signature"


def other_signatures(repeats: Repeats, signature: str) -> list[str]:
    """A line for each other way in which it ended."""
    lines = [
        f"  {count} crashed otherwise: {other}"
        for other, count in repeats.signatures.items()
        if other != signature
    ]
    ends = [f"{count} {status}" for status, count in repeats.statuses.items() if status != "crash"]
    return [*lines, f"  {', '.join(ends)}"] if ends else lines


class ReductionLines:
    """A reduction's progress, a line each."""

    def __init__(self, verbosity: Verbosity) -> None:
        self._verbosity = verbosity

    def rebuilt(self, rebuilt: Rebuilt) -> None:
        """Say what stands, and in what it is not as recorded."""
        if self._verbosity > Verbosity.QUIET:
            print(rebuilt_text(rebuilt), flush=True)

    def step(self, what: str, repeats: Repeats) -> None:
        """Say what was tried, and whether it crashed."""
        if self._verbosity > Verbosity.QUIET:
            answer = f"{repeats.same} of {repeats.runs}" if repeats.runs > 1 else "no"
            if repeats.runs == 1 and repeats.same:
                answer = "yes"
            print(f"{what}: {answer}", flush=True)

    def smaller(self, tests: int, noun: str, trials: int, seconds: float) -> None:
        """Say how many tests or files are left."""
        if self._verbosity > Verbosity.QUIET:
            nouns = noun if tests != 1 else noun.removesuffix("s")
            print(f"  {tests} {nouns} left after {trials} trials, {seconds:.0f} s", flush=True)


def reduction_text(reduction: Reduction, run: RunDirectory) -> str:
    """What a reduction found."""
    count = len(reduction.tests)
    nouns = reduction.scope if count != 1 else reduction.scope.removesuffix("s")
    what = f"{count} {nouns}" if count else "the whole suite"
    of = f" of {reduction.before + 1}" if reduction.before and count else ""
    smallest = ", none of which can be left out" if reduction.smallest and count > 1 else ""
    lines = [
        f"{what}{of} ({reduction.repeats} times){smallest}: {reduction.signature}",
        *(f"  {test}" for test in reduction.tests),
        f"found in {reduction.trials} trials, {reduction.seconds:.0f} s",
    ]
    if reduction.note:
        lines.append(f"note: {reduction.note}")
    if reduction.script is not None:
        tried = "tried: it does" if reduction.verified else "not seen to"
        lines.append(f"repeats it without labeille ({tried}): bash {run.path / reduction.script}")
    return "\n".join(lines)
