"""The index client against a server on the loopback interface, and against folders."""

from __future__ import annotations

import base64
import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from pypi_server import HTML, JSON, Answer, Index, serving

from labeille.errors import PackageIndexError
from labeille.pypi import session
from labeille.pypi.client import IndexClient, UnknownProjectError
from labeille.pypi.model import IndexSettings, ProjectFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

BODY = b"an archive, if you like"
SHA256 = hashlib.sha256(BODY).hexdigest()
PAGE = f'<html><body><a href="../../files/x-1.0.tar.gz#sha256={SHA256}">x</a></body></html>'


@pytest.fixture
def index() -> Iterator[Index]:
    with serving() as index:
        yield index


@pytest.fixture
def client(index: Index, tmp_path: Path) -> Iterator[IndexClient]:
    with IndexClient(IndexSettings(indexes=(index.simple,)), cache=tmp_path / "cache") as client:
        yield client


@pytest.fixture(autouse=True)
def no_netrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETRC", str(tmp_path / "no-netrc"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def test_html_page(index: Index, client: IndexClient) -> None:
    index.page("my-x", PAGE)
    project = client.project("My_X")
    assert project.name == "my-x"
    assert project.files == (
        ProjectFile(
            filename="x-1.0.tar.gz",
            url=f"{index.url}/files/x-1.0.tar.gz",
            hashes={"sha256": SHA256},
        ),
    )
    accept = index.requests[0][1]["Accept"]
    assert JSON in accept
    assert "text/html" in accept


def test_json_page(index: Index, client: IndexClient) -> None:
    listed = {
        "filename": "x-1.0.tar.gz",
        "url": "/files/x-1.0.tar.gz",
        "hashes": {"sha256": SHA256.upper()},
        "requires-python": ">=3.9",
        "yanked": "broken",
        "size": 23,
        "upload-time": "2026-01-01T00:00:00Z",
        "core-metadata": False,
    }
    page = {"meta": {"api-version": "1.4"}, "name": "x", "versions": ["1.0"], "files": [listed]}
    index.page("x", json.dumps(page), JSON)
    assert client.project("x").files == (
        ProjectFile(
            filename="x-1.0.tar.gz",
            url=f"{index.url}/files/x-1.0.tar.gz",
            hashes={"sha256": SHA256},
            requires_python=">=3.9",
            yanked=True,
            size=23,
            upload_time="2026-01-01T00:00:00Z",
        ),
    )


def test_unknown_project(client: IndexClient) -> None:
    with pytest.raises(UnknownProjectError, match="there is no package x on the index"):
        client.project("x")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer(b"{oops", headers={"Content-Type": JSON}), "its JSON makes no sense"),
        (Answer(b'{"a": 1}', headers={"Content-Type": JSON}), "its JSON makes no sense"),
        (
            Answer(
                b'{"meta": {"api-version": "2.0"}, "files": []}', headers={"Content-Type": JSON}
            ),
            "version 2.0 of the Simple API",
        ),
        (Answer(b"\0\1", headers={"Content-Type": "image/png"}), "its type is 'image/png'"),
        (Answer(b"", 403), "refuses access"),
        (Answer(b"", 418), "answers HTTP 418"),
    ],
)
def test_answers_that_make_no_sense(
    index: Index, client: IndexClient, answer: Answer, message: str
) -> None:
    index.say("/simple/x/", answer)
    with pytest.raises(PackageIndexError, match=message):
        client.project("x")


@pytest.mark.parametrize(
    "first",
    [
        Answer(status=500),
        Answer(status=503),
        Answer(status=429, headers={"Retry-After": "0"}),
    ],
)
def test_passing_trouble_is_waited_out(index: Index, client: IndexClient, first: Answer) -> None:
    index.say("/simple/x/", first, Answer(PAGE.encode(), headers={"Content-Type": HTML}))
    assert len(client.project("x").files) == 1
    assert len(index.requests) == 2


