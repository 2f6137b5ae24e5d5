"""HTTP as the index client speaks it: cached pages, retries that end, the user's settings."""

from __future__ import annotations

from email.utils import formatdate
from typing import TYPE_CHECKING

from cachecontrol import CacheControlAdapter
from cachecontrol.caches import FileCache
from cachecontrol.heuristics import BaseHeuristic
from requests import Session
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from labeille import __version__
from labeille.pypi.folder_cache import FolderCache
from labeille.pypi.json_api import CondensingAdapter

if TYPE_CHECKING:
    from pathlib import Path

    from urllib3 import HTTPResponse
    from urllib3.response import BaseHTTPResponse

    from labeille.pypi.model import IndexSettings

_RETRIED_STATUSES = (429, 500, 502, 503, 504)
_RETRIES = 4
_CONNECT_RETRIES = 2  # a name that is not known, or a port that is closed, seldom heals in seconds
_BACKOFF = 0.3  # the first retry is at once, the second after twice this in seconds, then doubled
_MAX_RETRY_AFTER = (
    20.0  # seconds; a server may ask for an hour, and a hunt waits for no one so long
)
_POOL = 64  # idle connections that are kept; as many as anyone may ask at a time
# What an index that gives no hint is believed for: as long as the public one asks for.
_DEFAULT_MAX_AGE = 600  # seconds


def page_session(settings: IndexSettings, cache: Path) -> Session:
    """A session whose answers are kept below ``cache``, as long as their headers allow."""
    adapter = CacheControlAdapter(
        FileCache(str(cache)),
        heuristic=_BelieveTheSilent(),
        max_retries=_retry(),
        pool_maxsize=_POOL,
    )
    return _session(settings, adapter)


def metadata_session(settings: IndexSettings, cache: Path) -> Session:
    """A session for the JSON API; what is kept below ``cache`` is the little that counts."""
    adapter = CondensingAdapter(
        FolderCache(cache), heuristic=_BelieveTheSilent(), max_retries=_retry(), pool_maxsize=_POOL
    )
    return _session(settings, adapter)


def file_session(settings: IndexSettings) -> Session:
    """A session for downloads, which are kept elsewhere: CacheControl would hold them in memory."""
    return _session(settings, HTTPAdapter(max_retries=_retry(), pool_maxsize=_POOL))


def _session(settings: IndexSettings, adapter: HTTPAdapter) -> Session:
    session = Session()
    session.headers["User-Agent"] = f"labeille/{__version__}"
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    if settings.client_cert:
        session.cert = settings.client_cert
    if settings.proxy:
        session.proxies = {"http": settings.proxy, "https": settings.proxy}
    return session


class _BoundedRetry(Retry):
    """Retries that heed Retry-After, within reason (urllib3 itself has a bound since 2.6 only)."""

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        seconds = super().get_retry_after(response)
        return None if seconds is None else min(seconds, _MAX_RETRY_AFTER)


def _retry() -> Retry:
    return _BoundedRetry(
        total=_RETRIES,
        connect=_CONNECT_RETRIES,
        backoff_factor=_BACKOFF,
        status_forcelist=_RETRIED_STATUSES,
        allowed_methods=("GET", "HEAD"),
        raise_on_status=False,
    )


class _BelieveTheSilent(BaseHeuristic):
    """Keeps pages of servers that say nothing about caching, as plain mirrors do."""

    def update_headers(self, response: HTTPResponse) -> dict[str, str]:
        headers = response.headers
        if any(name in headers for name in ("cache-control", "expires", "etag", "pragma")):
            return {}
        told = {"cache-control": f"max-age={_DEFAULT_MAX_AGE}"}
        if "date" not in headers:
            told["date"] = formatdate(usegmt=True)
        return told

    def warning(self, response: HTTPResponse) -> str | None:  # noqa: ARG002 - the base class asks
        return None
