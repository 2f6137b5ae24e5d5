"""Finds a project's source repository among its links, and the URL to clone it from.

What labels mean and how forges spell their pages stands in data/repositories.yaml, a reason on each
entry.
"""

from __future__ import annotations

import enum
import functools
import importlib.resources
import re
import string
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator
    from urllib.parse import SplitResult

    from labeille.pypi.metadata import ProjectMetadata


class LinkKind(enum.IntEnum):
    """What a link's label says it is; the ones that say most of the source come first."""

    SOURCE = 0
    HOME = 1
    TRACKER = 2
    OTHER = 3
    NEVER = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Repository:
    """A repository: the URL that ``git clone`` takes, and the folder of a monorepo.

    ``label`` is that of the link it was found by. ``is_forge`` is False for a host of which nothing
    is known but what the label says.
    """

    url: str
    folder: str | None = None
    label: str = ""
    is_forge: bool = True


def find_repository(metadata: ProjectMetadata) -> Repository | None:
    """The source repository that a project's links name; None where none does.

    The link whose label says most counts (LinkKind), the first of equals. Links that are not
    labelled as source count only where they lead to a forge. Of a monorepo's links the first one
    to a folder says which one is the project's.
    """
    candidates = sorted(_candidates(metadata), key=lambda candidate: candidate[0])
    if not candidates:
        return None
    best = candidates[0][1]
    for kind, other in candidates:
        if kind <= LinkKind.HOME and other.url == best.url and other.folder:
            return Repository(
                url=best.url, folder=other.folder, label=best.label, is_forge=best.is_forge
            )
    return best


def link_kind(label: str) -> LinkKind:
    """What a label means, by PyPA's specification "Well-known Project URLs in Metadata"."""
    bare = label.translate(_PUNCTUATION).lower()
    return _rules().labels.get(bare, LinkKind.OTHER)


def clone_url(link: str, *, is_source: bool = False, project: str = "") -> Repository | None:
    """The repository that a URL, of whatever page of it, belongs to; None where it is of none.

    A host that is no known forge counts only where ``is_source``, that is, where the label says so.
    """
    parts = _split(link)
    if parts is None:
        return None
    host = (parts.hostname or "").removeprefix("www.")
    if _is_listed(host, _rules().not_git):
        return None
    forge = _forge(host)
    if forge is None:
        return _unknown_host(parts) if is_source else None
    found = _on_forge(forge, parts)
    if found is not None and _is_mistake(found.url, project):
        return None
    return found


def _candidates(metadata: ProjectMetadata) -> Iterator[tuple[LinkKind, Repository]]:
    index_host = urlsplit(metadata.page).hostname
    for label, link in metadata.links or ():
        kind = link_kind(label)
        if kind is LinkKind.NEVER:
            continue
        is_source = kind is LinkKind.SOURCE
        found = clone_url(link, is_source=is_source, project=metadata.name)
        # a project's page on the index itself is a favourite under any label
        if found is None or urlsplit(found.url).hostname == index_host:
            continue
        yield (
            kind,
            Repository(url=found.url, folder=found.folder, label=label, is_forge=found.is_forge),
        )


@dataclass(frozen=True, slots=True)
class _Forge:
    """One entry of ``forges``, its shape filled in."""

    host: str
    depth: int
    trees: tuple[tuple[str, ...], ...]
    pages: frozenset[str]
    owners: frozenset[str]
    clone: str | None
    skip: str | None


@dataclass(frozen=True, slots=True)
class _Rules:
    labels: dict[str, LinkKind]
    forges: dict[str, _Forge]
    not_git: dict[str, str | None]
    not_theirs: dict[str, str | None]


@functools.cache
def _rules() -> _Rules:
    source = importlib.resources.files("labeille.pypi") / "data" / "repositories.yaml"
    data: dict[str, Any] = yaml.load(source.read_text("utf-8"), Loader=yaml.CSafeLoader)
    forges = {}
    for entry in data["forges"]:
        shape = data["shapes"][entry["shape"]]
        forges[entry["host"]] = _Forge(
            host=entry["host"],
            depth=shape["depth"],
            trees=tuple(tuple(tree) for tree in shape["trees"]),
            pages=frozenset(shape.get("pages", ())),
            owners=frozenset(entry.get("owners", ())),
            clone=entry.get("clone"),
            skip=entry.get("skip"),
        )
    return _Rules(
        labels={
            name: LinkKind[entry["kind"].upper()]
            for entry in data["labels"]
            for name in entry["names"]
        },
        forges=forges,
        not_git={entry["host"]: entry.get("except") for entry in data["not_git"]},
        not_theirs={entry["repository"]: entry.get("except") for entry in data["not_theirs"]},
    )


