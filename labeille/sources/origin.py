"""What a user may name as a repository and as a revision, checked before git sees either."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from labeille.errors import SourceError
from labeille.pypi.credentials import redact, without_credentials
from labeille.sources.failure import GitError, Trouble

_SCHEMES = frozenset({"https", "http", "ssh", "git", "file"})
# "ext::sh -c …" runs a command: git hands whatever stands before "::" to a helper of that name.
_HELPER = re.compile(r"[A-Za-z0-9][A-Za-z0-9+.-]*::")
_SCP_LIKE = re.compile(r"(?:[^/@:\s]+@)?(?P<host>\[[^\]]+\]|[^/@:\s]+):(?!//).+")
_KEY_DIGITS = 12
# What git-check-ref-format forbids in names, and the parts of gitrevisions that name no commit.
_NO_REVISION = re.compile(r"[\x00-\x20\x7f:?*\[\\]|\.\.|@\{|^$|^-")
_SUFFIX = re.compile(r"[~^].*$", re.DOTALL)
_GENERATIONS = re.compile(r"([~^])(\d*)")
_SUFFIXES = re.compile(r"(?:[~^]\d{0,4})*")


@dataclass(frozen=True, kw_only=True)
class Origin:
    """A repository's address.

    ``url`` is what git gets, ``shown`` the same without credentials. ``host`` is None for one on
    this machine. ``key`` is short and another for each ``url``.
    """

    url: str = field(repr=False)
    shown: str
    host: str | None
    key: str

    @property
    def is_local(self) -> bool:
        return self.host is None


def parse_origin(text: str) -> Origin:
    """Return the repository that a URL, an scp-like address or a path names.

    Raises SourceError for what git would take as an option or as a program to run; GitError, as
    for a repository that is out of reach, where the scheme is none of git's own.
    """
    url = text.strip().removeprefix("git+")
    shown = redact(url)
    if not url or url.startswith("-") or not url.isprintable():
        raise SourceError(
            f"{shown!r} is not a repository's URL", hint="it may not be empty or start with '-'"
        )
    if _HELPER.match(url):
        raise SourceError(
            f"{shown!r} is not a repository's URL: it names a program to run",
            hint="use an https, ssh, git or file URL, or a path",
        )
    scheme, separator, _ = url.partition("://")
    if separator:
        return _from_url(url, shown, scheme.lower())
    scp = _SCP_LIKE.fullmatch(url)
    path = Path(url).expanduser()
    if scp and not path.exists():
        return _origin(url, shown, _plain_host(scp["host"], shown))
    return _local(path.absolute())


def _from_url(url: str, shown: str, scheme: str) -> Origin:
    if scheme not in _SCHEMES:
        raise GitError(
            f"{shown!r} is not a repository's URL: git does not speak {scheme!r}",
            trouble=Trouble.REFUSED,
            hint="use an https, ssh, git or file URL, or a path",
        )
    try:
        parts = urlsplit(url)
        host = parts.hostname
        clean = without_credentials(url) if scheme.startswith("http") else shown
    except ValueError as error:
        raise SourceError(f"{shown!r} is not a repository's URL: {error}") from None
    if scheme == "file":
        return _local(Path(unquote(parts.path)), url)
    return _origin(url, clean, _plain_host(host or "", shown))


def _plain_host(host: str, shown: str) -> str:
    if not host or host.startswith("-"):
        raise SourceError(f"{shown!r} is not a repository's URL: it names no host")
    return host.lower()


def _local(path: Path, url: str | None = None) -> Origin:
    if not path.exists():
        raise GitError(f"there is no repository at {path}", trouble=Trouble.REFUSED)
    return _origin(url or str(path), url or str(path), None)


def _origin(url: str, shown: str, host: str | None) -> Origin:
    key = hashlib.sha256(url.encode()).hexdigest()[:_KEY_DIGITS]
    return Origin(url=url, shown=shown, host=host, key=key)


@dataclass(frozen=True, kw_only=True)
class Revision:
    """A revision in git's words: a name or hash, and the way from it (``~2``, ``^``)."""

    text: str
    base: str
    suffix: str = ""

    @property
    def generations(self) -> int:
        """How many commits behind ``base`` it can be at most."""
        return sum(
            int(count or 1) if sign == "~" else 1
            for sign, count in _GENERATIONS.findall(self.suffix)
        )


def parse_revision(text: str) -> Revision:
    """Check a revision. Raises SourceError for what could name no commit of a remote."""
    suffix_match = _SUFFIX.search(text)
    suffix = suffix_match[0] if suffix_match else ""
    base = text.removesuffix(suffix) if suffix else text
    if _NO_REVISION.search(base) or not _SUFFIXES.fullmatch(suffix):
        raise SourceError(
            f"{text!r} is not a revision",
            hint="name a branch, a tag or a commit, perhaps with ~N or ^ behind it",
        )
    return Revision(text=text, base="HEAD" if base == "@" else base, suffix=suffix)
