"""The JSON API through the index client, against a server on the loopback interface."""

from __future__ import annotations

import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from pypi_server import HTML, JSON, Answer, Index, serving

from labeille.errors import PackageIndexError
from labeille.pypi import json_api, session
from labeille.pypi.client import IndexClient, UnknownProjectError, UnreachableIndexError
from labeille.pypi.json_api import json_api_url
from labeille.pypi.metadata import ProjectMetadata, Release
from labeille.pypi.model import IndexSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATH = "/pypi/x/json"
LINK = {"Source": "https://github.com/a/x"}
EXPECTED = ProjectMetadata(
    name="X",
    version="1.0",
    release=Release.FINAL,
    files=("x-1.0.tar.gz",),
    links=(("Source", "https://github.com/a/x"),),
)


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Index]:
    monkeypatch.setenv("NETRC", str(tmp_path / "no-netrc"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(session, "_BACKOFF", 0)
    with serving() as index:
        yield index


def new_client(tmp_path: Path, *indexes: str) -> IndexClient:
    return IndexClient(IndexSettings(indexes=indexes), cache=tmp_path / "cache")


@pytest.fixture
def client(index: Index, tmp_path: Path) -> Iterator[IndexClient]:
    with new_client(tmp_path, index.simple) as client:
        yield client


def page(name: str = "X", **info: Any) -> bytes:
    told = {"name": name, "version": "1.0", "project_urls": LINK, "description": "x" * 50_000}
    files = [{"filename": "x-1.0.tar.gz", "url": "https://x/x-1.0.tar.gz", "yanked": False}]
    return json.dumps({"info": {**told, **info}, "urls": files, "releases": {}}).encode()


def answer(
    body: bytes | None = None, status: int = 200, headers: dict[str, str] | None = None
) -> Answer:
    told = {"Content-Type": "application/json", **(headers or {})}
    return Answer(page() if body is None else body, status, told)


@pytest.mark.parametrize(
    ("index", "url"),
    [
        ("https://x.org/simple/", "https://x.org/pypi/a-b/json"),
        ("https://x.org/api/pypi/main/simple/", "https://x.org/api/pypi/main/pypi/a-b/json"),
        ("http://x.org:3141/root/pypi/+simple/", None),
        ("https://x.org/packages/", None),
        ("file:///mirror/simple/", None),
    ],
)
def test_where_the_api_lies(index: str, url: str | None) -> None:
    assert json_api_url(index, "a-b") == url


def test_metadata(index: Index, client: IndexClient) -> None:
    index.say(PATH, answer())
    assert client.metadata("X") == EXPECTED
    assert index.paths() == [PATH]


def test_a_compressed_page(index: Index, client: IndexClient) -> None:
    index.say(PATH, answer(gzip.compress(page()), headers={"Content-Encoding": "gzip"}))
    assert client.metadata("x") == EXPECTED
    assert client.metadata("x") == EXPECTED
    assert "gzip" in index.requests[0][1]["Accept-Encoding"]


@pytest.mark.parametrize(
    ("headers", "asked"),
    [
        ({}, 1),
        ({"Cache-Control": "max-age=60"}, 1),
        ({"Cache-Control": "max-age=60", "Date": "once upon a time"}, 1),
        ({"Cache-Control": "no-store"}, 2),
    ],
)
def test_answers_are_cached(
    index: Index, client: IndexClient, headers: dict[str, str], asked: int
) -> None:
    index.say(PATH, answer(headers=headers))
    assert client.metadata("x") == client.metadata("x") == EXPECTED
    assert len(index.requests) == asked


@pytest.mark.parametrize("more", [{}, {"Content-Type": "application/json"}])
def test_an_expired_answer_is_confirmed(index: Index, tmp_path: Path, more: dict[str, str]) -> None:
    headers = {"ETag": '"e"', "Cache-Control": "max-age=0"}
    index.say(
        PATH, answer(headers=headers), Answer(status=304, headers={**headers, **more}), answer()
    )
    for _ in range(2):  # also in another process
        with new_client(tmp_path, index.simple) as client:
            assert client.metadata("x") == EXPECTED
    assert [asked[1].get("If-None-Match") for asked in index.requests] == [None, '"e"']


def test_what_is_kept_is_small_and_no_garbage(index: Index, client: IndexClient) -> None:
    index.say(PATH, answer(), answer(b"{"))
    client.metadata("x")
    kept = [path for path in client._cache.rglob("*") if path.is_file()]
    assert [path.stat().st_size < 1000 for path in kept] == [True]


def test_garbage_is_asked_for_again(index: Index, client: IndexClient) -> None:
    index.say(
        PATH,
        answer(b'{"info": [', headers={"ETag": '"e"', "Cache-Control": "max-age=60"}),
        answer(),
    )
    with pytest.raises(PackageIndexError, match="makes no sense"):
        client.metadata("x")
    assert client.metadata("x") == EXPECTED


def test_a_damaged_cache_is_no_obstacle(index: Index, client: IndexClient) -> None:
    index.say(PATH, answer())
    client.metadata("x")
    for path in client._cache.rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:40])
    assert client.metadata("x") == EXPECTED


