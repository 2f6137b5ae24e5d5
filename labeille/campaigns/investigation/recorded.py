"""A package's record in a stored run, and what it says of how the trial was made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from packaging.utils import InvalidName, canonicalize_name
from packaging.version import InvalidVersion, Version

from labeille.errors import UsageError
from labeille.names import parse_package_name
from labeille.pipeline.trial import TEST_LOG
from labeille.registry.model import Package, TestFramework
from labeille.results.model import Status
from labeille.suites.testlog import read_test_log

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from labeille.results.directory import RunDirectory
    from labeille.results.model import Record, RunMeta
    from labeille.suites.model import Invocation


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """One record of a stored run, with what the run says for all of its records.

    A run of the original's format has less in its records, and more of it in the metadata.
    """

    run: RunDirectory
    meta: RunMeta
    record: Record

    @property
    def name(self) -> str:
        return self.record.package

    @property
    def signature(self) -> str | None:
        """The crash's signature, None where it was no crash."""
        return self.record.crash_signature

    @property
    def log_dir(self) -> Path:
        """Where the run kept the trial's streams and its per-test log."""
        return self.run.path / "logs" / self.name

    @property
    def condition_name(self) -> str:
        """The condition's name; the original knew the JIT on and off."""
        name = self.record.condition or self.meta.condition
        if name is None:
            name = "nojit" if self.meta.jit_enabled is False else "jit"
        return name

    @property
    def env(self) -> dict[str, str]:
        """The condition's variables, as the test process had them."""
        env = dict(self.record.env_overrides or self.meta.env_overrides)
        if self.record.condition is None and self.meta.jit_enabled is not None:
            env.setdefault("PYTHON_JIT", "1" if self.meta.jit_enabled else "0")
        return env

    def invocation(self) -> Invocation | None:
        """Where pytest ran, from the run's own log, if that was kept."""
        return read_test_log(self.log_dir / TEST_LOG).invocation


def find_recorded(
    run: RunDirectory, meta: RunMeta, records: Mapping[str, Record], package: str
) -> Recorded:
    """The record that counts for ``package`` among ``records``, by package.

    Raises UsageError for a name that is none, and for a package that the run has not.
    """
    name = parse_package_name(package)
    for key, record in records.items():
        if key in (package, name) or _normalised(key) == name:
            return Recorded(run=run, meta=meta, record=record)
    crashed = [key for key, record in records.items() if record.status is Status.CRASH]
    known = crashed or list(records)
    what = "crashed in it" if crashed else "it has"
    raise UsageError(
        f"run {run.path.name} has no record of {name}",
        hint=f"{what}: {', '.join(sorted(known)[:8])}" if known else "it has no record at all",
    )


def recorded_package(recorded: Recorded, entry: Package | None) -> Package:
    """The registry entry as it was when the record was made.

    What the record does not say is ``entry``'s, which is None where the registry has no such
    package.
    """
    record = recorded.record
    package = entry or Package(name=parse_package_name(record.package))
    changes: dict[str, object] = {"skip": False, "skip_versions": {}}
    if record.test_command:
        changes["test_command"] = record.test_command
    if record.install_command is not None:
        changes["install_command"] = record.install_command
    if record.repo:
        changes["repo"] = record.repo
    if record.test_framework in set(TestFramework):  # by a labeille that wrote all of these down
        changes["test_framework"] = TestFramework(record.test_framework)
        changes["env"] = dict(record.package_env)
        changes["import_name"] = record.import_name
    return msgspec.structs.replace(package, **changes)


def pins(recorded: Recorded) -> tuple[str, ...]:
    """The recorded versions as requirements, without the package itself: it is the checkout's."""
    own = _normalised(recorded.name)
    return tuple(
        f"{name}=={version}"
        for name, version in sorted(recorded.record.installed_dependencies.items())
        if _normalised(name) != own and _is_version(version) and _normalised(name) is not None
    )


def version_differences(recorded: Recorded, installed: Mapping[str, str]) -> tuple[str, ...]:
    """A sentence on each version that is not the recorded one."""
    before = _by_name(recorded.record.installed_dependencies)
    if not before:
        return ("the record names no installed versions: those of today are taken",)
    now = _by_name(installed)
    own = _normalised(recorded.name)
    sentences = []
    for name in sorted(before.keys() | now.keys()):
        old, new = before.get(name), now.get(name)
        if old == new or (name == own and old is None):
            continue
        if new is None:
            sentences.append(f"{name} {old} was installed and is not")
        elif old is None:
            sentences.append(f"{name} {new} is installed and was not")
        else:
            sentences.append(f"{name} is {new} and was {old}")
    return tuple(sentences)


def _by_name(versions: Mapping[str, str]) -> dict[str, str]:
    return {_normalised(name) or name: version for name, version in versions.items()}


def _normalised(name: str) -> str | None:
    try:
        return canonicalize_name(name, validate=True)
    except InvalidName:
        return None


def _is_version(text: str) -> bool:
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True
