"""What a bisection goes through: a package's commits, its releases, or a list of interpreters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from packaging.version import InvalidVersion, Version

from labeille.campaigns.bisect.errors import BisectError
from labeille.campaigns.bisect.walk import GitWalk, ListWalk, Walk

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labeille.sources.history import History
    from labeille.sources.releases import Release
    from labeille.targets.model import Target

_SHORT = 12  # hex digits of a commit that people read
_SWAP_HINT = "swap --good and --bad; a bisection finds what broke, not what mended it"


@dataclass(frozen=True, kw_only=True)
class Description:
    """An item in words: how it is called, and what it says of itself."""

    shown: str
    author: str | None = None
    date: str | None = None
    subject: str | None = None


class Lineage(Protocol):
    """Items in an order, or with merges: a commit's hash, a version, an interpreter's path.

    ``landmarks`` is what those are called that may be good.
    """

    landmarks: str

    def resolve(self, text: str) -> str:
        """The item that a person means. Raises LabeilleError."""

    def newest(self) -> str:
        """The item that is taken for the bad end where none is named."""

    def perhaps_good(self, bad: str) -> Sequence[str]:
        """The items that may be the good end where none is named, the likeliest first."""

    def walk(self, good: str, bad: str) -> Walk:
        """A way from end to end. Raises BisectError where there is none."""

    def describe(self, item: str) -> Description:
        """An item in words."""


class Commits:
    """The commits of a package's history, by their hashes."""

    landmarks = "tags"

    def __init__(self, history: History) -> None:
        self._history = history

    def resolve(self, text: str) -> str:
        """The commit that a revision names."""
        return self._history.resolve(text)

    def newest(self) -> str:
        """The tip of HEAD."""
        return self._history.resolve("HEAD")

    def perhaps_good(self, bad: str) -> Sequence[str]:
        """What lies behind it and has a tag, the newest first."""
        return [commit for _, commit in self._history.tagged(bad)]

    def walk(self, good: str, bad: str) -> Walk:
        """By ``git bisect``."""
        if self._history.is_ancestor(bad, good):
            raise _wrong_way_round(self.describe(good), self.describe(bad))
        return GitWalk(self._history, good=good, bad=bad)

    def describe(self, item: str) -> Description:
        """By the commit's own words."""
        info = self._history.info(item)
        return Description(
            shown=item[:_SHORT], author=info.author, date=info.date, subject=info.subject
        )


class Versions:
    """Released versions by their numbers.

    Pre-releases and yanked versions are passed over, except for an end that somebody names.
    """

    landmarks = "releases"

    def __init__(self, name: str, releases: Sequence[Release]) -> None:
        self._name = name
        self._releases = {str(release.version): release for release in releases}
        self._plain = [
            str(each.version)
            for each in releases
            if not each.yanked and not each.version.is_prerelease
        ]

    def resolve(self, text: str) -> str:
        """The version as the index spells it."""
        try:
            wanted = Version(text)
        except InvalidVersion:
            raise BisectError(
                f"{text!r} is not a version of {self._name}",
                hint="with --releases both ends are versions",
            ) from None
        for spelled, release in self._releases.items():
            if release.version == wanted:
                return spelled
        known = ", ".join(self._plain[-5:])
        raise BisectError(
            f"there is no sdist of {self._name} {wanted} on the index", hint=f"the newest: {known}"
        )

    def newest(self) -> str:
        """The newest release."""
        if not self._plain:
            raise BisectError(
                f"{self._name} has no sdist of a release on the index", hint="name both ends"
            )
        return self._plain[-1]

    def perhaps_good(self, bad: str) -> Sequence[str]:
        """The releases before it, the newest first."""
        limit = self._releases[bad].version
        return [each for each in reversed(self._plain) if Version(each) < limit]

    def walk(self, good: str, bad: str) -> Walk:
        """By halves."""
        low, high = self._releases[good].version, self._releases[bad].version
        if low >= high:
            raise _wrong_way_round(self.describe(good), self.describe(bad))
        between = (each for each in self._plain if low < Version(each) < high)
        return ListWalk(good, [*between, bad])

    def describe(self, item: str) -> Description:
        """By what the index says."""
        release = self._releases[item]
        return Description(shown=item, date=release.uploaded, subject=release.filename)


class Interpreters:
    """Interpreters in the order in which they were given, the oldest first, by their paths."""

    landmarks = "interpreters"

    def __init__(self, targets: Mapping[str, Target]) -> None:
        self._targets = targets

    def resolve(self, text: str) -> str:
        """The interpreter of a path, or the only one of a version."""
        if text in self._targets:
            return text
        found = [
            path
            for path, target in self._targets.items()
            if text in (target.version, target.minor_version)
        ]
        if len(found) == 1:
            return found[0]
        what = "several interpreters" if found else "no interpreter"
        raise BisectError(
            f"the list of targets has {what} called {text!r}",
            hint=f"name one by its path: {', '.join(found or self._targets)}",
        )

    def newest(self) -> str:
        """The last one."""
        return list(self._targets)[-1]

    def perhaps_good(self, bad: str) -> Sequence[str]:
        """Those before it, the oldest first."""
        paths = list(self._targets)
        return paths[: paths.index(bad)]

    def walk(self, good: str, bad: str) -> Walk:
        """By halves."""
        paths = list(self._targets)
        first, last = paths.index(good), paths.index(bad)
        if first >= last:
            raise _wrong_way_round(self.describe(good), self.describe(bad))
        return ListWalk(good, paths[first + 1 : last + 1])

    def describe(self, item: str) -> Description:
        """By what the interpreter says of itself."""
        target = self._targets[item]
        return Description(shown=item, subject=f"Python {target.version_text}")


def _wrong_way_round(good: Description, bad: Description) -> BisectError:
    if good == bad:
        return BisectError(
            f"both ends are {good.shown}", hint="name a good one that is older than the bad one"
        )
    return BisectError(
        f"the ends are the wrong way round: the good one, {good.shown}, comes behind the bad one, "
        f"{bad.shown}",
        hint=_SWAP_HINT,
    )
