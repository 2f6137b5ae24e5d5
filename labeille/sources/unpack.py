"""Unpacks an sdist that nobody here has vetted: inside its folder, bounded, or not at all."""

from __future__ import annotations

import copy
import errno
import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from lzma import LZMAError
from pathlib import Path, PurePosixPath

from labeille.errors import SourceError

#: The largest sdists on the index unpack to a tenth of either.
MAX_BYTES = 4 * 1024**3
MAX_FILES = 200_000

_DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO})
_DAMAGE = (tarfile.TarError, zipfile.BadZipFile, zlib.error, LZMAError, EOFError)
_CHUNK = 1024 * 1024


class UnsafeMemberError(Exception):
    """An archive's member that must not be unpacked; its text says why."""


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a tar or zip file as ``folder``, without the one folder that sdists have at top.

    ``folder`` must not exist; after an error it may, and holds nothing of use. Raises SourceError
    for an archive that is damaged, too large or unsafe, with the OSError as its cause where the
    disk was at fault.
    """
    scratch = folder.with_name(folder.name + ".unpacking")
    scratch.mkdir(parents=True)
    try:
        if zipfile.is_zipfile(archive):
            _unpack_zip(archive, scratch)
        else:
            _unpack_tar(archive, scratch)
        _top_folder(scratch).rename(folder)
    except UnsafeMemberError as error:
        raise SourceError(
            f"{archive.name} is not unpacked: {error}", hint="no sdist needs that; look at the file"
        ) from None
    except _DAMAGE as error:
        raise _damaged(archive, error) from None
    except OSError as error:
        if error.errno in _DISK_ERRORS:
            raise SourceError(
                f"{archive.name} cannot be unpacked to {folder.parent}: {error.strerror}",
                hint="free some space, or choose another --repos-dir",
            ) from error
        raise _damaged(archive, error) from None
    except (RuntimeError, NotImplementedError, ValueError) as error:  # zip: a password, a method
        raise _damaged(archive, error) from None
    shutil.rmtree(scratch, ignore_errors=True)


def _damaged(archive: Path, error: Exception) -> SourceError:
    reason = " ".join(str(error).split()) or type(error).__name__
    return SourceError(
        f"{archive.name} is damaged or no archive: {reason}",
        hint=f"delete {archive} and run the same command again",
    )


def _top_folder(scratch: Path) -> Path:
    """The single folder inside, beside what archivers for other systems leave; else all of it."""
    entries = [entry for entry in scratch.iterdir() if not entry.name.startswith(".")]
    if len(entries) == 1 and entries[0].is_dir() and not entries[0].is_symlink():
        return entries[0]
    return scratch


class _Budget:
    """What may still be unpacked."""

    def __init__(self) -> None:
        self._bytes = 0
        self._files = 0

    def spend(self, size: int) -> None:
        self._bytes += max(size, 0)
        self._files += 1
        if self._bytes > MAX_BYTES:
            raise UnsafeMemberError(f"it unpacks to more than {MAX_BYTES} bytes")
        if self._files > MAX_FILES:
            raise UnsafeMemberError(f"it holds more than {MAX_FILES} files")


def _unpack_tar(archive: Path, root: Path) -> None:
    budget = _Budget()
    # Python 3.11.2, Debian 12's, has no filters yet (PEP 706 came with 3.11.4).
    has_filters = hasattr(tarfile, "data_filter")
    with tarfile.open(archive) as tar:
        for member in tar:
            budget.spend(member.size)
            if not has_filters:
                tar.extract(strict_filter(member, root), root)
                continue
            try:
                tar.extract(member, root, filter="data")
            except tarfile.FilterError as error:
                raise UnsafeMemberError(str(error)) from None


def strict_filter(member: tarfile.TarInfo, root: Path) -> tarfile.TarInfo:
    """What ``tarfile.data_filter`` does (PEP 706), for a Python that has none.

    Raises UnsafeMemberError.
    """
    base = os.path.realpath(root)
    safe = copy.copy(member)
    safe.name = member.name.lstrip("/")
    _inside(base, safe.name, member.name)
    if member.issym() or member.islnk():
        start = os.path.dirname(safe.name) if member.issym() else ""  # noqa: PTH120 - a name, no path
        if PurePosixPath(member.linkname).is_absolute():
            raise UnsafeMemberError(f"{member.name!r} is a link to an absolute path")
        _inside(base, f"{start}/{member.linkname}" if start else member.linkname, member.name)
    elif not (member.isreg() or member.isdir()):
        raise UnsafeMemberError(f"{member.name!r} is a special file")
    executable = member.isdir() or bool(member.mode & stat.S_IXUSR)
    safe.mode = 0o755 if executable else 0o644
    safe.uid, safe.gid, safe.uname, safe.gname = os.getuid(), os.getgid(), "", ""
    return safe


def _inside(base: str, name: str, shown: str) -> None:
    target = os.path.realpath(Path(base) / name)
    if os.path.commonpath([base, target]) != base:
        raise UnsafeMemberError(f"{shown!r} would be outside the destination")


def _unpack_zip(archive: Path, root: Path) -> None:
    budget = _Budget()
    with zipfile.ZipFile(archive) as bundle:
        for info in bundle.infolist():
            budget.spend(info.file_size)
            parts = PurePosixPath(info.filename.replace("\\", "/")).parts
            if not parts or parts[0] == "/" or ".." in parts:
                raise UnsafeMemberError(f"{info.filename!r} would be outside the destination")
            target = root.joinpath(*parts)
            if info.is_dir():
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            # zipfile stops at the size that was counted above, whatever the data would unpack to.
            with bundle.open(info) as source, target.open("wb") as copied:
                shutil.copyfileobj(source, copied, _CHUNK)
            if (info.external_attr >> 16) & stat.S_IXUSR:
                target.chmod(0o755)
