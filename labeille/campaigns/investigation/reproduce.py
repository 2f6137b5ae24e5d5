"""Makes a recorded trial again, a number of times or under the user's own hands."""

from __future__ import annotations

import os
import platform
import socket
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import msgspec

from labeille import __version__
from labeille.campaigns.investigation.observe import Observation, observe, record_of, repeats
from labeille.errors import UsageError
from labeille.pipeline.prepare import Unprepared
from labeille.pipeline.scratch import scratch_folder
from labeille.pipeline.trial import TEST_LOG, trial_environ
from labeille.results.directory import RunDirectory, new_run_id, timestamp
from labeille.results.model import RunMeta, Status
from labeille.suites.commands import compose_test_command
from labeille.suites.gdb import put_under_gdb
from labeille.suites.instrument import install_plugin, instrumented_environ
from labeille.suites.narrow import narrow_command
from labeille.supervision.foreground import run_in_foreground
from labeille.supervision.shell import shell_argv

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from labeille.campaigns.investigation.rebuild import Blueprint, Rebuilt
    from labeille.campaigns.investigation.recorded import Recorded
    from labeille.pipeline.trial import Prepared
    from labeille.results.model import Record
    from labeille.results.triage import Repeats
    from labeille.supervision.cancellation import Cancellation

#: The folder of a run that keeps what was made of its records again, a run directory each time.
REPRODUCED = "reproduced"


@dataclass(frozen=True, kw_only=True)
class Reproduction:
    """What repeating a record came to: its records, and how often the recorded crash came."""

    rebuilt: Rebuilt
    run: RunDirectory
    records: tuple[Record, ...]
    repeats: Repeats

    @property
    def crashed(self) -> bool:
        return any(record.status is Status.CRASH for record in self.records)


class ReproductionProgress(Protocol):
    """Who wants to know how it goes."""

    def rebuilt(self, rebuilt: Rebuilt) -> None:
        """The environment stands, or cannot be had."""

    def repeated(self, record: Record, number: int) -> None:
        """One repetition, the ``number``-th, is over."""


def reproduction_run(recorded: Recorded) -> RunDirectory:
    """A new run directory for a reproduction, inside of the run that it belongs to."""
    folder = recorded.run.path / REPRODUCED
    run = RunDirectory(folder, new_run_id(folder, prefix=recorded.name))
    run.create()
    return run


def reproduce(
    rebuilt: Rebuilt,
    run: RunDirectory,
    times: int,
    *,
    tests: Sequence[str] = (),
    progress: ReproductionProgress,
    cancel: Cancellation,
) -> Reproduction:
    """Make the trial ``times`` times, of ``tests`` alone where some are named.

    Every repetition is a record of ``run``. Raises Interrupted; what was made by then is kept.
    """
    progress.rebuilt(rebuilt)
    command = narrowed(rebuilt, tests) if tests else None
    meta = new_reproduction_meta(rebuilt.blueprint, run)
    run.write_meta(meta)
    seen: list[Observation] = []
    records: list[Record] = []
    for number in range(1, times + 1):
        log_dir = run.log_dir(f"{rebuilt.blueprint.recorded.name}/{number}")
        seen.append(observe(rebuilt, log_dir, cancel=cancel, command=command))
        records.append(record_of(seen[-1], run, rebuilt))
        run.append(records[-1])
        progress.repeated(records[-1], number)
    run.write_meta(msgspec.structs.replace(meta, finished_at=timestamp()))
    signature = rebuilt.blueprint.recorded.signature or ""
    return Reproduction(
        rebuilt=rebuilt, run=run, records=tuple(records), repeats=repeats(signature, seen)
    )


def narrowed(rebuilt: Rebuilt, tests: Sequence[str]) -> str:
    """The package's command for these tests alone; UsageError for one that cannot be narrowed."""
    command = plain_command(rebuilt)
    narrow = narrow_command(command, tests, rebuilt.blueprint.recorded.invocation())
    if narrow is None:
        raise UsageError(
            f"single tests cannot be chosen: no pytest and no unittest is seen in {command!r}",
            hint="--shell opens a shell in which the package's own tools choose them",
        )
    return narrow


def plain_command(rebuilt: Rebuilt) -> str:
    """The whole suite's command, as it was recorded."""
    return compose_test_command(rebuilt.blueprint.job.package, override=None, suffix=None)


def open_shell(rebuilt: Rebuilt, *, tests: Sequence[str] = ()) -> int:
    """A shell in the checkout, in the very environment that a trial gets; returns its exit code.

    REPRODUCE holds the test command.
    """
    ready = ready_or_refuse(rebuilt)
    command = narrowed(rebuilt, tests) if tests else plain_command(rebuilt)
    interactive = ("-i",) if sys.stdin.isatty() else ()
    argv = ("bash", "--norc", "--noprofile", *interactive)
    if shell_argv("")[0] == "sh":
        argv = ("sh", *interactive)
    with scratch_folder(rebuilt.settings, rebuilt.blueprint.recorded.name) as scratch:
        env = _foreground_environ(ready, scratch)
        env |= {"PS1": f"({rebuilt.blueprint.recorded.name}) \\w \\$ ", "REPRODUCE": command}
        return run_in_foreground(argv, cwd=ready.checkout.path, env=env)


def open_gdb(rebuilt: Rebuilt, *, tests: Sequence[str] = ()) -> int:
    """The trial once under gdb on the user's terminal; returns gdb's exit code.

    Raises UsageError where there is no gdb.
    """
    ready = ready_or_refuse(rebuilt)
    command = narrowed(rebuilt, tests) if tests else plain_command(rebuilt)
    with scratch_folder(rebuilt.settings, rebuilt.blueprint.recorded.name) as scratch:
        command = put_under_gdb(command, scratch / "gdb", ready.environment.bin_dir, batch=False)
        env = _foreground_environ(ready, scratch)
        return run_in_foreground(shell_argv(command), cwd=ready.checkout.path, env=env)


def ready_or_refuse(rebuilt: Rebuilt) -> Prepared:
    """The environment; raises the error that it could not be had by."""
    if isinstance(rebuilt.ready, Unprepared):
        raise rebuilt.ready.error
    return rebuilt.ready


def new_reproduction_meta(blueprint: Blueprint, run: RunDirectory) -> RunMeta:
    """The metadata of a run that repeats one record."""
    target, condition = blueprint.target, blueprint.job.condition
    return RunMeta(
        run_id=run.run_id,
        started_at=timestamp(),
        target_python=target.python,
        python_version=target.version_text,
        cli_args=list(sys.argv[1:]),
        env_overrides=dict(condition.env),
        hostname=socket.gethostname(),
        platform=platform.platform(),
        installer=blueprint.settings.environments.installer.value,
        condition=condition.name,
        labeille_version=__version__,
        target_id=target.target_id,
        target=msgspec.to_builtins(target),
        packages=1,
    )


def _foreground_environ(ready: Prepared, scratch: Path) -> dict[str, str]:
    """A trial's environment, instrumented as there, on the user's terminal."""
    install_plugin(ready.environment.site_packages)
    env = instrumented_environ(trial_environ(ready, scratch), scratch / TEST_LOG)
    return env | {name: os.environ[name] for name in ("TERM", "COLORTERM") if name in os.environ}
