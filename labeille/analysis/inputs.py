"""What a package was tested with, and what of that differs between two runs.

A conclusion on the interpreter is sound only where everything else is the same: source, target,
condition, dependencies and test command are compared each for itself.
"""

from __future__ import annotations

import enum
import functools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from labeille.results.model import Record, RunMeta

#: What is installed beside a package and cannot change how its tests go.
_INSTALLERS = frozenset({"pip", "uv"})

#: Characters of a git revision that are shown, as git itself shows them.
_SHORT = 7


class Sameness(enum.StrEnum):
    """Whether something is the same in two runs, as far as they recorded it."""

    UNCHANGED = "unchanged"
    CHANGED = "changed"
    HALF_KNOWN = "recorded in one run only"
    UNKNOWN = "not recorded"


class Aspect(enum.StrEnum):
    """What can differ between two runs of one suite."""

    SOURCE = "source"
    TARGET = "target"
    CONDITION = "condition"
    DEPENDENCIES = "dependencies"
    TEST_COMMAND = "test command"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One aspect before and after, in words; ``details`` says more of a change, an item each.

    ``label`` is what it is called: a source is a ``Repo`` at commits, or a ``Release``.
    """

    aspect: Aspect
    label: str
    sameness: Sameness
    before: str
    after: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Differences:
    """Every aspect of two records of one package."""

    source: Difference
    target: Difference
    condition: Difference
    dependencies: Difference
    test_command: Difference

    def __iter__(self) -> Iterator[Difference]:
        yield from (self.source, self.target, self.condition, self.dependencies, self.test_command)

    @property
    def changed(self) -> tuple[Aspect, ...]:
        return tuple(each.aspect for each in self if each.sameness is Sameness.CHANGED)

    @property
    def half_known(self) -> tuple[Aspect, ...]:
        return tuple(each.aspect for each in self if each.sameness is Sameness.HALF_KNOWN)

    def only_change(self, aspect: Aspect) -> bool:
        """Whether this is known to be all that changed."""
        return (
            self.changed == (aspect,)
            and not self.half_known
            and self.source.sameness is not Sameness.UNKNOWN
        )

    @property
    def blames_interpreter(self) -> bool:
        """Whether a regression is likely the interpreter's: the source, which is known, and all
        that it was tested with are the same."""
        return (
            self.source.sameness is Sameness.UNCHANGED and not self.changed and not self.half_known
        )


@dataclass(frozen=True, kw_only=True)
class InRun:
    """A record, and the metadata of the run that it is of."""

    record: Record
    meta: RunMeta


@dataclass(frozen=True, kw_only=True)
class TargetFacts:
    """What is recorded of the interpreter under test.

    ``target_id`` is known for our own runs; ``version`` is the whole of sys.version. ``facts`` are
    those of the probe, by name, that can tell two builds of one version apart.
    """

    path: str
    version: str
    target_id: str | None
    facts: Mapping[str, str]

    @property
    def known(self) -> bool:
        return bool(self.target_id or self.version or self.path)

    @property
    def identity(self) -> str:
        """What tells it from other targets, as well as is known."""
        return self.target_id or f"{self.version} at {self.path}"

    def __str__(self) -> str:
        version = " ".join(self.version.split()) or self.path or "an unknown target"
        flags = [name.replace("_", "-") for name in _FLAGS if self.facts.get(name) == "yes"]
        sanitizers = self.facts.get("sanitizers", "none")
        if sanitizers != "none":
            flags.append(f"sanitizers: {sanitizers}")
        return ", ".join([version, *flags])


#: Facts of a probe that belong to a target's name.
_FLAGS = ("debug", "free_threaded")

#: Facts of a probe that are shown where versions are the same and builds are not.
_BUILD_FACTS = ("debug", "free_threaded", "jit_available", "sanitizers", "build", "configure_args")


def target_facts(meta: RunMeta, target_id: str | None = None) -> TargetFacts:
    """The target of a run, or of one record of it, whose ``target_id`` goes before the run's."""
    probe = meta.target or {}
    version = meta.python_version or _text(probe.get("version_text"))
    return TargetFacts(
        path=meta.target_python,
        version=version,
        target_id=target_id or meta.target_id,
        facts={name: _text(probe[name]) for name in _BUILD_FACTS if name in probe},
    )


