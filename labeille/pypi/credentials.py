"""Keeps user names and passwords that stand in URLs out of everything that is shown."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit, urlunsplit

# Greedy up to the last "@" before the path: an unescaped "@" in a password is part of it.
_USERINFO = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<userinfo>[^/\s'\"]*)@")


def redact(text: str) -> str:
    """Return ``text`` with the credentials of every URL in it replaced by ``****``.

    A user name alone is kept where it is only an address (``ssh://git@host``), not over HTTP, where
    it may be a token.
    """
    return _USERINFO.sub(_redacted, text)


def _redacted(match: re.Match[str]) -> str:
    scheme, userinfo = match["scheme"], match["userinfo"]
    if ":" not in userinfo and not scheme.lower().startswith("http"):
        return match[0]
    return f"{scheme}://****@"


def without_credentials(url: str) -> str:
    """Return ``url`` with user name and password left out."""
    return split_credentials(url)[0]


def split_credentials(url: str) -> tuple[str, tuple[str, str] | None]:
    """Return ``url`` without its credentials, and these, decoded, as user name and password."""
    parts = urlsplit(url)
    userinfo, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, None
    user, _, password = userinfo.partition(":")
    return urlunsplit(parts._replace(netloc=host)), (unquote(user), unquote(password))
