"""Gets a package's source: from git, from the package index, or whichever can be had."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from labeille.errors import Interrupted, SourceError
from labeille.registry.model import SourceKind
from labeille.sources.failure import GitError
from labeille.sources.git import UnknownRevisionError, get_git, is_version
from labeille.sources.model import Checkout, SourceChoice
from labeille.sources.sdist import get_sdist

if TYPE_CHECKING:
    from labeille.pypi.client import IndexClient
    from labeille.registry.model import Package
    from labeille.sources.model import SourceSettings
    from labeille.supervision.cancellation import Cancellation

_client_lock = threading.Lock()
# The user's index, asked for many packages: connections and settings are worth keeping.
_default_client: IndexClient | None = None


def get_checkout(
    package: Package,
    revision: str | None,
    settings: SourceSettings,
    *,
    cancel: Cancellation | None = None,
    client: IndexClient | None = None,
) -> Checkout:
    """Return a source tree of ``package`` at ``revision``: a branch, tag, commit or version.

    ``settings.source`` chooses git or sdist; auto leaves it to the registry, and where that says
    nothing either, takes git, and the sdist where the repository cannot be had or has no tag for
    the version that is asked for. A repository of the user's choice (--repo-override) is never
    passed over like that. The checkout's note says what was taken for another.

    Raises SourceError, and Interrupted when ``cancel`` was the reason.
    """
    if cancel is not None and cancel.cancelled:
        raise Interrupted("interrupted")
    kind = _chosen_kind(package, revision, settings)
    if kind is SourceKind.SDIST:
        return get_sdist(package, revision, settings, client or index_client())
    if kind is SourceKind.GIT:
        return get_git(package, revision, settings, cancel)
    reason = f"the registry names no repository of {package.name}"
    if package.repo:
        try:
            return get_git(package, revision, settings, cancel)
        except (GitError, UnknownRevisionError) as error:
            if revision is not None and not is_version(revision):
                raise
            reason = str(error)
    return _sdist_instead(package, revision, settings, client or index_client(), reason)


def _chosen_kind(
    package: Package, revision: str | None, settings: SourceSettings
) -> SourceKind | None:
    """Where the source has to come from; None where git is only the first choice."""
    if settings.source is not SourceChoice.AUTO:
        return SourceKind(settings.source.value)
    if package.name in settings.repo_overrides:
        return SourceKind.GIT
    if (
        package.source is SourceKind.SDIST
        and package.repo
        and revision
        and not is_version(revision)
    ):
        return SourceKind.GIT  # a branch or a commit: the index has none
    return package.source


def _sdist_instead(
    package: Package,
    revision: str | None,
    settings: SourceSettings,
    client: IndexClient,
    reason: str,
) -> Checkout:
    try:
        checkout = get_sdist(package, revision, settings, client)
    except SourceError as error:
        raise SourceError(f"{reason}; {error}", hint=error.hint) from error
    notes = [f"sdist, because {reason}", checkout.note]
    return replace(checkout, note="; ".join(note for note in notes if note))


def index_client() -> IndexClient:
    """The client of the user's indexes, one for this process."""
    global _default_client
    from labeille.pypi.client import IndexClient

    with _client_lock:
        _default_client = _default_client or IndexClient()
        return _default_client
