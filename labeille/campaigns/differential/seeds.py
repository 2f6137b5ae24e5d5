"""What keeps trials of one suite alike: seeds, time zone, locale; by variables and options."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

from labeille.projects.pytest_settings import read_pytest_settings
from labeille.projects.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from labeille.pipeline.job import Job
    from labeille.pipeline.trial import Prepared
    from labeille.registry.model import Package
    from labeille.targets.model import Condition

#: The same for every trial; what a package's own entry sets goes before it.
_SEEDS = {"PYTHONHASHSEED": "0", "TZ": "UTC"}
#: Goes before every other variable of the locale, so not where an entry sets one of those.
_LOCALE = {"LC_ALL": "C.UTF-8"}

#: pytest-randomly reorders tests and seeds them anew each time.
_UNORDERED = "-p no:randomly"
#: Every test of a run gets its examples from this seed, and none from the database of examples that
#: failed before (hypothesis/core.py: a forced seed leaves it out). A profile would do it too, but
#: goes against the one that a suite loads for itself, with deadlines and health checks that it
#: needs.
_HYPOTHESIS_SEED = "--hypothesis-seed=0"


def seeded_job(job: Job, condition: Condition) -> Job:
    """The job under a condition, with the variables that all trials of its package share."""
    env = {**seed_variables(job.package), **condition.env}
    return replace(job, condition=replace(condition, env=env))


def seed_variables(package: Package) -> dict[str, str]:
    """Seed, time zone and locale, as far as the package's entry leaves them open."""
    own = package.env
    seeds = dict(_SEEDS)
    if not any(name == "LANG" or name.startswith("LC_") for name in own):
        seeds |= _LOCALE
    return {name: value for name, value in seeds.items() if name not in own}


def seed_options(prepared: Prepared, command: str) -> tuple[str, ...]:
    """Options by which pytest keeps the order of tests and draws the same examples.

    ``command`` is the test command. A suite that gives pytest-randomly options of its own would
    not start without it: that one gets a fixed seed instead.
    """
    words = (*_words(command), *_configured_options(prepared.checkout.path))
    options = shlex.split(_UNORDERED)
    if any(word.startswith("--randomly-") for word in words):
        options = ["--randomly-seed=0"]
    without = any(word.endswith("no:hypothesispytest") for word in words)
    if "hypothesis" in prepared.environment.installed and not without:
        options.append(_HYPOTHESIS_SEED)
    return tuple(options)


def as_variables(options: tuple[str, ...], package: Package, env: Mapping[str, str]) -> str:
    """A PYTEST_ADDOPTS that gives pytest these options too, for a person to repeat a trial."""
    own = env.get("PYTEST_ADDOPTS", package.env.get("PYTEST_ADDOPTS", ""))
    return f"{shlex.join(options)} {own}".strip()


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return command.split()


def _configured_options(root: Path) -> tuple[str, ...]:
    """The addopts of a suite whose configuration lies at its root."""
    tree = Tree(root)
    settings = read_pytest_settings(tree, tree.toml("pyproject.toml"))
    return settings.addopts if settings else ()
