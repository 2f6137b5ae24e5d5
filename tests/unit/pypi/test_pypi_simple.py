"""Project pages and file names, in the odd forms that indexes have."""

from __future__ import annotations

import pytest

from labeille.pypi.credentials import redact, split_credentials
from labeille.pypi.filenames import sdist_version, wheel_version
from labeille.pypi.simple import BadPageError, parse_page

BASE = "https://index.test/root/simple/x/"


@pytest.mark.parametrize(
    ("html", "url"),
    [
        ('<a href="x-1.zip">x</a>', BASE + "x-1.zip"),
        ('<A HREF="/p/x-1.zip">x</A>', "https://index.test/p/x-1.zip"),
        ('<a href="//cdn.test/x-1.zip">', "https://cdn.test/x-1.zip"),
        ('<base href="https://cdn.test/a/"><a href="x-1.zip">', "https://cdn.test/a/x-1.zip"),
        (
            '<a href="https://me:pw@cdn.test/x-1.zip?a=1&amp;b=2">',
            "https://cdn.test/x-1.zip?a=1&b=2",
        ),
        ('<a href="x%2B1-1.zip">', BASE + "x%2B1-1.zip"),
    ],
)
def test_html_links(html: str, url: str) -> None:
    (file,) = parse_page(html.encode(), "text/html", BASE)
    assert file.url == url


@pytest.mark.parametrize(
    "html",
    [
        "",
        "not html at all",
        '<a>no link</a><a href="">empty</a><a href="../">up</a>',
        '<a href="javascript:x-1.zip">',
        '<a href="http://[broken/x-1.zip">',
        '<a href="..%2F..%2Fetc">path</a>',
        '<a href=".hidden">',
        '<base href="http://[broken/"><a href="">',
        "\udcff".encode(errors="surrogateescape").decode("latin-1"),
    ],
)
def test_html_that_lists_nothing(html: str) -> None:
    assert parse_page(html.encode(), "text/html", BASE) == []


def test_html_attributes() -> None:
    page = (
        '<meta name="pypi:repository-version" content="1.1">'
        '<a href="x-1.zip#md5=ABC&x=y" data-requires-python="&gt;=3.9" data-yanked="">x</a>'
        '<a href="x-2.zip#egg">x</a>'
    )
    first, second = parse_page(page.encode(), "", BASE)
    assert first.hashes == {"md5": "abc"}
    assert first.requires_python == ">=3.9"
    assert first.yanked
    assert not second.yanked
    assert second.hashes == {}


def test_html_of_another_major_version() -> None:
    page = b'<meta name="pypi:repository-version" content="2.0">'
    with pytest.raises(BadPageError, match=r"version 2\.0"):
        parse_page(page, "text/html", BASE)


def test_json_file_names_are_no_paths() -> None:
    page = b'{"files": [{"filename": "../x-1.zip", "url": "x-1.zip"}]}'
    assert parse_page(page, "application/json", BASE) == []


@pytest.mark.parametrize(
    ("filename", "project", "version"),
    [
        ("idna-3.10.tar.gz", "idna", "3.10"),
        ("zope.interface-5.0.tar.gz", "zope-interface", "5.0"),
        ("zope_interface-7.0.tar.gz", "zope.interface", "7.0"),
        ("backports-zoneinfo-0.2.zip", "backports.zoneinfo", "0.2"),
        ("ruamel.yaml-0.15.tar.bz2", "ruamel-yaml", "0.15"),
        ("x-1.0-beta.tar.gz", "x", "1.0b0"),
        ("x-1.0-1.tgz", "x", "1.0.post1"),
        ("x-1-2.0.tar.xz", "x-1", "2.0"),
        ("X-V1.0.TAR.GZ", "x", "1.0"),
        ("other-1.0.tar.gz", "x", None),
        ("x-1.0.linux-x86_64.tar.gz", "x", None),
        ("x-1.0.win32.zip", "x", None),
        ("x-1.0-py3-none-any.whl", "x", None),
        ("x-docs.tar.gz", "x", None),
        ("x.tar.gz", "x", None),
    ],
)
def test_sdist_version(filename: str, project: str, version: str | None) -> None:
    found = sdist_version(filename, project)
    assert (None if found is None else str(found)) == version


@pytest.mark.parametrize(
    ("filename", "version"),
    [("x_y-1.0-py3-none-any.whl", "1.0"), ("z-1.0-py3-none-any.whl", None), ("x_y-1.whl", None)],
)
def test_wheel_version(filename: str, version: str | None) -> None:
    found = wheel_version(filename, "x-y")
    assert (None if found is None else str(found)) == version


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("get https://me:pw@host/x failed", "get https://****@host/x failed"),
        ("https://TOKEN@host/x", "https://****@host/x"),
        ("https://a@b:c@d@host/", "https://****@host/"),
        ("'http://u:p@h' and 'http://v:q@h'", "'http://****@h' and 'http://****@h'"),
        ("ssh://git@host/x", "ssh://git@host/x"),
        ("ssh://git:pw@host/x", "ssh://****@host/x"),
        ("git@host:x and https://host/a@b", "git@host:x and https://host/a@b"),
    ],
)
def test_redact(text: str, shown: str) -> None:
    assert redact(text) == shown


def test_split_credentials() -> None:
    assert split_credentials("https://h:8/x") == ("https://h:8/x", None)
    assert split_credentials("https://a%40b:p%3Aw@h:8/x") == ("https://h:8/x", ("a@b", "p:w"))
    assert split_credentials("https://token@h/x") == ("https://h/x", ("token", ""))
