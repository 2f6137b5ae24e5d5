"""Which packages a command is about: from its options to a list, and why others are not on it."""

from __future__ import annotations

import enum
import re
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeille.errors import UsageError
from labeille.names import parse_package_name
from labeille.registry.model import ExtensionType
from labeille.registry.problems import FileProblem, RegistryFileError
from labeille.registry.where import Where, check_fields, matches

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from labeille.registry.model import Package
    from labeille.registry.store import Registry

_SHARD = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")

# An empty selection names this many packages; above, counts say more.
_NAMED_IN_ERROR = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageRequest:
    """A package asked for by name; ``revision`` is a git ref, or a version for an sdist."""

    name: str
    revision: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Shard:
    """One of ``count`` equal parts of a selection; ``number`` counts from 1."""

    number: int
    count: int

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """What a command line wishes; no packages means all. In which order options stood is lost."""

    packages: tuple[PackageRequest, ...] = ()
    top: int | None = None
    skip_extensions: bool = False
    force_run: bool = False
    include_unenriched: bool = False
    where: tuple[Where, ...] = ()
    shard: Shard | None = None

    def __post_init__(self) -> None:
        if self.top is not None and self.top < 1:
            raise UsageError(f"--top: {self.top} is no number of packages", hint="1 or more")


class Reason(enum.StrEnum):
    """Why a package is passed over; the values are read by people."""

    WHERE = "not what --where asks for"
    UNENRICHED = "not enriched"
    SKIP = "skipped"
    SKIP_VERSION = "skipped on this Python"
    EXTENSIONS = "with extensions"
    TOP = "below --top"
    SHARD = "in other shards"
    BROKEN = "with a broken file"


_REMEDIES = {
    Reason.UNENRICHED: "--include-unenriched takes them in",
    Reason.SKIP: "--force-run runs them all the same",
    Reason.SKIP_VERSION: "--force-run runs them all the same",
    Reason.EXTENSIONS: "leave --skip-extensions out to run them",
    Reason.WHERE: "look at the values with another --where",
    Reason.SHARD: "use fewer shards",
    Reason.BROKEN: "mend the file",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class PassedOver:
    """A package that is not selected; ``detail`` is the registry's own words, if it has any."""

    name: str
    reason: Reason
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}" + (f": {self.detail}" if self.detail else "")


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """A package to run, at ``revision`` where one was asked for."""

    package: Package
    revision: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Selected:
    """``chosen`` is by downloads, or as the command line names them.

    ``passed_over`` has packages that were looked at; with --top, the rest of the list is not.
    """

    chosen: tuple[Chosen, ...]
    passed_over: tuple[PassedOver, ...] = ()
    problems: tuple[FileProblem, ...] = ()

    @property
    def counts(self) -> dict[Reason, int]:
        """How many packages were passed over for each reason, in the order of ``Reason``."""
        found = Counter(item.reason for item in self.passed_over)
        return {reason: found[reason] for reason in Reason if found[reason]}


def parse_packages(text: str) -> tuple[PackageRequest, ...]:
    """Read ``a,b@revision``; raises UsageError for names and revisions that cannot be taken."""
    requests: dict[str, PackageRequest] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, at, revision = part.partition("@")
        request = PackageRequest(
            name=parse_package_name(name), revision=parse_revision(revision) if at else None
        )
        if requests.setdefault(request.name, request) != request:
            raise UsageError(
                f"{request.name} is asked for at two revisions",
                hint="a run has one record a package: make two runs",
            )
    if not requests:
        raise UsageError("--packages names no package", hint="for example --packages click,six")
    return tuple(requests.values())


def parse_revision(text: str) -> str:
    """Return a revision that is safe as an argument of git; raises UsageError otherwise."""
    if not text or text.startswith("-") or not text.isprintable() or " " in text:
        raise UsageError(
            f"{text!r} is not a revision",
            hint="a branch, a tag, a commit or a version: no spaces, no '-' at the start",
        )
    return text


def parse_shard(text: str) -> Shard:
    """Read ``I/N`` with 1 ≤ I ≤ N; raises UsageError."""
    match = _SHARD.fullmatch(text.strip())
    if match is not None and 1 <= int(match[1]) <= int(match[2]):
        return Shard(number=int(match[1]), count=int(match[2]))
    raise UsageError(
        f"--shard: {text!r} is no shard", hint="I/N with I from 1 to N, for example --shard 2/5"
    )