@pytest.mark.parametrize(
    ("headers", "asked"),
    [({}, 1), ({"Cache-Control": "max-age=60"}, 1), ({"Cache-Control": "no-store"}, 2)],
)
def test_pages_are_cached(
    index: Index, client: IndexClient, headers: dict[str, str], asked: int
) -> None:
    index.say("/simple/x/", Answer(PAGE.encode(), headers={"Content-Type": HTML, **headers}))
    assert client.project("x") == client.project("x")
    assert len(index.requests) == asked
    client.project("x", refresh=True)
    assert len(index.requests) == asked + 1


@pytest.mark.parametrize(("told", "seconds"), [("3", 3), ("3600", 20), (None, None)])
def test_retry_after_is_heeded_within_reason(told: str | None, seconds: float | None) -> None:
    from urllib3 import HTTPResponse

    response = HTTPResponse(status=429, headers={"Retry-After": told} if told else {})
    assert session._retry().get_retry_after(response) == seconds


def test_an_unreachable_index_is_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_BACKOFF", 0)
    with serving() as gone:
        pass
    settings = IndexSettings(indexes=(gone.simple,))
    with (
        IndexClient(settings, cache=tmp_path) as client,
        pytest.raises(
            PackageIndexError, match=r"cannot be reached: http://\S+: .*refused"
        ) as caught,
    ):
        client.project("x")
    assert "\n" not in str(caught.value)
    assert caught.value.hint


def test_one_dead_index_among_others_is_a_note(index: Index, tmp_path: Path) -> None:
    index.page("x", PAGE)
    dead = "file:///dev/null/simple/"
    settings = IndexSettings(indexes=(index.simple, dead, index.url + "/none/"))
    index.say("/none/x/", Answer(status=403))
    with IndexClient(settings, cache=tmp_path / "cache") as client:
        project = client.project("x")
    assert len(project.files) == 1
    assert len(project.problems) == 1
    assert "refuses access" in project.problems[0]


def test_credentials_go_to_the_index_only(index: Index, tmp_path: Path) -> None:
    index.page("x", PAGE)
    host = index.url.removeprefix("http://")
    settings = IndexSettings(indexes=(index.simple,), credentials={host: ("me", "p@ss")})
    with IndexClient(settings, cache=tmp_path / "cache") as client:
        file = client.project("x").files[0]
    expected = "Basic " + base64.b64encode(b"me:p@ss").decode()
    assert index.requests[0][1]["Authorization"] == expected
    assert "p@ss" not in repr((settings, file))


def test_netrc(
    index: Index, client: IndexClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    index.page("x", PAGE)
    client.project("x")
    expected = "Basic " + base64.b64encode(b"me:secret").decode()
    assert index.requests[0][1]["Authorization"] == expected


def listed(index: Index, **more: str) -> ProjectFile:
    hashes = more or {"md5": "0" * 32, "sha256": SHA256}
    return ProjectFile(
        filename="x-1.0.tar.gz", url=f"{index.url}/files/x-1.0.tar.gz", hashes=hashes
    )


def test_download_is_verified_and_reused(index: Index, client: IndexClient, tmp_path: Path) -> None:
    index.say("/files/x-1.0.tar.gz", Answer(BODY))
    path = client.download(listed(index), tmp_path / "files")
    assert path.read_bytes() == BODY
    assert client.download(listed(index), tmp_path / "files") == path
    assert len(index.requests) == 1
    path.write_bytes(b"damaged since")
    assert client.download(listed(index), tmp_path / "files").read_bytes() == BODY
    assert len(index.requests) == 2
    assert [entry.name for entry in path.parent.iterdir()] == ["x-1.0.tar.gz"]


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ([Answer(b"something else")], "does not have the sha256 checksum"),
        ([Answer(BODY, length=len(BODY) + 5)], "broke off"),
        ([Answer(status=404)], "answers HTTP 404"),
    ],
)
def test_a_bad_download_leaves_nothing(
    index: Index, client: IndexClient, tmp_path: Path, answers: list[Answer], message: str
) -> None:
    index.say("/files/x-1.0.tar.gz", *answers)
    with pytest.raises(PackageIndexError, match=message):
        client.download(listed(index), tmp_path / "files")
    folder = tmp_path / "files"
    assert not folder.exists() or list(folder.iterdir()) == []


