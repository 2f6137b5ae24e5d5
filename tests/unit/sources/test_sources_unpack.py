"""Archives that must not be unpacked, and those that must."""

from __future__ import annotations

import io
import os
import stat
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest

from labeille.errors import SourceError
from labeille.sources import unpack as module
from labeille.sources.unpack import UnsafeMemberError, strict_filter, unpack

if TYPE_CHECKING:
    from pathlib import Path


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", mode: int = 0o644) -> Member:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, link, mode
    info.uid, info.uname = 12345, "stranger"
    body = b"text" if kind == tarfile.REGTYPE else b""
    info.size = len(body)
    return info, body


Member = tuple[tarfile.TarInfo, bytes]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def tar(path: Path, *members: Member, mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for info, body in members:
            archive.addfile(info, io.BytesIO(body))
    return path


@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz", "w"])
def test_tar(tmp_path: Path, mode: str) -> None:
    archive = tar(
        tmp_path / "x-1.0.tar",
        member("x-1.0", tarfile.DIRTYPE, mode=0o555),
        member("x-1.0/configure", mode=0o4777),
        member("x-1.0/src/x.py", mode=0o000),
        member("x-1.0/link", tarfile.SYMTYPE, "src/x.py"),
        member("x-1.0/hard", tarfile.LNKTYPE, "x-1.0/src/x.py"),
        mode=mode,
    )
    unpack(archive, tmp_path / "tree")
    tree = tmp_path / "tree"
    assert names(tree) == ["configure", "hard", "link", "src"]
    assert (tree / "link").read_text() == (tree / "hard").read_text() == "text"
    assert stat.S_IMODE((tree / "configure").stat().st_mode) == 0o755
    assert (tree / "src" / "x.py").stat().st_uid == os.getuid()
    assert names(tmp_path) == ["tree", "x-1.0.tar"]


UNSAFE = [
    member("../evil"),
    member("x/../../evil"),
    member("x/link", tarfile.SYMTYPE, "/etc/passwd"),
    member("x/link", tarfile.SYMTYPE, "../../evil"),
    member("x/hard", tarfile.LNKTYPE, "../evil"),
    member("x/hard", tarfile.LNKTYPE, "/etc/passwd"),
    member("x/device", tarfile.CHRTYPE),
    member("x/pipe", tarfile.FIFOTYPE),
]


@pytest.mark.parametrize("unsafe", UNSAFE, ids=lambda m: f"{m[0].name}-{m[0].linkname}")
@pytest.mark.parametrize("has_filters", [True, False])
def test_unsafe_tar(
    tmp_path: Path, unsafe: Member, has_filters: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not has_filters:
        monkeypatch.delattr(tarfile, "data_filter", raising=False)
    archive = tar(tmp_path / "x-1.0.tar.gz", member("x/good"), unsafe)
    (tmp_path / "inner").mkdir()
    with pytest.raises(SourceError, match=r"x-1\.0\.tar\.gz is not unpacked"):
        unpack(archive, tmp_path / "inner" / "tree")
    assert not (tmp_path / "evil").exists()
    assert not (tmp_path / "inner" / "evil").exists()
    assert not (tmp_path / "inner" / "tree").exists()


def test_a_link_cannot_lead_later_members_outside(tmp_path: Path) -> None:
    """With and without Python's own filter: the link itself is what is refused."""
    with pytest.raises(UnsafeMemberError):
        strict_filter(member("x/up", tarfile.SYMTYPE, "../..")[0], tmp_path)
    (tmp_path / "x").symlink_to("/tmp")
    with pytest.raises(UnsafeMemberError):
        strict_filter(member("x/evil")[0], tmp_path)


def test_the_filter_of_a_python_without_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(tarfile, "data_filter", raising=False)
    archive = tar(
        tmp_path / "x.tar.gz",
        member("/x/run", mode=0o4755),
        member("x/text", mode=0o666),
        member("x/link", tarfile.SYMTYPE, "text"),
        member("x/hard", tarfile.LNKTYPE, "x/text"),
    )
    unpack(archive, tmp_path / "tree")
    modes = {
        path.name: stat.S_IMODE(path.lstat().st_mode) for path in (tmp_path / "tree").iterdir()
    }
    assert (modes["run"], modes["text"]) == (0o755, 0o644)
    assert (tmp_path / "tree" / "link").read_text() == "text"
    assert (tmp_path / "tree" / "run").stat().st_uid == os.getuid()


def zipped(path: Path, *names: str, body: bytes = b"text") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name in names:
            info = zipfile.ZipInfo(name)
            info.external_attr = (0o755 if name.endswith("configure") else 0o644) << 16
            bundle.writestr(info, body)
    return path


def test_zip(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "x-1.0.zip", "x-1.0/", "x-1.0/configure", "x-1.0/src/x.py")
    unpack(archive, tmp_path / "tree")
    assert (tmp_path / "tree" / "src" / "x.py").read_text() == "text"
    assert os.access(tmp_path / "tree" / "configure", os.X_OK)
    assert not os.access(tmp_path / "tree" / "src" / "x.py", os.X_OK)


@pytest.mark.parametrize("name", ["../evil", "/evil", "x/../../evil", "..\\evil"])
def test_unsafe_zip(tmp_path: Path, name: str) -> None:
    (tmp_path / "inner").mkdir()
    with pytest.raises(SourceError, match="would be outside"):
        unpack(zipped(tmp_path / "x-1.0.zip", "x/good", name), tmp_path / "inner" / "tree")
    assert not (tmp_path / "evil").exists()


def test_archives_without_one_top_folder(tmp_path: Path) -> None:
    unpack(tar(tmp_path / "a.tar.gz", member("setup.py"), member("x/x.py")), tmp_path / "a")
    assert names(tmp_path / "a") == ["setup.py", "x"]
    unpack(tar(tmp_path / "b.tar.gz", member("._x"), member("x/x.py")), tmp_path / "b")
    assert names(tmp_path / "b") == ["x.py"]


@pytest.mark.parametrize("kind", ["tar", "zip"])
@pytest.mark.parametrize(("limit", "value"), [("MAX_BYTES", 5), ("MAX_FILES", 1)])
def test_bombs(
    tmp_path: Path, kind: str, limit: str, value: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, limit, value)
    if kind == "tar":
        archive = tar(tmp_path / "x-1.0", member("x/a"), member("x/b"))
    else:
        archive = zipped(tmp_path / "x-1.0", "x/a", "x/b")
    with pytest.raises(SourceError, match="more than"):
        unpack(archive, tmp_path / "tree")


@pytest.mark.parametrize("body", [b"", b"not an archive", b"\x1f\x8b\x08garbage", b"PK\x03\x04gar"])
def test_damaged(tmp_path: Path, body: bytes) -> None:
    archive = tmp_path / "x-1.0.tar.gz"
    archive.write_bytes(body)
    with pytest.raises(SourceError, match="is damaged or no archive") as caught:
        unpack(archive, tmp_path / "tree")
    assert "\n" not in str(caught.value)


def test_cut_off(tmp_path: Path) -> None:
    whole = tar(tmp_path / "x-1.0.tar.gz", *(member(f"x/{number}") for number in range(50)))
    whole.write_bytes(whole.read_bytes()[:-100])
    with pytest.raises(SourceError, match="is damaged"):
        unpack(whole, tmp_path / "tree")