def select(registry: Registry, selection: Selection, python_version: str | None = None) -> Selected:
    """Choose packages; raises UsageError, which counts the reasons, when none is left.

    ``python_version`` is the target's ("3.15" or "3.15.2"); None leaves skip_versions unheeded.
    ``--top`` counts packages that the other options leave, and ``--shard`` divides what ``--top``
    leaves: every N-th, so that each part has popular packages.

    Raises RegistryError for a package that the registry has not.
    """
    _check_where(registry, selection.where)
    order, problems = _candidates(registry, selection)
    revisions = {request.name: request.revision for request in selection.packages}
    minor = ".".join(python_version.split(".")[:2]) if python_version else None
    chosen: list[Chosen] = []
    passed_over: list[PassedOver] = []
    # what is named comes in the order it is named in, so it has to be seen whole
    enough = None if selection.packages else selection.top
    with closing(registry.each(order)) as items:
        for name, item in zip(order, items, strict=True):
            if isinstance(item, RegistryFileError):
                problems += item.problems
                passed_over.append(PassedOver(name=name, reason=Reason.BROKEN))
                continue
            why_not = _judge(item, selection, minor)
            if why_not is not None:
                passed_over.append(why_not)
                continue
            chosen.append(Chosen(package=item, revision=revisions.get(name)))
            if len(chosen) == enough:
                break
    chosen = _top(registry, chosen, selection.top, passed_over)
    chosen = _shard(chosen, selection.shard, passed_over)
    selected = Selected(
        chosen=tuple(chosen), passed_over=tuple(passed_over), problems=tuple(problems)
    )
    if not chosen:
        raise _nothing_selected(selected, selection)
    return selected


def _check_where(registry: Registry, conditions: Sequence[Where]) -> None:
    if not all(where.is_known for where in conditions):
        check_fields(conditions, registry.load_all().packages.values())


def _candidates(
    registry: Registry, selection: Selection
) -> tuple[Sequence[str], list[FileProblem]]:
    if selection.packages:
        return [request.name for request in selection.packages], []
    order, problems = registry.by_downloads()
    return order, list(problems)


def _judge(package: Package, selection: Selection, minor: str | None) -> PassedOver | None:
    """Why a package is passed over, or None."""

    def over(reason: Reason, detail: str = "") -> PassedOver:
        return PassedOver(name=package.name, reason=reason, detail=detail)

    if not all(matches(package, where) for where in selection.where):
        return over(Reason.WHERE)
    if not package.enriched and not selection.include_unenriched:
        return over(Reason.UNENRICHED)
    if selection.skip_extensions and package.extension_type is ExtensionType.EXTENSIONS:
        return over(Reason.EXTENSIONS)
    if selection.force_run:
        return None
    if package.skip:
        return over(Reason.SKIP, package.skip_reason or "")
    if minor is not None and minor in package.skip_versions:
        return over(Reason.SKIP_VERSION, package.skip_versions[minor])
    return None


def _top(
    registry: Registry, chosen: list[Chosen], top: int | None, passed_over: list[PassedOver]
) -> list[Chosen]:
    """The ``top`` most downloaded ones, in the order they came in."""
    if top is None or len(chosen) <= top:
        return chosen
    order, _ = registry.by_downloads()
    rank = {name: position for position, name in enumerate(order)}
    kept = {item.package.name for item in sorted(chosen, key=lambda c: rank[c.package.name])[:top]}
    return _keep(chosen, kept, Reason.TOP, passed_over)


def _shard(
    chosen: list[Chosen], shard: Shard | None, passed_over: list[PassedOver]
) -> list[Chosen]:
    if shard is None:
        return chosen
    kept = {item.package.name for item in chosen[shard.number - 1 :: shard.count]}
    return _keep(chosen, kept, Reason.SHARD, passed_over)


def _keep(
    chosen: Iterable[Chosen], kept: set[str], reason: Reason, passed_over: list[PassedOver]
) -> list[Chosen]:
    remaining = []
    for item in chosen:
        if item.package.name in kept:
            remaining.append(item)
        else:
            passed_over.append(PassedOver(name=item.package.name, reason=reason))
    return remaining


def _nothing_selected(selected: Selected, selection: Selection) -> UsageError | RegistryFileError:
    """The error for an empty selection: who was passed over and why, and what would help."""
    counts = selected.counts
    if selected.problems and set(counts) <= {Reason.BROKEN}:
        return RegistryFileError(selected.problems)
    if not counts:
        return UsageError("no package is selected: the registry is empty")
    if selection.packages and len(selected.passed_over) <= _NAMED_IN_ERROR:
        why = "; ".join(map(str, selected.passed_over))
    else:
        why = ", ".join(f"{count} {reason}" for reason, count in counts.items())
    if selected.problems:
        why += f"; {selected.problems[0]}"
    main_reason = max(counts, key=lambda reason: counts[reason])
    return UsageError(f"no package is selected: {why}", hint=_REMEDIES.get(main_reason))