def test_a_download_that_broke_off_is_tried_again(
    index: Index, client: IndexClient, tmp_path: Path
) -> None:
    index.say("/files/x-1.0.tar.gz", Answer(BODY[:5], length=len(BODY)), Answer(BODY))
    assert client.download(listed(index), tmp_path).read_bytes() == BODY


def test_a_disk_that_cannot_be_written_is_the_cause(
    index: Index, client: IndexClient, tmp_path: Path
) -> None:
    index.say("/files/x-1.0.tar.gz", Answer(BODY))
    (tmp_path / "files").write_text("in the way")
    with pytest.raises(PackageIndexError, match="cannot be written") as caught:
        client.download(listed(index), tmp_path / "files")
    assert isinstance(caught.value.__cause__, OSError)


def test_many_threads_share_a_client(index: Index, client: IndexClient, tmp_path: Path) -> None:
    for number in range(8):
        index.page(f"x{number}", PAGE)
    index.say("/files/x-1.0.tar.gz", Answer(BODY))

    def get(number: int) -> bytes:
        file = client.project(f"x{number % 8}").files[0]
        return client.download(file, tmp_path / "files").read_bytes()

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(get, range(16))) == {BODY}


def local_page(root: Path) -> str:
    folder = root / "simple" / "x"
    folder.mkdir(parents=True)
    (folder / "index.html").write_text(PAGE)
    (root / "files").mkdir()
    (root / "files" / "x-1.0.tar.gz").write_bytes(BODY)
    return (root / "simple").as_uri() + "/"


def local_folder(root: Path) -> str:
    folder = root / "simple" / "x"
    folder.mkdir(parents=True)
    (folder / "x-1.0.tar.gz").write_bytes(BODY)
    (folder / ".hidden").write_bytes(BODY)
    return (root / "simple").as_uri() + "/"


@pytest.mark.parametrize("make", [local_page, local_folder])
def test_file_index(tmp_path: Path, make: Callable[[Path], str]) -> None:
    settings = IndexSettings(indexes=(make(tmp_path),))
    with IndexClient(settings, cache=tmp_path / "cache") as client:
        (file,) = client.project("x").files
        assert client.download(file, tmp_path / "down").read_bytes() == BODY
        with pytest.raises(UnknownProjectError):
            client.project("y")
    assert not (tmp_path / "down").exists()


def test_damaged_file_of_a_file_index(tmp_path: Path) -> None:
    settings = IndexSettings(indexes=(local_page(tmp_path),))
    (tmp_path / "files" / "x-1.0.tar.gz").write_bytes(b"other")
    with IndexClient(settings, cache=tmp_path / "cache") as client:
        (file,) = client.project("x").files
        with pytest.raises(PackageIndexError, match="does not have the checksum"):
            client.download(file, tmp_path / "down")


def test_find_links(index: Index, tmp_path: Path) -> None:
    folder = tmp_path / "wheels"
    folder.mkdir()
    for name in ("x-1.0.tar.gz", "x-1.0-py3-none-any.whl", "xy-2.0.tar.gz", "readme.txt"):
        (folder / name).write_bytes(BODY)
    page = '<a href="/files/x-3.0.zip">x</a> <a href="/files/z-1.0.zip">z</a> <a href="/">up</a>'
    index.say("/links", Answer(page.encode(), headers={"Content-Type": HTML}))
    settings = IndexSettings(indexes=(), find_links=(folder.as_uri(), f"{index.url}/links"))
    with IndexClient(settings, cache=tmp_path / "cache") as client:
        names = [file.filename for file in client.project("x").files]
        with pytest.raises(UnknownProjectError):
            client.project("nope")
    assert names == ["x-1.0-py3-none-any.whl", "x-1.0.tar.gz", "x-3.0.zip"]
