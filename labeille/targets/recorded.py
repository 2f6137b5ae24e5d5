"""Finds the interpreter that a stored run was made with, or says how another one differs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from labeille.errors import TargetError
from labeille.targets.choose import choose_target
from labeille.targets.discover import discover
from labeille.targets.model import Target, TargetKind
from labeille.targets.probe import probe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from labeille.results.model import RunMeta

#: What tells two builds apart, with the words for it.
_FACTS = (
    ("version_text", "version"),
    ("build", "build"),
    ("compiler", "compiler"),
    ("configure_args", "configure arguments"),
    ("platform", "platform"),
)


@dataclass(frozen=True, kw_only=True)
class FoundTarget:
    """An interpreter to repeat a run with; ``differences`` are sentences, none for the same build.

    The path is no difference: a build is the same wherever it lies.
    """

    target: Target
    differences: tuple[str, ...] = ()


def recorded_target(meta: RunMeta, option: str | None = None) -> FoundTarget:
    """The interpreter that a run was made with; another build where there is no other way.

    In this order: ``option`` (--target-python), the recorded path, any interpreter of this machine
    of the same build, another build at the recorded path, the likest one of the same version.
    Raises TargetError when there is none of these.
    """
    if option is not None:
        chosen = choose_target(option, want=TargetKind.JIT, allow_provide=False, report=_silent)
        return FoundTarget(target=chosen, differences=target_differences(meta, chosen))
    at_path = _probed(meta.target_python)
    if at_path is not None and _same_build(meta, at_path):
        return FoundTarget(target=at_path)
    others = discover()
    same = next((target for target in others if _same_build(meta, target)), None)
    if same is not None:
        return FoundTarget(target=same)
    if at_path is not None:
        return FoundTarget(target=at_path, differences=target_differences(meta, at_path))
    likest = _likest(meta, others)
    if likest is None:
        what = " ".join(part for part in (meta.target_python, meta.python_version) if part)
        raise TargetError(
            f"the run's interpreter ({what or 'which it does not name'}) is gone, and no other of "
            "its version is on this machine",
            hint="name one by --target-python",
        )
    gone = f"the interpreter {meta.target_python} is gone, {likest.python} stands in for it"
    return FoundTarget(target=likest, differences=(gone, *target_differences(meta, likest)))


def target_differences(meta: RunMeta, target: Target) -> tuple[str, ...]:
    """A sentence on each thing in which ``target`` is not the build that a run was made with."""
    if _same_build(meta, target):
        return ()
    recorded = _recorded(meta)
    if recorded is None:
        return (f"the interpreter is {target.version_text} and was {meta.python_version}",)
    pairs = [(words, getattr(target, fact), getattr(recorded, fact)) for fact, words in _FACTS]
    return tuple(
        f"the interpreter's {words} is {now!r} and was {before!r}"
        for words, now, before in pairs
        if now != before
    )


def _same_build(meta: RunMeta, target: Target) -> bool:
    if meta.target_id is not None:
        return meta.target_id == target.target_id
    return bool(meta.python_version) and _words(meta.python_version) == _words(target.version_text)


def _words(text: str) -> str:
    return " ".join(text.split())


def _recorded(meta: RunMeta) -> Target | None:
    """The probe that a run's metadata keep, None where there is none that can be read."""
    try:
        return msgspec.convert(meta.target, Target)
    except msgspec.ValidationError:
        return None


def _probed(python: str) -> Target | None:
    try:
        return probe(Path(python)) if python else None
    except TargetError:
        return None


def _likest(meta: RunMeta, targets: Iterable[Target]) -> Target | None:
    """The newest interpreter of the recorded minor version, of the same kind if there is one."""
    version = meta.python_version.split(" ")[0].split(".")[:2]
    recorded = _recorded(meta)
    of_version = [target for target in targets if target.version.split(".")[:2] == version]

    def unlike(target: Target) -> int:
        if recorded is None:
            return meta.jit_enabled is True and not target.jit_works
        traits = ("jit_works", "free_threaded", "debug", "sanitizers")
        return sum(getattr(target, trait) != getattr(recorded, trait) for trait in traits)

    return min(of_version, key=unlike, default=None)


def _silent(_line: str) -> None:
    pass
