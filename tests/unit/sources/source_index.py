"""A package index in a folder, for tests that need files of a project and no server."""

from __future__ import annotations

import hashlib
import io
import tarfile
from typing import TYPE_CHECKING

from labeille.pypi.model import IndexSettings

if TYPE_CHECKING:
    from pathlib import Path


class FolderIndex:
    """An index at ``root``, whose pages are written anew with each file."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._links: dict[str, list[str]] = {}

    @property
    def settings(self) -> IndexSettings:
        return IndexSettings(indexes=(self.root.as_uri() + "/",))

    def add(self, name: str, filename: str, text: str = "text", attributes: str = "") -> Path:
        """Add an sdist of ``name`` with one file of ``text``, or something else by its name."""
        folder = self.root / name
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / filename
        if filename.endswith((".tar.gz", ".tar.bz2")):
            body = text.encode()
            info = tarfile.TarInfo("top/file.txt")
            info.size = len(body)
            with tarfile.open(path, "w:gz" if filename.endswith("gz") else "w:bz2") as archive:
                archive.addfile(info, io.BytesIO(body))
        else:
            path.write_text(text)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        links = self._links.setdefault(name, [])
        links.append(f'<a href="{filename}#sha256={digest}" {attributes}>{filename}</a>')
        (folder / "index.html").write_text("\n".join(links))
        return path
