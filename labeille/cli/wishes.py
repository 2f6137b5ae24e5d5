"""The options that campaigns share, from click's values to wishes: checked here, at the door."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from labeille.campaigns.campaign import Places
from labeille.environments.model import InstallerChoice
from labeille.errors import SourceError, UsageError
from labeille.names import parse_package_name, parse_run_id
from labeille.registry.selection import Selection, parse_packages, parse_shard
from labeille.registry.where import parse_where
from labeille.sources.model import SourceChoice
from labeille.sources.origin import parse_origin
from labeille.targets.conditions import parse_env_assignments

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


def shared_wishes(options: Mapping[str, Any], cli_args: Sequence[str]) -> dict[str, Any]:
    """The fields of ``Wishes`` that ``options``, click's values, stand for.

    A command that lacks one of the shared options gets what it would be by default. Raises
    UsageError for what click could not check.
    """
    given = options.get
    override = given("test_command_override")
    if override is not None and not override.strip():
        raise UsageError(
            "--test-command-override is empty", hint="leave it out, or say what to run"
        )
    return {
        "selection": _parse_selection(options),
        "registry_dir": given("registry_dir"),
        "places": Places.resolve(
            work_dir=given("work_dir"),
            repos_dir=given("repos_dir"),
            venvs_dir=given("venvs_dir"),
            results_dir=given("results_dir"),
        ),
        "target_python": given("target_python"),
        "env": parse_env_assignments(given("env", ())),
        "source": SourceChoice(given("source", SourceChoice.AUTO)),
        "clone_depth": given("clone_depth"),
        "shallow": not given("no_shallow"),
        "repo_overrides": _parse_overrides(given("repo_override", ())),
        "installer": InstallerChoice(given("installer", InstallerChoice.AUTO)),
        "extra_deps": _parse_requirements(given("extra_deps", ())),
        "refresh_venvs": given("refresh_venvs", False),
        "keep_work_dirs": given("keep_work_dirs", False),
        "timeout": given("timeout"),
        "stall_threshold": given("stall_threshold"),
        "memory_limit": given("memory_limit"),
        "test_command_override": override,
        "test_command_suffix": given("test_command_suffix"),
        "workers": given("workers"),
        "run_id": None if given("run_id") is None else parse_run_id(options["run_id"]),
        "skip_completed": given("skip_completed", False),
        "cli_args": tuple(cli_args),
    }


def _parse_selection(options: Mapping[str, Any]) -> Selection:
    named, shard = options.get("packages", ()), options.get("shard")
    return Selection(
        packages=parse_packages(",".join(named)) if named else (),
        top=options.get("top"),
        skip_extensions=options.get("skip_extensions", False),
        force_run=options.get("force_run", False),
        include_unenriched=options.get("include_unenriched", False),
        where=tuple(parse_where(text) for text in options.get("where", ())),
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
