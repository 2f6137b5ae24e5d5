"""A page needs nothing from elsewhere and runs nothing but its own."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from ft_runs import everything
from ft_runs import write_run as write_free_threaded
from report_runs import write_differential, write_hunt
from stored_runs import original as original_record
from stored_runs import write_original, write_run

from labeille.analysis.runs import list_runs, read_run
from labeille.reports.html.render import render
from labeille.reports.page.build import build_comparison, build_page

VOID = {"meta", "input", "img", "br", "hr", "link"}
#: Elements of SVG that have no content here are closed at once.
SELF_CLOSED = {"rect", "path", "line"}


class Elements(HTMLParser):
    """Every start tag with its attributes; raises where tags do not match."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.inline: dict[str, list[str]] = {"style": [], "script": []}
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in SELF_CLOSED, f"<{tag}/>"
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] in self.inline:
            self.inline[self._open[-1]].append(data)

    def finish(self) -> None:
        self.close()
        assert self._open == []


def parsed(page: str) -> Elements:
    elements = Elements()
    elements.feed(page)
    elements.finish()
    return elements


def page_of(path: Path) -> str:
    run = read_run(path)
    assert run is not None
    return render(build_page(run, list_runs(path.parent), details=True))


def hunt(results: Path) -> str:
    return page_of(write_hunt(results))


def differential(results: Path) -> str:
    return page_of(write_differential(results))


def free_threaded(results: Path) -> str:
    return page_of(write_free_threaded(results, "ft_a", everything()))


def comparison(results: Path) -> str:
    write_hunt(results, "run_0", started="09", hostname="other")
    write_hunt(results, "run_1")
    before, after = list_runs(results)
    return render(build_comparison(before, after, [before, after], details=True))


def empty(results: Path) -> str:
    return page_of(write_run(results, "run_e", "2026-11-20T10:00:00+00:00", []))


def original(results: Path) -> str:
    """The original's format, with names and texts that nobody checked."""
    records = [
        original_record("../../etc/passwd", "crash", stderr_tail="<script>alert(1)</script>"),
        original_record("a<b>&\"'", "fail", error_message="<img src=https://evil.example/x>"),
        original_record("x" * 500, "pass", timestamp="yesterday"),
        original_record("\u202e", "timeout"),
    ]
    return page_of(write_original(results, "run_<o>", "2026-11-20T10:00:00+00:00", records))


PAGES = (hunt, differential, free_threaded, comparison, empty, original)


@pytest.fixture(scope="module", params=PAGES, ids=lambda function: function.__name__)
def page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    make: Callable[[Path], str] = request.param
    return make(tmp_path_factory.mktemp("results"))


def test_nothing_is_from_elsewhere(page: str) -> None:
    for tag, attributes in parsed(page).found:
        assert tag not in {"img", "link", "iframe", "object", "embed", "base", "form", "audio"}
        for name in ("src", "href", "srcset", "data", "action", "xlink:href", "poster"):
            assert attributes.get(name, "#").startswith("#"), (tag, attributes)
    (style,) = parsed(page).inline["style"]
    assert not re.search(r"url\(|@import|@font-face", style)


def test_the_policy_lets_only_the_pages_own_style_and_script_run(page: str) -> None:
    elements = parsed(page)
    (policy,) = (
        attributes["content"]
        for tag, attributes in elements.found
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none'; ")
    for kind in ("style", "script"):
        (text,) = elements.inline[kind]
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}';" in policy
    assert not re.search(r"unsafe|\*|http", policy)
    for _, attributes in elements.found:
        assert not [name for name in attributes if name == "style" or name.startswith("on")]


def test_anchors_are_there_once_and_every_link_has_one(page: str) -> None:
    elements = parsed(page).found
    ids = [attributes["id"] for _, attributes in elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = {a["href"][1:] for tag, a in elements if tag == "a" and a["href"] != "#packages"}
    assert links <= set(ids), links - set(ids)


def test_nothing_hostile_is_left(page: str) -> None:
    body = page.partition("</head>")[2]
    assert "<script" not in body
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b]", body)
    assert max(map(len, body.split("\n"))) < 20_000


def test_every_button_does_something_and_says_what(page: str) -> None:
    for tag, attributes in parsed(page).found:
        if tag == "button":
            assert attributes["type"] == "button"
            assert attributes["data-does"]
