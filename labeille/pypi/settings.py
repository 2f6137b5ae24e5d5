"""The user's package index: from the environment, and from pip's and uv's configuration."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from labeille.errors import UsageError
from labeille.pypi.config_files import pip_config_values, uv_config_values
from labeille.pypi.credentials import redact, split_credentials
from labeille.pypi.model import IndexSettings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_DEFAULT_TIMEOUT = 15.0  # seconds, as pip's
_TRUE = frozenset({"1", "true", "yes", "on", "t", "y"})


def index_settings() -> IndexSettings:
    """Return the indexes that pip and uv would use here.

    A setting is taken from the first that has it: pip's variables, uv's variables, pip's files,
    uv's files; without any, the index is the public one. Raises UsageError for a broken file or
    value.
    """
    sources = _Sources()
    main, extra = sources.indexes()
    urls = [] if sources.no_index() else [main or default_index(), *extra]
    credentials: dict[str, tuple[str, str]] = {}
    trusted = sources.words("trusted-host", "UV_INSECURE_HOST", "allow-insecure-host")
    return IndexSettings(
        indexes=_without_credentials(map(_directory, map(_as_url, urls)), credentials),
        find_links=_without_credentials(map(_as_url, sources.find_links()), credentials),
        credentials=credentials,
        cert=sources.first("cert", "SSL_CERT_FILE"),
        client_cert=sources.first("client-cert", "SSL_CLIENT_CERT"),
        trusted_hosts=tuple(trusted),
        proxy=sources.first("proxy"),
        timeout=sources.timeout(),
    )


def default_index() -> str:
    """Return the public index's Simple API, by the constant of the library that knows it."""
    from distlib.index import DEFAULT_INDEX  # type: ignore[import-untyped]

    return urljoin(str(DEFAULT_INDEX), "simple/")


class _Sources:
    """The places where a setting may stand, read once."""

    def __init__(self) -> None:
        self._pip = pip_config_values()
        self._uv = uv_config_values()
        self._uv_indexes = [
            entry for entry in _list(self._uv.get("index")) if isinstance(entry, dict)
        ]

    def first(self, option: str, *variables: str) -> str | None:
        """pip's option by its variable, one of ``variables``, or pip's files."""
        names = ("PIP_" + option.upper().replace("-", "_"), *variables)
        for name in names:
            if value := os.environ.get(name, "").strip():
                return value
        return self._pip.get(option, "").strip() or None

    def words(self, option: str, variable: str, uv_key: str) -> list[str]:
        """Every value of an option that takes several, from pip and from uv."""
        pip_value = os.environ.get("PIP_" + option.upper().replace("-", "_"))
        found = (self._pip.get(option, "") if pip_value is None else pip_value).split()
        uv_value = os.environ.get(variable)
        if uv_value is None:
            return found + [str(value) for value in _list(self._uv.get(uv_key))]
        return found + uv_value.replace(",", " ").split()

    def indexes(self) -> tuple[str | None, list[str]]:
        """The main index, if one is named, and all others."""
        named = [self._uv_index(entry) for entry in self._uv_index_entries(default=True)]
        main = (
            os.environ.get("PIP_INDEX_URL", "").strip()
            or _unnamed(os.environ.get("UV_DEFAULT_INDEX", "").strip())
            or os.environ.get("UV_INDEX_URL", "").strip()
            or self._pip.get("index-url", "").strip()
            or next(iter(named), None)
            or _text(self._uv.get("index-url"))
        )
        extra = [
            *self.words("extra-index-url", "UV_EXTRA_INDEX_URL", "extra-index-url"),
            *map(_unnamed, os.environ.get("UV_INDEX", "").split()),
            *map(self._uv_index, self._uv_index_entries(default=False)),
        ]
        return main, extra

    def find_links(self) -> list[str]:
        flat = self._uv_index_entries(default=False, flat=True)
        links = self.words("find-links", "UV_FIND_LINKS", "find-links")
        return links + [self._uv_index(entry) for entry in flat]

    def no_index(self) -> bool:
        value = self.first("no-index", "UV_NO_INDEX")
        return value.lower() in _TRUE if value else self._uv.get("no-index") is True

    def timeout(self) -> float:
        value = (
            os.environ.get("PIP_DEFAULT_TIMEOUT")
            or self.first("timeout", "UV_HTTP_TIMEOUT")
            or self._pip.get("default-timeout")
        )
        if not value:
            return _DEFAULT_TIMEOUT
        try:
            seconds = float(value)
        except ValueError:
            seconds = -1.0
        if not 0 < seconds < float("inf"):
            raise UsageError(
                f"the index timeout {value!r} is not a number of seconds",
                hint="correct PIP_DEFAULT_TIMEOUT, UV_HTTP_TIMEOUT or pip's configuration",
            )
        return seconds

    def _uv_index_entries(
        self, *, default: bool, flat: bool = False
    ) -> Iterator[dict[str, object]]:
        for entry in self._uv_indexes:
            if entry.get("explicit") is True or not _text(entry.get("url")):
                continue
            if (entry.get("default") is True) is default and (
                entry.get("format") == "flat"
            ) is flat:
                yield entry

    def _uv_index(self, entry: dict[str, object]) -> str:
        """An ``[[index]]`` entry's URL, with the credentials that uv takes from variables."""
        url = _text(entry.get("url")) or ""
        name = (_text(entry.get("name")) or "").upper().replace("-", "_").replace(".", "_")
        user = os.environ.get(f"UV_INDEX_{name}_USERNAME")
        password = os.environ.get(f"UV_INDEX_{name}_PASSWORD")
        if not name or (user is None and password is None):
            return url
        from urllib.parse import quote

        scheme, separator, rest = url.partition("://")
        login = ":".join(quote(part or "", safe="") for part in (user, password))
        return f"{scheme}{separator}{login}@{rest}"


def _unnamed(value: str) -> str:
    """``name=url`` without the name, as uv's variables spell an index."""
    name, equals, url = value.partition("=")
    return url if equals and name.replace("-", "").replace("_", "").isalnum() else value


def _as_url(value: str) -> str:
    """A location as a URL: local paths are allowed wherever a URL is."""
    if "://" in value or value.startswith("file:"):
        return value
    return Path(value).expanduser().absolute().as_uri()


def _directory(url: str) -> str:
    return url if url.endswith("/") else url + "/"


def _without_credentials(
    urls: Iterable[str], credentials: dict[str, tuple[str, str]]
) -> tuple[str, ...]:
    """The URLs without doubles and credentials; the latter go into ``credentials``."""
    clean: dict[str, None] = {}
    for url in urls:
        try:
            bare, login = split_credentials(url)
        except ValueError as error:
            raise UsageError(
                f"{redact(url)!r} is not the URL of a package index: {error}",
                hint="correct it in pip's or uv's configuration, or in the environment",
            ) from None
        clean[bare] = None
        if login is not None:
            credentials.setdefault(urlsplit(bare).netloc, login)
    return tuple(clean)


def _list(value: object) -> list[object]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def _text(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None