@pytest.mark.parametrize(
    "first",
    [answer(b"", 500), answer(b"", 503), answer(b"", 429, {"Retry-After": "0"})],
)
def test_passing_trouble_is_waited_out(index: Index, client: IndexClient, first: Answer) -> None:
    index.say(PATH, first, answer())
    assert client.metadata("x") == EXPECTED


@pytest.mark.parametrize(
    ("told", "message"),
    [
        (answer(b"", 500), "answers HTTP 500"),
        (answer(b"", 429, {"Retry-After": "0"}), "answers HTTP 429"),
        (answer(b"", 418), "answers HTTP 418"),
        (answer(b"\0\1"), "is not what a package index says of a project: its JSON makes no"),
        (answer(page("other")), "is about another project, 'other'"),
        (Answer(page(), length=60_000), "cannot be reached"),
        (answer(b"no gzip", headers={"Content-Encoding": "gzip"}), "cannot be reached"),
    ],
)
def test_an_index_in_trouble_is_one_clear_line(
    index: Index, client: IndexClient, told: Answer, message: str
) -> None:
    index.say(PATH, told)
    index.page("x", "<a href=x-1.0.tar.gz>")  # its files must not pass for the whole truth
    with pytest.raises(PackageIndexError, match=message) as caught:
        client.metadata("x")
    assert "\n" not in str(caught.value)
    assert not isinstance(caught.value, UnknownProjectError)


def test_an_endless_page_is_given_up(
    index: Index, client: IndexClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_api, "_MAX_BODY", 1000)
    index.say(PATH, answer())
    with pytest.raises(PackageIndexError, match="more than 1000 bytes"):
        client.metadata("x")


def test_nobody_answers(tmp_path: Path, index: Index) -> None:
    with serving() as gone:
        pass
    with (
        new_client(tmp_path, gone.simple) as client,
        pytest.raises(UnreachableIndexError, match="refused"),
    ):
        client.metadata("x")


@pytest.mark.parametrize(
    "told",
    [
        Answer(b"", 404),
        Answer(b"", 403),
        Answer(b"", 405),
        Answer(b"<p>", headers={"Content-Type": HTML}),
    ],
)
def test_a_mirror_without_the_api(index: Index, client: IndexClient, told: Answer) -> None:
    index.say(PATH, told)
    index.page("x", "<a href=x-1.0-py3-none-any.whl></a>")
    assert client.metadata("x") == ProjectMetadata(
        name="x",
        version="1.0",
        release=Release.FINAL,
        files=("x-1.0-py3-none-any.whl",),
        links=None,
    )


def test_no_index_knows_it(index: Index, client: IndexClient) -> None:
    with pytest.raises(UnknownProjectError):
        client.metadata("x")
    assert index.paths() == [PATH, "/simple/x/"]


def test_the_first_index_that_knows_it_counts(index: Index, tmp_path: Path) -> None:
    index.say("/b/pypi/x/json", answer())
    indexes = (f"{index.url}/a/simple/", f"{index.url}/b/simple/", f"{index.url}/c/simple/")
    with new_client(tmp_path, *indexes) as client:
        assert client.metadata("x") == EXPECTED
    assert index.paths() == ["/a/pypi/x/json", "/b/pypi/x/json"]


def test_files_of_a_folder_are_known_by_the_simple_api(tmp_path: Path) -> None:
    folder = tmp_path / "simple" / "x"
    folder.mkdir(parents=True)
    (folder / "x-1.0.tar.gz").touch()
    with new_client(tmp_path, (tmp_path / "simple").as_uri() + "/") as client:
        assert client.metadata("x").files == ("x-1.0.tar.gz",)


def test_an_index_of_the_newer_simple_api_without_files(index: Index, client: IndexClient) -> None:
    index.page("x", '{"meta": {"api-version": "1.1"}, "name": "x", "files": []}', JSON)
    assert client.metadata("x").release is Release.NONE


def test_many_threads_share_a_client(index: Index, client: IndexClient) -> None:
    for number in range(8):
        index.say(f"/pypi/x{number}/json", answer(page(f"x{number}")))
    with ThreadPoolExecutor(8) as pool:
        names = pool.map(lambda number: client.metadata(f"x{number % 8}").name, range(64))
    assert list(names) == [f"x{number % 8}" for number in range(64)]


def test_a_cache_that_cannot_be_written_costs_time_only(index: Index, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way")
    index.say(PATH, answer())
    with new_client(tmp_path, index.simple) as client:
        assert client.metadata("x") == client.metadata("x") == EXPECTED
    assert len(index.requests) == 2
