"""The command line that repeats a record, from what a run kept and nothing else."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import msgspec

from labeille.errors import LabeilleError
from labeille.sources.model import SourceChoice
from labeille.targets.conditions import resolve_condition
from labeille.targets.model import Target

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from labeille.results.model import Record, RunMeta

#: What the conditions set that the original has too, for runs whose target is not described.
_PLAIN_CONDITIONS = {"jit": {"PYTHON_JIT": "1"}, "nojit": {"PYTHON_JIT": "0"}}


def repeat_command(record: Record, meta: RunMeta) -> str:
    """The command line that runs a record's package again, as it was run.

    At the recorded revision or version, on the target, under the condition with its variables, with
    the run's overrides. Dependencies are those that the index has today: ``labeille reproduce``
    pins the recorded ones.
    """
    return shlex.join(_words(record, meta))


def _words(record: Record, meta: RunMeta) -> Iterator[str]:
    version = record.git_revision or record.sdist_version or record.requested_revision
    yield from ("labeille", "run", "--packages")
    yield f"{record.package}@{version}" if version else record.package
    if meta.target_python:
        yield from ("--target-python", meta.target_python)
    condition = _condition(record, meta)
    if condition is not None:
        yield from ("--condition", condition)
    for name, value in _extra_env(record, meta, condition).items():
        yield from ("--env", f"{name}={value}")
    yield from ("--source", _source(record))
    if meta.registry_dir:
        yield from ("--registry-dir", meta.registry_dir)
    if record.package in meta.repo_overrides:
        yield from ("--repo-override", f"{record.package}={meta.repo_overrides[record.package]}")
    for requirement in meta.extra_deps:
        yield from ("--extra-deps", requirement)
    override = meta.test_command_override
    if override is None and meta.target_id is None:  # of the original: its registry may differ
        override = record.test_command or None
    if override is not None:
        yield from ("--test-command-override", override)
    if meta.test_command_suffix:
        yield from ("--test-command-suffix", meta.test_command_suffix)


def _condition(record: Record, meta: RunMeta) -> str | None:
    name = record.condition or meta.condition
    if name is None and meta.jit_enabled is not None:
        name = "jit" if meta.jit_enabled else "nojit"
    return name


def _extra_env(record: Record, meta: RunMeta, condition: str | None) -> dict[str, str]:
    """The variables of the test process that its condition does not set by itself."""
    env = record.env_overrides or meta.env_overrides
    own = _own_env(meta, condition) if condition is not None else {}
    return {name: value for name, value in env.items() if own.get(name) != value}


def _own_env(meta: RunMeta, condition: str) -> Mapping[str, str]:
    if meta.target is not None:
        try:
            target = msgspec.convert(meta.target, Target)
            return resolve_condition(condition, target, {}).env
        except (LabeilleError, msgspec.ValidationError):
            pass
    return _PLAIN_CONDITIONS.get(condition, {})


def _source(record: Record) -> str:
    if record.install_from in {choice.value for choice in SourceChoice}:
        return record.install_from or SourceChoice.AUTO.value
    return (SourceChoice.GIT if record.git_revision else SourceChoice.AUTO).value