@dataclass(frozen=True, kw_only=True)
class ConditionFacts:
    """What a suite was run under. The original records ``jit``, and no name."""

    name: str | None
    jit: bool | None
    env: Mapping[str, str]

    @property
    def known(self) -> bool:
        return self.name is not None or self.jit is not None or bool(self.env)

    def __str__(self) -> str:
        if self.name is not None:
            return self.name
        if self.jit is not None:
            return "JIT on" if self.jit else "JIT off"
        return " ".join(f"{name}={value}" for name, value in self.env.items()) or "none"


def condition_facts(meta: RunMeta, record: Record | None = None) -> ConditionFacts:
    """The condition of a run, or of one record of it, which goes before the run's."""
    if record is not None and record.condition is not None:
        same = record.condition == meta.condition
        jit = meta.jit_enabled if same else None
        return ConditionFacts(name=record.condition, jit=jit, env=record.env_overrides)
    return ConditionFacts(name=meta.condition, jit=meta.jit_enabled, env=meta.env_overrides)


def differences(before: InRun, after: InRun) -> Differences:
    """What differs between what one package was tested with in two runs."""
    target = target_difference(
        target_facts(before.meta, before.record.target_id),
        target_facts(after.meta, after.record.target_id),
    )
    return Differences(
        source=_source(before.record, after.record),
        target=target,
        condition=condition_difference(
            condition_facts(before.meta, before.record),
            condition_facts(after.meta, after.record),
            same_target=target.sameness is Sameness.UNCHANGED,
        ),
        dependencies=_dependencies(before.record, after.record),
        test_command=_test_command(before.record, after.record),
    )


def revision(record: Record) -> str:
    """What source a record is of: a commit, or a released version; empty where it does not say."""
    return record.git_revision or record.sdist_version or record.package_version or ""


def short_revision(record: Record) -> str:
    """The same for people: a commit has seven digits."""
    commit = record.git_revision
    return commit[:_SHORT] if commit else revision(record)


def target_difference(before: TargetFacts, after: TargetFacts) -> Difference:
    """Whether two runs were on one build."""
    details: tuple[str, ...] = ()
    if not before.known or not after.known:
        sameness = _half_known(before.known, after.known)
    elif before.target_id and after.target_id:
        same = before.target_id == after.target_id
        sameness = Sameness.UNCHANGED if same else Sameness.CHANGED
        details = () if same else tuple(_build_changes(before, after))
    elif before.version != after.version:
        sameness = Sameness.CHANGED
    elif before.path != after.path:
        sameness = Sameness.CHANGED
        details = (f"the same version at another path, {before.path} → {after.path}",)
    else:
        sameness = Sameness.UNCHANGED
    return _difference(Aspect.TARGET, sameness, str(before), str(after), details)


def condition_difference(
    before: ConditionFacts, after: ConditionFacts, *, same_target: bool
) -> Difference:
    """Whether two runs were under one condition, with the same variables.

    What variables of the JIT a condition sets is up to the build: ``jit-eager`` sets those that
    it knows. Of another target, those that only one of the two has make no difference.
    """
    if not before.known or not after.known:
        sameness = _half_known(before.known, after.known)
        return _difference(Aspect.CONDITION, sameness, str(before), str(after))
    then, now = dict(before.env), dict(after.env)
    if None not in (before.name, after.name):
        same = before.name == after.name
        if same and not same_target:
            then, now = _without_own_knobs(then, now), _without_own_knobs(now, then)
    else:
        same = before.jit == after.jit
    changes = tuple(_changes_of(then, now))
    same = same and not changes
    sameness = Sameness.UNCHANGED if same else Sameness.CHANGED
    return _difference(Aspect.CONDITION, sameness, str(before), str(after), changes)


def _without_own_knobs(env: Mapping[str, str], other: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in env.items()
        if name in other or not name.startswith("PYTHON_JIT_")
    }


