"""What a registry holds: its packages by downloads, and how many of them are of which kind."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeille.errors import UsageError
from labeille.registry.fields import as_mapping
from labeille.registry.problems import RegistryFileError
from labeille.registry.tags import is_selectable
from labeille.registry.where import check_fields, matches

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from labeille.registry.model import Package
    from labeille.registry.problems import FileProblem
    from labeille.registry.store import Registry
    from labeille.registry.where import Where

#: Fields whose values are counted one by one; of lists and mappings, the items and keys.
COUNTED_FIELDS = (
    "extension_type",
    "enriched",
    "skip",
    "skip_versions",
    "install_method",
    "test_framework",
    "uses_xdist",
    "timeout",
    "clone_depth",
    "python_versions",
    "source",
)

#: Fields of free text: only counted as filled in or not.
FILLED_FIELDS = ("repo", "install_command", "test_command", "import_name", "notes", "env")

TOPS = (50, 100, 500, 1000)


@dataclass(frozen=True, kw_only=True)
class RankedPackage:
    """A package with its downloads in a month and its place by them, from 1, in the registry."""

    package: Package
    rank: int
    downloads: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """How many packages of one kind there are, and how many of them are taken care of."""

    name: str
    packages: int
    enriched: int
    selectable: int


@dataclass(frozen=True, kw_only=True)
class RegistryFacts:
    """The packages asked for, the most downloaded first, and the files that cannot be read."""

    packages: tuple[RankedPackage, ...]
    problems: tuple[FileProblem, ...]

    @property
    def shares(self) -> tuple[Share, ...]:
        """All packages, then by extension type, then the most downloaded ones."""
        shares = [_share("all", self.packages)]
        for kind in sorted({item.package.extension_type for item in self.packages}):
            of_kind = (item for item in self.packages if item.package.extension_type is kind)
            shares.append(_share(kind.value, of_kind))
        last = max((item.rank for item in self.packages), default=0)
        for top in TOPS:
            if top < last:
                of_top = (item for item in self.packages if item.rank <= top)
                shares.append(_share(f"top {top}", of_top))
        return tuple(shares)

    @property
    def skipped(self) -> tuple[tuple[str, int], ...]:
        """How many packages are skipped, always or on a version, the most first."""
        counts: Counter[str] = Counter()
        for item in self.packages:
            if item.package.skip:
                counts["everywhere"] += 1
            for version in item.package.skip_versions:
                counts[f"on {version}"] += 1
        return tuple(counts.most_common())

    def counts(self) -> dict[str, list[tuple[str, int]]]:
        """How often each value of a field occurs, the most frequent first; unknown keys too."""
        mappings = [as_mapping(item.package) for item in self.packages]
        found = {field: _frequent(field, mappings) for field in COUNTED_FIELDS}
        for field in FILLED_FIELDS:
            filled = sum(bool(mapping[field]) for mapping in mappings)
            found[field] = [("filled in", filled), ("empty", len(mappings) - filled)]
        known = {*COUNTED_FIELDS, *FILLED_FIELDS, "package", "pypi_url", "skip_reason"}
        extra = Counter(key for mapping in mappings for key in mapping if key not in known)
        if extra:
            found["unknown keys"] = extra.most_common()
        return found


def read_registry(registry: Registry, where: Iterable[Where] = ()) -> RegistryFacts:
    """Read every package that meets the conditions; broken files are told, and stop nothing.

    Raises UsageError when none meets them, or one of them names a field that nobody has.
    """
    conditions = tuple(where)
    order, problems = registry.by_downloads()
    counts: Mapping[str, int | None] = {}
    if not any(problem.path == registry.index_path for problem in problems):
        counts = registry.counts
    packages = []
    broken = list(problems)
    for rank, (name, item) in enumerate(zip(order, registry.each(order), strict=True), start=1):
        if isinstance(item, RegistryFileError):
            broken += item.problems
        else:
            packages.append(RankedPackage(package=item, rank=rank, downloads=counts.get(name)))
    check_fields(conditions, [item.package for item in packages])
    chosen = tuple(
        item
        for item in packages
        if all(matches(item.package, condition) for condition in conditions)
    )
    if not chosen and conditions:
        asked = " and ".join(map(str, conditions))
        raise UsageError(f"none of {len(packages)} packages has {asked}")
    return RegistryFacts(packages=chosen, problems=tuple(broken))


def _share(name: str, items: Iterable[RankedPackage]) -> Share:
    packages = [item.package for item in items]
    return Share(
        name=name,
        packages=len(packages),
        enriched=sum(package.enriched for package in packages),
        selectable=sum(map(is_selectable, packages)),
    )


def _frequent(field: str, mappings: Sequence[Mapping[str, object]]) -> list[tuple[str, int]]:
    counts: Counter[str] = Counter()
    for mapping in mappings:
        value = mapping[field]
        if isinstance(value, (dict, list, tuple)):
            counts.update(map(str, value) if value else ["none"])
        else:
            counts[_word(value)] += 1
    return counts.most_common()


def _word(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)
