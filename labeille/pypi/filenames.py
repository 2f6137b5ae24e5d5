"""Tells what project and version a file of an index is of, by its name."""

from __future__ import annotations

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

#: Endings of source archives, the one that PEP 625 asks for first.
SDIST_SUFFIXES = (".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz", ".tbz2", ".txz", ".tar")


def sdist_version(filename: str, project: str) -> Version | None:
    """The version of which ``filename`` is ``project``'s sdist; None if it is none.

    ``packaging.utils.parse_sdist_filename`` splits at the last dash, which is right for PEP 625
    names only. Older ones have dashes in the version (``x-1.0-beta.tar.gz``) and further endings;
    with the project known, the split is found.
    """
    stem = _without_suffix(filename)
    if stem is None:
        return None
    name = canonicalize_name(project)
    at = stem.find("-")
    while at != -1:
        if canonicalize_name(stem[:at]) == name:
            try:
                return Version(stem[at + 1 :])
            except InvalidVersion:
                pass
        at = stem.find("-", at + 1)
    return None


def wheel_version(filename: str, project: str) -> Version | None:
    """The version of which ``filename`` is a wheel of ``project``; None if it is none.

    A wheel's name has its fields in fixed places; ``parse_wheel_filename`` expands the tags as
    well, which for the thousands of wheels of some projects takes longer than all the rest.
    """
    parts = filename.removesuffix(".whl").split("-")
    if not filename.endswith(".whl") or len(parts) not in (5, 6):
        return None
    if canonicalize_name(parts[0]) != canonicalize_name(project):
        return None
    try:
        return Version(parts[1])
    except InvalidVersion:
        return None


def _without_suffix(filename: str) -> str | None:
    lowered = filename.lower()
    for suffix in SDIST_SUFFIXES:
        if lowered.endswith(suffix):
            return filename[: -len(suffix)]
    return None
