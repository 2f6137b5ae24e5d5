"""The JSON API of an index: where it is, and how its large answers are kept small."""

from __future__ import annotations

import io
from email.utils import formatdate, mktime_tz, parsedate_tz
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import msgspec
from cachecontrol import CacheControlAdapter
from requests.adapters import HTTPAdapter
from requests.exceptions import ChunkedEncodingError
from urllib3 import HTTPHeaderDict, HTTPResponse
from urllib3.exceptions import HTTPError

from labeille.pypi.metadata import ProjectMetadata, parse_metadata
from labeille.pypi.simple import BadPageError

if TYPE_CHECKING:
    from collections.abc import Collection

    from requests import PreparedRequest, Response

_SIMPLE = "/simple/"
#: Marks an answer that was condensed. A type would be lost: a 304 may bring the page's own.
_MARK = "X-Labeille-Condensed"
#: The largest pages of the public index have some ten megabytes; this is no page.
_MAX_BODY = 128 * 1024 * 1024  # bytes
_DECODER = msgspec.json.Decoder(ProjectMetadata)


def json_api_url(index: str, name: str) -> str | None:
    """The JSON API's URL of a project, as it lies beside the Simple API at ``index``.

    ``…/simple/`` has it at ``…/pypi/NAME/json``, on the public index and on the mirrors that have
    one (Warehouse's documentation, "JSON API"). None for an index whose URL does not tell.
    """
    parts = urlsplit(index)
    if parts.scheme not in ("http", "https") or not parts.path.endswith(_SIMPLE):
        return None
    path = f"{parts.path.removesuffix(_SIMPLE)}/pypi/{name}/json"
    return urlunsplit(parts._replace(path=path))


def read_metadata(response: Response) -> ProjectMetadata:
    """What an answer of the JSON API says; raises BadPageError."""
    if _MARK not in response.headers:
        return parse_metadata(response.content)
    try:
        return _DECODER.decode(response.content)
    except msgspec.DecodeError as error:  # a damaged file of the cache
        raise BadPageError(f"its cached copy makes no sense: {error}") from None


class CondensingAdapter(CacheControlAdapter):
    """Keeps of each page what ``parse_metadata`` takes from it, under the page's own validators.

    The answers that it gives have that as their body. A page that makes no sense is passed on as
    it is, and is not kept.
    """

    def build_response(  # type: ignore[override]  # as CacheControl's own is
        self,
        request: PreparedRequest,
        response: HTTPResponse,
        from_cache: bool = False,
        cacheable_methods: Collection[str] | None = None,
    ) -> Response:
        if from_cache or response.status != 200:
            return super().build_response(request, response, from_cache, cacheable_methods)
        body = _read(response)
        headers = response.headers.copy()
        for name in ("Content-Encoding", "Content-Length", "Transfer-Encoding", _MARK):
            headers.discard(name)
        _mend_date(headers)
        try:
            body = msgspec.json.encode(parse_metadata(body))
            headers[_MARK] = "1"
        except BadPageError:
            pass
        small = _with_body(response, body, headers)
        if _MARK in headers:
            small = self.heuristic.apply(small) if self.heuristic else small
            self.controller.cache_response(request, small, body=body)
        # past CacheControlAdapter's own, which writes each body to a temporary file first
        return HTTPAdapter.build_response(self, request, small)


def _read(response: HTTPResponse) -> bytes:
    try:
        body = response.read(_MAX_BODY + 1, decode_content=True)
        if len(body) > _MAX_BODY:
            response.close()
            raise ChunkedEncodingError(f"more than {_MAX_BODY} bytes")
    except HTTPError as error:
        response.close()
        raise ChunkedEncodingError(error) from error  # as requests does where it reads a body
    response.release_conn()
    return body


def _mend_date(headers: HTTPHeaderDict) -> None:
    """Leave one date that makes sense, or none: CacheControl asserts that it does."""
    date = parsedate_tz(headers.get("Date", ""))
    headers.discard("Date")
    if date is not None:
        headers["Date"] = formatdate(mktime_tz(date), usegmt=True)


def _with_body(response: HTTPResponse, body: bytes, headers: HTTPHeaderDict) -> HTTPResponse:
    return HTTPResponse(
        body=io.BytesIO(body),
        headers=headers,
        status=response.status,
        version=response.version,
        reason=response.reason,
        preload_content=False,
    )
