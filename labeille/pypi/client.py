"""Asks the package index: what files a project has, and for the files themselves."""

from __future__ import annotations

import enum
import threading
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from packaging.utils import canonicalize_name

from labeille.cache_dir import cache_dir
from labeille.errors import PackageIndexError
from labeille.names import parse_package_name
from labeille.pypi.download import Download, digest_matches, strongest_digest
from labeille.pypi.filenames import sdist_version, wheel_version
from labeille.pypi.local_index import is_local, local_files, local_path
from labeille.pypi.metadata import metadata_from_files
from labeille.pypi.model import Project, ProjectFile
from labeille.pypi.settings import index_settings
from labeille.pypi.simple import ACCEPT, BadPageError, is_plain_name, parse_page

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from requests import Response, Session

    from labeille.pypi.metadata import ProjectMetadata
    from labeille.pypi.model import IndexSettings

_CONNECT_TIMEOUT = 10.0  # seconds; the setting bounds the silence after that
_ATTEMPTS = 3  # at an answer that broke off while it was read
_CACHE_FOLDER = "index"
# Changes with what is kept of a page: an old copy must not be taken for a new one.
_METADATA_FOLDER = "metadata-1"
_GONE = (404, 410)
_REFUSED = (401, 403, 407)
_NOT_OFFERED = (400, 401, 403, 404, 405, 406, 410, 501)


class UnknownProjectError(PackageIndexError):
    """No index has heard of the project."""


class UnreachableIndexError(PackageIndexError):
    """Nobody answers at the index, or nobody who speaks HTTP."""


class _Use(enum.Enum):
    """What a session is for."""

    PAGES = "pages"
    METADATA = "metadata"
    FILES = "files"


