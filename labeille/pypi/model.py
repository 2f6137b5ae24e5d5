"""Where the package index is, and what it says of one project."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class IndexSettings:
    """The user's indexes, as pip and uv are configured to use them.

    ``indexes`` are the roots of Simple APIs (PEP 503), ``https:`` or ``file:`` URLs, the main one
    first; empty where the user wants none. ``find_links`` are URLs of pages and of local folders
    and archives. Neither holds credentials: these stand in ``credentials`` by host and port.
    ``cert`` and ``client_cert`` are paths; ``timeout`` is seconds of silence.
    """

    indexes: tuple[str, ...]
    find_links: tuple[str, ...] = ()
    credentials: Mapping[str, tuple[str, str]] = field(default_factory=dict, repr=False)
    cert: str | None = None
    client_cert: str | None = None
    trusted_hosts: tuple[str, ...] = ()
    proxy: str | None = field(default=None, repr=False)
    timeout: float = 15.0


class ProjectFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a project. ``hashes`` maps an algorithm to a hex digest; ``size`` is bytes."""

    filename: str
    url: str
    hashes: dict[str, str] = {}
    requires_python: str | None = None
    yanked: bool = False
    size: int | None = None
    upload_time: str | None = None


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """What the indexes say of one project.

    ``problems`` are sentences about indexes that could not be asked while others could.
    """

    name: str
    files: tuple[ProjectFile, ...]
    problems: tuple[str, ...] = ()
