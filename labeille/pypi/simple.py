"""Reads a project's page of the Simple API, as HTML (PEP 503) and as JSON (PEP 691)."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import msgspec

from labeille.pypi.credentials import without_credentials
from labeille.pypi.model import ProjectFile

#: What a page is asked for as, in the order of the specification's own example.
ACCEPT = (
    "application/vnd.pypi.simple.v1+json, "
    "application/vnd.pypi.simple.v1+html;q=0.2, "
    "text/html;q=0.01"
)
_JSON_TYPES = ("application/vnd.pypi.simple.v1+json", "application/json")
_HTML_TYPES = ("application/vnd.pypi.simple.v1+html", "text/html", "application/xhtml+xml")
_MAJOR_VERSION = "1"


class BadPageError(ValueError):
    """A page that is no project page; its text says why."""


class _JsonFile(msgspec.Struct, rename="kebab"):
    filename: str
    url: str
    hashes: dict[str, str] = {}
    requires_python: str | None = None
    yanked: bool | str = False
    size: int | None = None
    upload_time: str | None = None


class _JsonMeta(msgspec.Struct, rename="kebab"):
    api_version: str = "1.0"


class _JsonPage(msgspec.Struct):
    files: list[_JsonFile]
    meta: _JsonMeta = msgspec.field(default_factory=_JsonMeta)


_DECODER = msgspec.json.Decoder(_JsonPage)


def parse_page(body: bytes, content_type: str, url: str) -> list[ProjectFile]:
    """Return the files that the page at ``url`` lists.

    ``content_type`` is the header; without one, HTML is taken. Raises BadPageError.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind in _JSON_TYPES:
        return _parse_json(body, url)
    if kind in _HTML_TYPES or not kind:
        return _parse_html(body.decode("utf-8", errors="replace"), url)
    raise BadPageError(f"its type is {kind!r}, neither HTML nor JSON")


def _parse_json(body: bytes, base: str) -> list[ProjectFile]:
    try:
        page = _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadPageError(f"its JSON makes no sense: {error}") from None
    _check_version(page.meta.api_version)
    found = []
    for entry in page.files:
        file = _file(base, entry.url, entry.filename)
        if file is not None:
            found.append(
                msgspec.structs.replace(
                    file,
                    hashes={**file.hashes, **_lower(entry.hashes)},
                    requires_python=entry.requires_python,
                    yanked=entry.yanked is not False,
                    size=entry.size,
                    upload_time=entry.upload_time,
                )
            )
    return found


def _parse_html(text: str, base: str) -> list[ProjectFile]:
    parser = _Anchors()
    parser.feed(text)
    parser.close()
    _check_version(parser.api_version)
    base = _joined(base, parser.base)
    found = []
    for attributes in parser.anchors:
        file = _file(base, attributes["href"])
        if file is not None:
            found.append(
                msgspec.structs.replace(
                    file,
                    requires_python=attributes.get("data-requires-python") or None,
                    yanked="data-yanked" in attributes,
                    upload_time=attributes.get("data-upload-time") or None,
                )
            )
    return found


class _Anchors(HTMLParser):
    """Collects a page's links, its base and its version of the API."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.anchors: list[dict[str, str]] = []
        self.base = ""
        self.api_version = "1.0"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "a" and attributes.get("href"):
            self.anchors.append(attributes)
        elif tag == "base" and not self.base:
            self.base = attributes.get("href", "")
        elif tag == "meta" and attributes.get("name", "").lower() == "pypi:repository-version":
            self.api_version = attributes.get("content", "1.0")


def _file(base: str, link: str, filename: str | None = None) -> ProjectFile | None:
    """The file behind a link; None for a link that is none, such as one to a parent folder."""
    try:
        # Most pages have thousands of whole URLs, which need no joining.
        url = link if link.startswith("https://") else urljoin(base, link)
        address, _, fragment = url.partition("#")
        parts = urlsplit(address)
        name = filename or unquote(parts.path.rpartition("/")[2])
        if "@" in parts.netloc:
            address = without_credentials(address)
    except ValueError:  # a netloc that no URL can have
        return None
    if parts.scheme not in ("http", "https", "file") or not is_plain_name(name):
        return None
    algorithm, equals, digest = fragment.partition("&")[0].partition("=")
    hashes = _lower({algorithm: digest}) if equals else {}
    return ProjectFile(filename=name, url=address, hashes=hashes)


def _joined(base: str, link: str) -> str:
    try:
        return urljoin(base, link)
    except ValueError:
        return base


def is_plain_name(name: str) -> bool:
    """Whether a file name is one folder's entry: no path, nothing hidden, nothing unprintable."""
    return bool(name) and name[0] not in ".-" and "/" not in name and name.isprintable()


def _lower(hashes: dict[str, Any]) -> dict[str, str]:
    return {name.lower(): str(digest).lower() for name, digest in hashes.items()}


def _check_version(version: str) -> None:
    """PEP 629: a client must stop at a major version that it does not know."""
    if version.partition(".")[0] != _MAJOR_VERSION:
        raise BadPageError(f"it speaks version {version} of the Simple API, unknown here")
