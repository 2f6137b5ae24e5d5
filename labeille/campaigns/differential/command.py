"""The command line that repeats one trial of a differential."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from labeille.campaigns.differential.seeds import as_variables, seed_variables
from labeille.registry.location import REGISTRY_DIR_VARIABLE, find_registry

if TYPE_CHECKING:
    from labeille.campaigns.campaign import Wishes
    from labeille.campaigns.differential.trials import Trials
    from labeille.pipeline.trial import Prepared


def repeat_command(wishes: Wishes, trials: Trials, condition: str, narrowed: str | None) -> str:
    """A ``labeille run`` of the same revision in the same environment under a condition.

    ``narrowed`` is the test command for less than the whole suite. What a hunt would choose anew
    (revision, target, seeds, bounds) is spelled out.
    """
    prepared = trials.prepared
    job, package = prepared.job, prepared.job.package
    words = ["labeille", "run", "--packages", _what(prepared)]
    words += ["--source", prepared.checkout.kind.value]
    words += ["--target-python", job.target.python, "--condition", condition]
    addopts = as_variables(trials.options, package, wishes.env)
    variables = {**seed_variables(package), **wishes.env, "PYTEST_ADDOPTS": addopts}
    for name, value in variables.items():
        words += ["--env", f"{name}={value}"]
    words += _places(wishes, package.name)
    words += _selection(wishes)
    for option, bound in (
        ("--timeout", wishes.timeout),
        ("--stall-threshold", wishes.stall_threshold),
    ):
        if bound is not None:
            words += [option, f"{bound:g}"]
    for requirement in wishes.extra_deps:
        words += ["--extra-deps", requirement]
    override = narrowed or wishes.test_command_override
    if override:
        words += ["--test-command-override", override]
    if wishes.test_command_suffix and narrowed is None:
        words += ["--test-command-suffix", wishes.test_command_suffix]
    return shlex.join(words)


def _what(prepared: Prepared) -> str:
    """The package at the revision or version that was tested."""
    version = prepared.checkout.revision or prepared.checkout.version
    name = prepared.job.package.name
    return f"{name}@{version}" if version else name


def _places(wishes: Wishes, package: str) -> list[str]:
    """The folders that somebody named, so that the same environment serves."""
    words = []
    if wishes.registry_dir is not None or os.environ.get(REGISTRY_DIR_VARIABLE):
        words += ["--registry-dir", str(find_registry(wishes.registry_dir))]
    if package in wishes.repo_overrides:
        words += ["--repo-override", f"{package}={wishes.repo_overrides[package]}"]
    default = type(wishes.places).resolve()
    places = wishes.places
    if places.work_dir != default.work_dir:
        words += ["--work-dir", str(places.work_dir)]
    if places.repos_dir != places.work_dir / "repos":
        words += ["--repos-dir", str(places.repos_dir)]
    if places.venvs_dir != places.work_dir / "venvs":
        words += ["--venvs-dir", str(places.venvs_dir)]
    return words


def _selection(wishes: Wishes) -> list[str]:
    """What let the package in although the registry says no."""
    flags = {
        "--force-run": wishes.selection.force_run,
        "--include-unenriched": wishes.selection.include_unenriched,
    }
    return [flag for flag, given in flags.items() if given]
