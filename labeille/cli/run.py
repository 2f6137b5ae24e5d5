"""``labeille run``: the hunt, in batches; and the same options for one package's nox session."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from labeille.campaigns.plan import (
    HuntPlan,
    HuntWishes,
    Places,
    begin,
    finish,
    holding,
    plan_hunt,
)
from labeille.campaigns.resume import RESUME_OPTION
from labeille.cli.options import (
    Workers,
    eligibility_options,
    environment_options,
    place_options,
    selection_options,
    source_options,
    target_options,
    trial_options,
)
from labeille.environments.model import InstallerChoice
from labeille.errors import ExitCode, Interrupted, SourceError, UsageError
from labeille.names import parse_package_name, parse_run_id
from labeille.registry.selection import Selection, parse_packages, parse_shard
from labeille.registry.where import parse_where
from labeille.reports.progress import progress_display
from labeille.reports.summary import dry_run_text, summary_text
from labeille.reports.words import Verbosity
from labeille.results.model import Record, Status
from labeille.sources.model import SourceChoice
from labeille.sources.origin import parse_origin
from labeille.supervision.cancellation import Cancellation
from labeille.supervision.interrupts import interruptible
from labeille.targets.conditions import parse_env_assignments

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

#: Options of ``labeille run`` that choose among packages or belong to a batch.
_BATCH_ONLY = frozenset(
    {"packages", "top", "skip_extensions", "where", "shard", "workers", "stop_after_crash"}
)


@click.command()
@selection_options
@eligibility_options
@place_options
@target_options
@source_options
@environment_options
@trial_options
@click.option(
    "--workers", type=Workers(), default="auto", show_default=True, help="Suites at a time."
)
@click.option("--run-id", metavar="ID", help="The run's name.  [default: from the time]")
@click.option(
    "--skip-completed",
    is_flag=True,
    help="Go on with a run: only what has no verdict.  [default run: what this command began last]",
)
@click.option(
    "--stop-after-crash", type=click.IntRange(1), metavar="N", help="Stop after N crashes."
)
@click.option("--dry-run", is_flag=True, help="Say what would be run, and on what.")
@click.option("--strict", is_flag=True, help="Exit with 1 for every verdict but pass.")
@click.option("-v", "--verbose", is_flag=True, help="Say more of each package.")
@click.option("-q", "--quiet", is_flag=True, help="Only the summary.")
def run(**options: Any) -> ExitCode:
    """Run the packages' own test suites on the target and keep a verdict of each.

    \b
    Exit codes: 0 nothing crashed, 1 crash found, 2 usage or configuration, 130 interrupted.
    """
    return run_hunt(parse_wishes(options, sys.argv[1:]), options)


def package_command() -> click.Command:
    """The options of ``labeille run`` that make sense for one package, for its nox session."""
    revision = click.Option(["--revision"], metavar="REV", help="A git ref or released version.")
    params = [revision, *(param for param in run.params if param.name not in _BATCH_ONLY)]
    return click.Command(
        "session",
        params=params,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def hunt_in_session(
    package: str, posargs: Sequence[str], *, run_id: str, command: Sequence[str]
) -> ExitCode:
    """The hunt of one package's nox session.

    ``run_id`` is the run that the sessions of this nox share, ``command`` nox's whole command line.
    """
    options = parse_session_options(package, posargs)
    wishes = replace(parse_wishes(options, command), shared_run_id=run_id)
    return run_hunt(wishes, options)


def parse_session_options(package: str, posargs: Sequence[str]) -> dict[str, Any]:
    """Parse what stands behind ``--`` of one package's session.

    Raises UsageError for an option that is unknown or belongs to a batch. For --help, prints it and
    raises click's Exit.
    """
    try:
        # Not main(), which makes click's Abort of an interrupt, and that is an error to nox.
        with package_command().make_context(f"nox -s run-{package} --", list(posargs)) as context:
            options = dict(context.params)
    except click.ClickException as error:
        raise _session_usage_error(error) from None
    revision = options.pop("revision")
    options |= {
        "packages": (f"{package}@{revision}" if revision else package,),
        "top": None,
        "skip_extensions": False,
        "where": (),
        "shard": None,
        "workers": 1,
        "stop_after_crash": None,
    }
    return options


def _session_usage_error(error: click.ClickException) -> UsageError:
    if isinstance(error, click.NoSuchOption):
        name = error.option_name.lstrip("-").replace("-", "_")
        if name in _BATCH_ONLY:
            return UsageError(
                f"{error.option_name} is for batches, and a session of nox runs one package",
                hint="`labeille run` has it; several sessions at a time: nox -j N",
            )
    return UsageError(
        error.format_message().rstrip("."),
        hint="options after -- are those of `labeille run`; `-- --help` shows them",
    )


def parse_wishes(options: Mapping[str, Any], cli_args: Sequence[str]) -> HuntWishes:
    """Turn click's values into wishes; what click could not check is checked here."""
    override = options["test_command_override"]
    if override is not None and not override.strip():
        raise UsageError(
            "--test-command-override is empty", hint="leave it out, or say what to run"
        )
    return HuntWishes(
        selection=_parse_selection(options),
        registry_dir=options["registry_dir"],
        places=Places.resolve(
            work_dir=options["work_dir"],
            repos_dir=options["repos_dir"],
            venvs_dir=options["venvs_dir"],
            results_dir=options["results_dir"],
        ),
        target_python=options["target_python"],
        condition=options["condition"],
        env=parse_env_assignments(options["env"]),
        source=SourceChoice(options["source"]),
        clone_depth=options["clone_depth"],
        shallow=not options["no_shallow"],
        repo_overrides=_parse_overrides(options["repo_override"]),
        installer=InstallerChoice(options["installer"]),
        extra_deps=_parse_requirements(options["extra_deps"]),
        refresh_venvs=options["refresh_venvs"],
        keep_work_dirs=options["keep_work_dirs"],
        timeout=options["timeout"],
        stall_threshold=options["stall_threshold"],
        memory_limit=options["memory_limit"],
        test_command_override=override,
        test_command_suffix=options["test_command_suffix"],
        workers=options["workers"],
        stop_after_crash=options["stop_after_crash"],
        run_id=None if options["run_id"] is None else parse_run_id(options["run_id"]),
        skip_completed=options["skip_completed"],
        cli_args=tuple(cli_args),
    )


