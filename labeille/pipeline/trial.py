"""One trial: one supervised execution of a test command in an environment under one condition."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeille.environments.variables import header_environ
from labeille.pipeline.scratch import scratch_folder
from labeille.suites.commands import compose_test_command
from labeille.suites.instrument import STACK_SIGNAL, install_plugin, instrumented_environ
from labeille.suites.testlog import read_test_log
from labeille.supervision.environ import base_environ
from labeille.supervision.model import Command, Limits
from labeille.supervision.run import supervise
from labeille.supervision.shell import shell_argv

if TYPE_CHECKING:
    from pathlib import Path

    from labeille.environments.model import Environment
    from labeille.pipeline.job import Job, PipelineSettings
    from labeille.sources.model import Checkout
    from labeille.suites.model import TestLog
    from labeille.supervision.cancellation import Cancellation
    from labeille.supervision.model import Outcome

#: The per-test log's name in a trial's log folder.
TEST_LOG = "tests.jsonl"


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A finished trial's evidence: how the process ended, what it printed, test by test."""

    command: str
    outcome: Outcome
    log: TestLog


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A job that is ready for trials."""

    job: Job
    checkout: Checkout
    environment: Environment


def run_trial(
    prepared: Prepared,
    settings: PipelineSettings,
    log_dir: Path,
    *,
    cancel: Cancellation | None = None,
) -> Trial:
    """Run the package's test command once and return what it left behind.

    ``log_dir`` keeps the streams and the per-test log. The test process gets a home and a temporary
    folder of its own, which are gone afterwards unless ``settings.keep_work_dirs``.
    """
    job, environment = prepared.job, prepared.environment
    command = test_command(prepared, settings)
    install_plugin(environment.site_packages)
    test_log = log_dir / TEST_LOG
    test_log.unlink(missing_ok=True)
    with scratch_folder(settings, job.name) as scratch:
        env = trial_environ(prepared, scratch)
        outcome = supervise(
            Command(
                argv=shell_argv(command),
                cwd=prepared.checkout.path,
                env=instrumented_environ(env, test_log, settings.trial.pytest_options),
                stdout=log_dir / "stdout.log",
                stderr=log_dir / "stderr.log",
                limits=trial_limits(job, settings),
                watched=(test_log,),
                pid_log=test_log,
                # With a GIL, SIGABRT is enough: faulthandler then shows every thread.
                stack_signal=STACK_SIGNAL if job.target.free_threaded else None,
            ),
            cancel=cancel,
        )
    return Trial(command=command, outcome=outcome, log=read_test_log(test_log))


def trial_environ(prepared: Prepared, scratch: Path) -> dict[str, str]:
    """The whole environment of a trial's process, but for what instruments it.

    ``scratch`` is a folder as ``scratch_folder`` makes it.
    """
    job, environment = prepared.job, prepared.environment
    env = base_environ(
        home=scratch / "home", tmp=scratch / "tmp", path_first=(environment.bin_dir,)
    )
    env |= header_environ(job.target)
    env["VIRTUAL_ENV"] = str(environment.path)
    # What a package wants in its PATH comes behind the environment's own bin.
    env |= {name: value for name, value in job.package.env.items() if name != "PATH"}
    if "PATH" in job.package.env:
        env["PATH"] = os.pathsep.join((str(environment.bin_dir), job.package.env["PATH"]))
    return env | dict(job.condition.env)


def test_command(prepared: Prepared, settings: PipelineSettings) -> str:
    """The package's test command with the run's override and suffix."""
    return compose_test_command(
        prepared.job.package,
        override=settings.trial.test_command_override,
        suffix=settings.trial.test_command_suffix,
    )


test_command.__test__ = False  # type: ignore[attr-defined]  # no test, though pytest likes the name


def trial_limits(job: Job, settings: PipelineSettings) -> Limits:
    """The bounds of one trial: the package's own timeout goes before the run's."""
    trial = settings.trial
    timeout = trial.timeout
    if job.package.timeout is not None:
        timeout = job.package.timeout
    return Limits(timeout=timeout, stall_threshold=trial.stall_threshold, memory=trial.memory)