def _source(before: Record, after: Record) -> Difference:
    known = (bool(revision(before)), bool(revision(after)))
    details: tuple[str, ...] = ()
    if not all(known):
        sameness = _half_known(*known)
    elif _same_source(before, after):
        sameness = Sameness.UNCHANGED
    else:
        sameness = Sameness.CHANGED
    if before.repo and after.repo and _repo(before.repo) != _repo(after.repo):
        sameness = Sameness.CHANGED
        details = (f"the repository changed: {before.repo} → {after.repo}",)
    shown = short_revision(before), short_revision(after)
    if sameness is Sameness.CHANGED and shown[0] == shown[1]:
        shown = revision(before), revision(after)
    label = "Repo" if before.git_revision or after.git_revision else "Release"
    difference = _difference(Aspect.SOURCE, sameness, *shown, details)
    return replace(difference, label=label)


def _same_source(before: Record, after: Record) -> bool:
    """Commits are the same where one is the other's beginning: some are recorded shortened."""
    then, now = before.git_revision, after.git_revision
    if then and now:
        shorter = min(len(then), len(now))
        return shorter >= _SHORT and then[:shorter].lower() == now[:shorter].lower()
    return not then and not now and revision(before) == revision(after)


def _repo(url: str) -> str:
    return url.rstrip("/").removesuffix(".git").lower()


def _dependencies(before: Record, after: Record) -> Difference:
    then, now = _installed(before), _installed(after)
    details: tuple[str, ...] = ()
    if not then or not now:
        sameness = _half_known(bool(then), bool(now))
    elif then == now:
        sameness = Sameness.UNCHANGED
    else:
        sameness = Sameness.CHANGED
        details = tuple(_changes_of(then, now))
    return _difference(Aspect.DEPENDENCIES, sameness, str(len(then)), str(len(now)), details)


def _installed(record: Record) -> dict[str, str]:
    """What a record says was installed, but for the package itself and for installers."""
    own = canonical(record.package)
    versions = record.installed_dependencies.items()
    installed = ((canonical(name), version) for name, version in versions)
    return {name: version for name, version in installed if name not in {own, *_INSTALLERS}}


def _test_command(before: Record, after: Record) -> Difference:
    then, now = before.test_command, after.test_command
    if not then or not now:  # a package that was not tested has none
        sameness = Sameness.UNKNOWN
    else:
        sameness = Sameness.UNCHANGED if then == now else Sameness.CHANGED
    return _difference(Aspect.TEST_COMMAND, sameness, then, now)


def _difference(
    aspect: Aspect, sameness: Sameness, before: str, after: str, details: tuple[str, ...] = ()
) -> Difference:
    return Difference(
        aspect=aspect,
        label=aspect.value.capitalize(),
        sameness=sameness,
        before=before,
        after=after,
        details=details,
    )


def _half_known(before: bool, after: bool) -> Sameness:
    return Sameness.HALF_KNOWN if before or after else Sameness.UNKNOWN


def _changes_of(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    """What changed in a mapping: ``pytest 9.1 → 9.2``, ``new 1.0 (added)``, ``old 2.0 (gone)``."""
    for name in sorted({*before, *after}):
        then, now = before.get(name), after.get(name)
        if then is None:
            yield f"{name} {now} (added)"
        elif now is None:
            yield f"{name} {then} (gone)"
        elif then != now:
            yield f"{name} {then} → {now}"


def _build_changes(before: TargetFacts, after: TargetFacts) -> Iterator[str]:
    """What differs between two builds, where their versions do not show it."""
    if before.version != after.version:
        return
    for name in _BUILD_FACTS:
        then, now = before.facts.get(name), after.facts.get(name)
        if then is not None and now is not None and then != now:
            words = name.replace("_", " ")
            long = len(then) + len(now) > 80
            yield f"another {words}" if long else f"{words}: {then} → {now}"


def _text(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


@functools.cache
def canonical(name: str) -> str:
    """A package's name as it is compared (PEP 503), also where it is no valid one."""
    return canonicalize_name(name)