def run_hunt(wishes: HuntWishes, options: Mapping[str, Any]) -> ExitCode:
    """Plan, hunt and report; the exit code says whether something crashed."""
    verbosity = Verbosity.parse(verbose=options["verbose"], quiet=options["quiet"])
    plan = plan_hunt(wishes, report=lambda line: click.echo(line, err=True))
    if options["dry_run"]:
        click.echo(dry_run_text(plan, verbosity))
        return ExitCode.OK
    run_plan(plan, verbosity)
    return exit_code(plan.records(), strict=options["strict"])


def run_plan(plan: HuntPlan, verbosity: Verbosity) -> None:
    """Run a plan with its progress and its summary on the terminal, however it ends.

    Raises Interrupted, once no process is left, for signals and where nobody reads the output.
    """
    from labeille.campaigns.hunt import hunt  # 0.15 s that a dry run and --help need not wait for

    cancel = Cancellation()
    try:
        with interruptible(cancel), holding(plan):
            meta = begin(plan)
            try:
                with progress_display(plan, verbosity) as progress:
                    hunting = hunt(
                        plan.jobs, plan.run, plan.settings, progress=progress, cancel=cancel
                    )
                    for _ in hunting:
                        pass  # each record is kept and shown already
            finally:
                click.echo(summary_text(plan, plan.records(), verbosity))
            finish(plan, meta)
    except (KeyboardInterrupt, Interrupted, BrokenPipeError):
        raise Interrupted(
            "interrupted",
            hint=f"the same command with {RESUME_OPTION} goes on with run {plan.run.run_id}",
        ) from None


def exit_code(records: Iterable[Record], *, strict: bool) -> ExitCode:
    """Whether these records call for attention: a crash always, anything but a pass if strict."""
    for record in records:
        if record.status is Status.CRASH or (strict and record.status is not Status.PASS):
            return ExitCode.CRASH_FOUND
    return ExitCode.OK


def _parse_selection(options: Mapping[str, Any]) -> Selection:
    named, shard = options["packages"], options["shard"]
    return Selection(
        packages=parse_packages(",".join(named)) if named else (),
        top=options["top"],
        skip_extensions=options["skip_extensions"],
        force_run=options["force_run"],
        include_unenriched=options["include_unenriched"],
        where=tuple(parse_where(text) for text in options["where"]),
        shard=parse_shard(shard) if shard else None,
    )


def _parse_overrides(values: Iterable[str]) -> dict[str, str]:
    """What git is given for each package: checked before anything starts, a path absolute."""
    overrides = {}
    for value in values:
        name, separator, url = value.partition("=")
        if not separator or not url:
            raise UsageError(
                f"--repo-override {value!r} names no URL", hint="write --repo-override PKG=URL"
            )
        try:
            overrides[parse_package_name(name)] = parse_origin(url).url
        except SourceError as error:
            raise UsageError(f"--repo-override {name}: {error}", hint=error.hint) from None
    return overrides


def _parse_requirements(values: Iterable[str]) -> tuple[str, ...]:
    """The requirements (PEP 508) of ``--extra-deps``, each option one or several by commas."""
    return tuple(text for value in values for text in _split_requirements(value))


def _split_requirements(value: str) -> list[str]:
    """A comma parts two requirements where a name follows it, outside of extras and versions."""
    if _is_requirement(value):  # commas in a marker's or a URL's text are nobody's business
        return [value.strip()]
    parts = [part.strip() for part in re.split(r",(?=\s*[A-Za-z0-9])(?![^\[]*\])", value)]
    for part in parts:
        if not _is_requirement(part):
            raise UsageError(
                f"--extra-deps: {part!r} is not a requirement",
                hint="for example --extra-deps 'hypothesis<7,attrs' (PEP 508); paths are none",
            )
    return parts


def _is_requirement(text: str) -> bool:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        Requirement(text)
    except InvalidRequirement:
        return False
    return True
