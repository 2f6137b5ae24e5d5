"""Indexes and folders of archives on this machine, behind ``file:`` URLs."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from labeille.pypi.model import ProjectFile
from labeille.pypi.simple import is_plain_name, parse_page

_PAGE = "index.html"


def is_local(url: str) -> bool:
    """Whether a URL is of a file on this machine."""
    return urlsplit(url).scheme == "file"


def local_path(url: str) -> Path:
    """The path that a ``file:`` URL names."""
    return Path(unquote(urlsplit(url).path))


def local_files(url: str) -> list[ProjectFile] | None:
    """What stands at a ``file:`` URL: a page's links, a folder's files, or one archive.

    None when nothing is there. Raises OSError for what cannot be read.
    """
    path = local_path(url)
    if path.is_dir():
        page = path / _PAGE
        if not page.is_file():
            entries = sorted(entry for entry in path.iterdir() if entry.is_file())
            return [_archive(entry) for entry in entries if is_plain_name(entry.name)]
        path, url = page, urljoin(url if url.endswith("/") else url + "/", _PAGE)
    if not path.is_file():
        return None
    if path.suffix.lower() in (".html", ".htm"):
        return parse_page(path.read_bytes(), "text/html", url)
    return [_archive(path)]


def _archive(path: Path) -> ProjectFile:
    return ProjectFile(filename=path.name, url=path.as_uri(), size=path.stat().st_size)