class IndexClient:
    """A client of the user's indexes; one may be used by many threads.

    ``settings`` are the user's by default. Pages are cached below ``cache``, by default in
    labeille's cache folder, as long as the index allows. Every method that asks an index raises
    PackageIndexError, a sentence and a hint, where it gives no sensible answer.
    """

    def __init__(self, settings: IndexSettings | None = None, *, cache: Path | None = None) -> None:
        self.settings = settings or index_settings()
        self._cache = cache or cache_dir() / _CACHE_FOLDER
        self._lock = threading.Lock()
        self._sessions: dict[_Use, Session] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; the next question opens new ones."""
        with self._lock:
            for session in self._sessions.values():
                session.close()
            self._sessions.clear()

    def project(self, name: str, *, refresh: bool = False) -> Project:
        """Return what all indexes together list for a project; ``refresh`` goes past the cache.

        As with pip, no index hides another. One that fails is a problem noted in the answer, or
        raised when no other one answered. Raises UnknownProjectError where none knows the project.
        """
        name = parse_package_name(name)
        files: dict[str, ProjectFile] = {}
        problems: list[PackageIndexError] = []
        known = False
        for url, is_index in self._places(name):
            try:
                listed = self._listing(url, refresh=refresh)
            except PackageIndexError as error:
                problems.append(error)
                continue
            if listed is not None and not is_index:
                listed = [file for file in listed if _is_of(file.filename, name)] or None
            known = known or listed is not None
            for file in listed or ():
                files.setdefault(file.filename, file)
        if not known:
            raise problems[0] if problems else self._unknown(name)
        sentences = tuple(str(problem) for problem in problems)
        return Project(name=name, files=tuple(files.values()), problems=sentences)

    def metadata(self, name: str) -> ProjectMetadata:
        """Return what the first index that knows the project says of it in its JSON API.

        Where no index has a JSON API, what the Simple API tells, which is files and no links.
        Raises UnknownProjectError where none knows the project, UnreachableIndexError, and
        PackageIndexError.
        """
        name = parse_package_name(name)
        for index in self.settings.indexes:
            metadata = self._metadata(index, name)
            if metadata is not None:
                return metadata
        return metadata_from_files(self.project(name))

    def download(self, file: ProjectFile, folder: Path) -> Path:
        """Return the path of a file's verified copy in ``folder``, downloaded unless it is there.

        The strongest checksum that the index gave is checked, also of a copy from before. A file
        that is on this machine already is returned where it is. Raises PackageIndexError.
        """
        if is_local(file.url):
            return _checked_local(file)
        if not is_plain_name(file.filename):
            raise PackageIndexError(
                f"the index lists a file with an impossible name: {file.filename!r}"
            )
        path = folder / file.filename
        if strongest_digest(file) is not None and path.is_file() and digest_matches(path, file):
            return path
        Download(file, path).run(lambda: self._get(file.url, use=_Use.FILES), attempts=_ATTEMPTS)
        return path

    def _places(self, name: str) -> Iterator[tuple[str, bool]]:
        """The URLs to ask for a project, and whether each is an index's own page of it."""
        for index in self.settings.indexes:
            yield urljoin(index, f"{name}/"), True
        for link in self.settings.find_links:
            yield link, False

    def _listing(self, url: str, *, refresh: bool) -> list[ProjectFile] | None:
        """The files that stand at a URL; None where nothing does."""
        try:
            if is_local(url):
                return local_files(url)
            return self._page(url, refresh=refresh)
        except BadPageError as error:
            raise PackageIndexError(
                f"{url} is not a page of a package index: {error}",
                hint="check the index URL in pip's or uv's configuration",
            ) from None
        except OSError as error:
            raise PackageIndexError(f"{url} cannot be read: {error.strerror or error}") from None

    def _page(self, url: str, *, refresh: bool) -> list[ProjectFile] | None:
        headers = {"Accept": ACCEPT}
        if refresh:
            headers["Cache-Control"] = "max-age=0"
        with self._get(url, headers=headers) as response:
            if response.status_code in _GONE:
                return None
            self._check_status(response, url)
            return parse_page(
                response.content, response.headers.get("Content-Type", ""), response.url
            )

    def _metadata(self, index: str, name: str) -> ProjectMetadata | None:
        """What one index's JSON API says; None where it has none, or does not know the project."""
        from labeille.pypi.json_api import json_api_url, read_metadata

        url = json_api_url(index, name)
        if url is None:
            return None
        with self._get(url, headers={"Accept": "application/json"}, use=_Use.METADATA) as response:
            # a mirror that lacks the API may refuse or not know the path, or show people a page
            if response.status_code in _NOT_OFFERED or _is_html(response):
                return None
            self._check_status(response, url)
            try:
                metadata = read_metadata(response)
            except BadPageError as error:
                raise PackageIndexError(
                    f"{url} is not what a package index says of a project: {error}",
                    hint="try again later, or choose another index in pip's configuration",
                ) from None
        if canonicalize_name(metadata.name) != name:
            raise PackageIndexError(f"{url} is about another project, {metadata.name!r}")
        return metadata

    def _get(
        self, url: str, *, headers: Mapping[str, str] | None = None, use: _Use = _Use.PAGES
    ) -> Response:
        """GET a URL with the user's credentials and certificates.

        A file is streamed, uncached, undecoded, its status checked.
        """
        from requests.exceptions import RequestException

        stream = use is _Use.FILES
        try:
            response = self._session(use).get(
                url,
                headers={"Accept-Encoding": "identity"} if stream else headers,
                stream=stream,
                timeout=(min(_CONNECT_TIMEOUT, self.settings.timeout), self.settings.timeout),
                auth=self.settings.credentials.get(urlsplit(url).netloc),
                verify=self._verify(url),
            )
        except RequestException as error:
            raise self._unreachable(url, error) from None
        except OSError as error:  # a certificate that is no file, a cache that cannot be written
            raise PackageIndexError(f"{url} cannot be read: {error}") from error
        if stream:
            self._check_status(response, url)
        return response

    def _session(self, use: _Use) -> Session:
        with self._lock:
            session = self._sessions.get(use)
            if session is None:
                session = self._sessions[use] = self._new_session(use)
            return session

    def _new_session(self, use: _Use) -> Session:
        from labeille.pypi.session import file_session, metadata_session, page_session

        if use is _Use.FILES:
            return file_session(self.settings)
        if use is _Use.METADATA:
            return metadata_session(self.settings, self._cache / _METADATA_FOLDER)
        return page_session(self.settings, self._cache)

    def _verify(self, url: str) -> bool | str | None:
        """What requests takes: False, a bundle's path, or None for its own choice."""
        parts = urlsplit(url)
        if (
            parts.hostname in self.settings.trusted_hosts
            or parts.netloc in self.settings.trusted_hosts
        ):
            import urllib3

            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
            return False
        return self.settings.cert

    def _check_status(self, response: Response, url: str) -> None:
        status = response.status_code
        if status < 400:
            return
        response.close()
        if status in _REFUSED:
            raise PackageIndexError(
                f"the package index refuses access to {url} (HTTP {status})",
                hint="give it credentials in the index URL or in ~/.netrc",
            )
        raise PackageIndexError(
            f"the package index answers HTTP {status} to {url}",
            hint="try again later, or choose another index in pip's configuration",
        )

    def _unreachable(self, url: str, error: Exception) -> UnreachableIndexError:
        from labeille.pypi.failure import reason

        return UnreachableIndexError(
            f"the package index cannot be reached: {url}: {reason(error)}",
            hint="check the network, the proxy and the index URL in pip's or uv's configuration",
        )

    def _unknown(self, name: str) -> UnknownProjectError:
        asked = ", ".join((*self.settings.indexes, *self.settings.find_links)) or "no index at all"
        return UnknownProjectError(
            f"there is no package {name} on the index", hint=f"asked: {asked}"
        )


def _is_html(response: Response) -> bool:
    return response.headers.get("Content-Type", "").strip().lower().startswith("text/html")


def _is_of(filename: str, name: str) -> bool:
    return sdist_version(filename, name) is not None or wheel_version(filename, name) is not None


def _checked_local(file: ProjectFile) -> Path:
    path = local_path(file.url)
    try:
        matches = digest_matches(path, file)
    except OSError as error:
        raise PackageIndexError(f"{path} cannot be read: {error.strerror or error}") from None
    if not matches:
        raise PackageIndexError(f"{path} does not have the checksum that its index gives")
    return path