_PUNCTUATION = str.maketrans("", "", string.punctuation + string.whitespace)
_SCP = re.compile(r"(?:[\w.-]+@)?(?P<host>[\w-]+(?:\.[\w-]+)+):(?P<path>(?!//)[^\s:]+)")
_BARE = re.compile(r"[\w-]+(?:\.[\w-]+)+(?::\d+)?/\S*")
_NAME = re.compile(r"[\w.+-]+|~[\w.+-]+", re.ASCII)
_ARCHIVE = re.compile(r"\.(whl|zip|egg|exe|html?|pdf|tar(\.\w+)?|t[gbx]z2?)$", re.IGNORECASE)
_WEB = ("http", "https")
_OF_FORGES = (*_WEB, "git", "ssh")


def _split(link: str) -> SplitResult | None:
    """The parts of a URL as people write them: without a scheme, as ``git@host:path``, quoted."""
    text = link.strip().rstrip(".,;").strip("<>()\"'")
    text = re.sub(r"^git\+", "", text, flags=re.IGNORECASE)
    scp = _SCP.fullmatch(text)
    if scp is not None and not scp["path"].split("/")[0].isdigit():
        text = f"ssh://{scp['host']}/{scp['path']}"
    elif _BARE.fullmatch(text):
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises ValueError where it is no number
    except ValueError:
        return None
    if not parts.hostname or parts.scheme not in _OF_FORGES or not text.isprintable():
        return None
    return parts


def _forge(host: str) -> _Forge | None:
    forges = _rules().forges
    return forges.get(host) or forges.get(host.partition(".")[0] + ".*")


def _on_forge(forge: _Forge, parts: SplitResult) -> Repository | None:
    path = [unquote(segment) for segment in parts.path.split("/") if segment]
    if path and path[0] == forge.skip:
        path = path[1:]
    end = forge.depth
    if forge.pages:  # groups nest, so the name ends where a page's begins
        at = (position for position, part in enumerate(path) if part in forge.pages)
        end = max(next(at, len(path)), end)
    names = path[:end]
    if len(names) < forge.depth or names[0].lower() in forge.owners or names[-1] in forge.pages:
        return None
    # "name.git@main", as requirements spell a repository at a branch
    names[-1] = names[-1].partition("@")[0].removesuffix(".git")
    if not all(_NAME.fullmatch(name) for name in names):
        return None
    host = forge.clone or _netloc(parts).removeprefix("www.")
    # as pip spells a monorepo's folder: "…/name.git#subdirectory=sdk/foo"
    folder = parse_qs(parts.fragment).get("subdirectory", [None])[0]
    return Repository(
        url=f"https://{host}/{'/'.join(names)}", folder=folder or _folder(forge, path[end:])
    )


def _folder(forge: _Forge, page: list[str]) -> str | None:
    """The folder that a page below a repository shows; None for its top, and for other pages."""
    for tree in forge.trees:
        if tuple(page[: len(tree)]) == tree:
            below = page[len(tree) + 1 :]  # after the branch, which is taken to have no slash
            if below and below[0] == "item":  # SourceHut's way to a path
                below = below[1:]
            return "/".join(below) or None
    return None


def _unknown_host(parts: SplitResult) -> Repository | None:
    """A URL that a label calls the source, as it is but for what no repository's URL has."""
    path = parts.path.rstrip("/")
    host = parts.hostname or ""
    if not path or parts.scheme == "ssh" or host.startswith("docs.") or _ARCHIVE.search(path):
        return None  # a home page, what needs an account, documentation, a file
    if "@" in path:
        return None
    return Repository(url=f"{parts.scheme}://{_netloc(parts)}{path}", is_forge=False)


def _netloc(parts: SplitResult) -> str:
    """Host and port, in lower case and without a user."""
    host = parts.hostname or ""
    port = parts.port if parts.scheme in _WEB else None
    return host if port in (None, 80, 443) else f"{host}:{port}"


def _is_listed(host: str, listed: dict[str, str | None]) -> bool:
    """Whether a host, or one that it lies below, is listed without being excepted."""
    labels = host.split(".")
    above = [".".join(labels[start:]) for start in range(len(labels))]
    for name in above:
        if name in listed:
            return listed[name] is None or listed[name] not in above
    return False


def _is_mistake(url: str, project: str) -> bool:
    owner, _, name = url.lower().rpartition("/")
    owner = owner.rpartition("/")[2]
    listed = _rules().not_theirs
    if f"*/{name}" in listed:
        return True
    full = f"{owner}/{name}"
    return full in listed and listed[full] != project


def link_hosts(metadata: ProjectMetadata) -> tuple[str, ...]:
    """The hosts that a project's links lead to, each once, for a message."""
    parts = (_split(link) for _, link in metadata.links or ())
    return tuple(dict.fromkeys(part.hostname for part in parts if part and part.hostname))
