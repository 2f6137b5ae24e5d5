"""Pages of the JSON API, and which release counts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from labeille.pypi.metadata import Release, metadata_from_files, parse_metadata
from labeille.pypi.model import Project, ProjectFile
from labeille.pypi.simple import BadPageError


def page(**parts: Any) -> bytes:
    info = {"name": "x", "version": "1.0", "description": "long", **parts.pop("info", {})}
    return json.dumps({"info": info, "last_serial": 1, **parts}).encode()


def files(*names: str, yanked: bool = False) -> list[dict[str, object]]:
    return [
        {"filename": name, "url": f"https://x/{name}", "yanked": yanked, "size": 3}
        for name in names
    ]


OLD, NEW = files("x-0.9.tar.gz"), files("x-1.0.tar.gz", "x-1.0-py3-none-any.whl")
BETA, YANKED = files("x-2.0b1.tar.gz"), files("x-1.0.tar.gz", yanked=True)


@pytest.mark.parametrize(
    ("parts", "version", "release", "names"),
    [
        ({"urls": NEW, "releases": {"0.9": OLD, "1.0": NEW}}, "1.0", Release.FINAL, NEW),
        # the index's own choice counts, also where it lists no releases
        ({"urls": NEW}, "1.0", Release.FINAL, NEW),
        ({"urls": NEW, "releases": None}, "1.0", Release.FINAL, NEW),
        # a release without files, and one that is yanked, are no release to use
        ({"urls": [], "releases": {"0.9": OLD, "1.0": []}}, "0.9", Release.FINAL, OLD),
        ({"urls": YANKED, "releases": {"0.9": OLD, "1.0": YANKED}}, "0.9", Release.FINAL, OLD),
        ({"urls": YANKED, "releases": {"1.0": YANKED}}, "1.0", Release.YANKED, YANKED),
        # one file of a release may be yanked
        ({"urls": [*YANKED, NEW[1]], "releases": {}}, "1.0", Release.FINAL, NEW[1:]),
        # the newest may be a pre-release in the index's eyes
        (
            {"info": {"version": "2.0b1"}, "urls": BETA, "releases": {"2.0b1": BETA, "1.0": NEW}},
            "1.0",
            Release.FINAL,
            NEW,
        ),
        (
            {"info": {"version": "2.0b1"}, "urls": BETA, "releases": {"2.0b1": BETA, "1.0": []}},
            "2.0b1",
            Release.PRERELEASE,
            BETA,
        ),
        # 0.10 is newer than 0.9, whatever the order and the text say
        (
            {"urls": [], "releases": {"0.10": NEW, "0.9": OLD, "1.0": []}},
            "0.10",
            Release.FINAL,
            NEW,
        ),
        # versions from before PEP 440 count last, but count
        ({"urls": [], "releases": {"0.9": OLD, "dev-r5": NEW}}, "0.9", Release.FINAL, OLD),
        ({"info": {"version": "dev-r5"}, "urls": NEW}, "dev-r5", Release.FINAL, NEW),
        ({"urls": [], "releases": {}}, "1.0", Release.NONE, []),
        ({"urls": None, "releases": {"1.0": None}}, "1.0", Release.NONE, []),
        ({"info": {"version": None}, "releases": {"0.9": OLD}}, "0.9", Release.FINAL, OLD),
    ],
)
def test_newest_release(
    parts: dict[str, Any], version: str, release: Release, names: list[dict[str, str]]
) -> None:
    metadata = parse_metadata(page(**parts))
    assert (metadata.version, metadata.release) == (version, release)
    assert metadata.files == tuple(file["filename"] for file in names)


def test_files_without_a_name_have_that_of_their_url() -> None:
    urls = [{"url": "/packages/x%2B1-1.0.tar.gz#md5=0"}]
    assert parse_metadata(page(urls=urls)).files == ("x+1-1.0.tar.gz",)


def test_links_keep_their_order_and_older_fields_come_last() -> None:
    info = {
        "home_page": " https://x.org ",
        "download_url": "",
        "bugtrack_url": "https://bugs",
        "project_urls": {"Source": "https://git", "Nothing": None, "Docs": "https://docs"},
        "package_url": "https://index/x/",
    }
    metadata = parse_metadata(page(info=info))
    assert metadata.links == (
        ("Source", "https://git"),
        ("Docs", "https://docs"),
        ("Homepage", "https://x.org"),
        ("Bug Tracker", "https://bugs"),
    )
    assert metadata.page == "https://index/x/"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "makes no sense"),
        (b"<html>", "makes no sense"),
        (b"[1]", "makes no sense"),
        (b'{"info": 3}', "makes no sense"),
        (b'{"info": {"name": "x", "version": "1.0b"}, "releases": {"1": 3}}', "makes no sense"),
        (b'{"info": {"name": "\xff"}}', "makes no sense"),
        (b'{"info": {"version": "1"}}', "names no project"),
        (b'{"info": {"name": "x"}, "urls": ' + b"[" * 100_000, "makes no sense"),
    ],
)
def test_pages_that_make_no_sense(body: bytes, message: str) -> None:
    with pytest.raises(BadPageError, match=message):
        parse_metadata(body)


def test_what_the_simple_api_tells() -> None:
    names = ["x-1.0.tar.gz", "x-1.0-py3-none-any.whl", "x-2.0.tar.gz", "x-3.0rc1.zip", "x.exe"]
    listed = [
        ProjectFile(filename=name, url="https://x", yanked=name == "x-2.0.tar.gz") for name in names
    ]
    metadata = metadata_from_files(Project(name="x", files=tuple(listed)))
    assert (metadata.name, metadata.version, metadata.release) == ("x", "1.0", Release.FINAL)
    assert metadata.files == ("x-1.0.tar.gz", "x-1.0-py3-none-any.whl")
    assert metadata.links is None
    assert metadata_from_files(Project(name="x", files=())).release is Release.NONE
