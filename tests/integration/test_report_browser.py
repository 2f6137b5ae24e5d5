"""Reports in a real browser: how they look, what their controls do, and that they do without.

With LABEILLE_SCREENSHOTS=FOLDER the pictures are kept there, to be looked at.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chromium import Browser, Page
from ft_runs import everything
from ft_runs import write_run as write_free_threaded
from report_runs import write_differential, write_hunt

from labeille.analysis.runs import list_runs
from labeille.reports.html.render import render
from labeille.reports.page.build import build_comparison, build_page

pytestmark = pytest.mark.browser

KINDS = ("hunt", "changes", "differential", "free-threaded")
LOOKS = [(width, dark) for width in (1280, 400) for dark in (False, True)]

#: Texts whose colour has a contrast below 4.5 : 1 (3 : 1 where they are large) to what is behind
#: them: WCAG 2.2, 1.4.3.
CONTRAST = """
(() => {
  const parse = (text) => {
    const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number);
    return {rgb: [r, g, b], a};
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((value) => {
      const v = value / 255;
      return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const {rgb, a} = parse(getComputedStyle(at).backgroundColor);
      if (a === 1) return rgb;
    }
    return parse(getComputedStyle(document.body).backgroundColor).rgb;
  };
  const found = new Set();
  for (const element of document.body.querySelectorAll("*")) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !element.checkVisibility() || element.closest(".skip, .live")) continue;
    const style = getComputedStyle(element);
    const color = element.closest("svg") ? style.fill : style.color;
    const [a, b] = [luminance(parse(color).rgb), luminance(behind(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const large = parseFloat(style.fontSize) >= 24;
    if (ratio < (large ? 3 : 4.5)) {
      found.add(`${element.tagName}.${element.className}: ${ratio.toFixed(2)}`);
    }
  }
  return [...found];
})()
"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A page of each kind."""
    results = tmp_path_factory.mktemp("results")
    write_hunt(results, "run_0", started="08", hostname="other")
    write_hunt(results, "run_a")
    write_differential(results)
    write_free_threaded(results, "ft_a", everything())
    runs = {run.run_id: run for run in list_runs(results)}
    everyone = list(runs.values())
    built = {
        "hunt": build_page(runs["run_a"], everyone, details=True),
        "changes": build_comparison(runs["run_0"], runs["run_a"], everyone, details=True),
        "differential": build_page(runs["diff_a"], everyone, details=True),
        "free-threaded": build_page(runs["ft_a"], everyone, details=True),
    }
    folder = tmp_path_factory.mktemp("pages")
    paths = {kind: folder / f"{kind}.html" for kind in KINDS}
    for kind, path in paths.items():
        path.write_text(render(built[kind]), encoding="utf-8")
    return paths


@pytest.fixture
def hunt(browser: Browser, pages: dict[str, Path]) -> Iterator[Page]:
    with browser.page(pages["hunt"]) as page:
        yield page


@pytest.fixture
def still(browser: Browser, pages: dict[str, Path]) -> Iterator[Page]:
    """The same without JavaScript."""
    with browser.page(pages["hunt"], javascript=False) as page:
        yield page


@pytest.mark.parametrize(("width", "dark"), LOOKS)
@pytest.mark.parametrize("kind", KINDS)
def test_it_looks_right(
    browser: Browser, pages: dict[str, Path], kind: str, width: int, dark: bool
) -> None:
    with browser.page(pages[kind], width=width, dark=dark) as page:
        picture = page.screenshot()
        folder = os.environ.get("LABEILLE_SCREENSHOTS")
        if folder:
            name = f"{kind}-{width}-{'dark' if dark else 'light'}"
            Path(folder, f"{name}.png").write_bytes(picture)
            Path(folder, f"{name}-whole.png").write_bytes(page.screenshot(whole=True))
        assert struct.unpack(">II", picture[16:24]) == (width, 900)
        assert len(picture) > 15_000, "it is almost blank"
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.evaluate("for (const e of document.querySelectorAll('details')) e.open = true")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(CONTRAST) == []
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert background == ("rgb(20, 22, 25)" if dark else "rgb(246, 246, 244)")
        assert page.complaints() == []
        assert [url for url in page.requests() if not url.startswith("about:")] == [
            pages[kind].as_uri()
        ]


def test_a_hostile_log_is_text(hunt: Page) -> None:
    hunt.evaluate("for (const e of document.querySelectorAll('details')) e.open = true")
    assert hunt.evaluate("document.title").startswith("run_a: ")
    assert hunt.evaluate("document.querySelectorAll('img, body script').length") == 0
    log = hunt.texts("#p-numpy .log pre")[0]
    assert log.startswith("</script><script>document.title='broken out'</script>")
    assert "user<U+202E>exe" in log


# What the controls do


def shown(page: Page) -> list[str]:
    return page.texts("#packages tbody .open")


BY_GRAVITY = ["click", "toolz", "werkzeug", "big", "numpy", "lxml", "gone", "idna", "six"]

SORTS = [
    # of one verdict, names stay in their order
    ("status", 1, ["idna", "six", "gone", "lxml", "numpy", "big", "werkzeug", "click", "toolz"]),
    ("status", 2, BY_GRAVITY),
    ("package", 1, sorted(BY_GRAVITY)),
    ("package", 2, sorted(BY_GRAVITY, reverse=True)),
    # numbers: the largest first; what has none stays last, in the order of gravity
    ("tests", 1, ["idna", "numpy", "six", "click", "toolz", "werkzeug", "big", "lxml", "gone"]),
    ("tests", 2, ["toolz", "click", "six", "numpy", "idna", "werkzeug", "big", "lxml", "gone"]),
    ("time", 1, ["werkzeug", "numpy", "idna", "click", "toolz", "six", "big", "lxml", "gone"]),
]


@pytest.mark.parametrize(("column", "clicks", "order"), SORTS)
def test_columns_sort(hunt: Page, column: str, clicks: int, order: list[str]) -> None:
    names = hunt.texts("#packages thead th")
    at = [name.strip("↑↓ ") for name in names].index(column) + 1
    for _ in range(clicks):
        hunt.click(f"#packages thead th:nth-child({at}) button")
    assert shown(hunt) == order
    sorted_by = hunt.evaluate(
        "[...document.querySelectorAll('thead th')].filter(h => h.ariaSort).map(h => h.innerText)"
    )
    assert [text.strip("↑↓ ") for text in sorted_by] == [column]


FILTERS = [
    ("numpy", ["numpy"], "1 of 9 shown"),
    ("NUMPY", ["numpy"], "1 of 9 shown"),
    ("optimize_uops", ["click"], "1 of 9 shown"),
    ("1.0 timeout", ["werkzeug"], "1 of 9 shown"),
    ("  ", BY_GRAVITY, ""),
    ("no such thing", [], "0 of 9 shown"),
    (".*", [], "0 of 9 shown"),
]


@pytest.mark.parametrize(("text", "left", "words"), FILTERS)
def test_the_filter_takes_words(hunt: Page, text: str, left: list[str], words: str) -> None:
    hunt.type("[data-does=filter]", text)
    assert shown(hunt) == left
    assert "".join(hunt.texts(".shown")) == words
    assert bool(hunt.texts(".none")) is not bool(left)


def test_chips_show_verdicts_and_reset_shows_all(hunt: Page) -> None:
    hunt.click(".chip[data-word=crash]")
    assert shown(hunt) == ["click", "toolz"]
    hunt.click(".chip[data-word=fail]")
    assert shown(hunt) == ["click", "toolz", "numpy"]
    hunt.click(".chip[data-word=crash]")
    assert shown(hunt) == ["numpy"]
    hunt.type("[data-does=filter]", "idna")
    assert shown(hunt) == []
    hunt.click("[data-does=reset]")
    assert shown(hunt) == BY_GRAVITY
    pressed = "document.querySelectorAll('.chip[aria-pressed=true]').length"
    assert hunt.evaluate(pressed) == 0


def test_sorting_keeps_what_is_filtered_and_open(hunt: Page) -> None:
    hunt.click("#p-numpy .open")
    hunt.click(".chip[data-word=fail]")
    hunt.click("#packages thead th:nth-child(2) button")
    assert shown(hunt) == ["numpy"]
    assert hunt.texts("#p-numpy .log h4")


def test_a_row_opens_by_mouse_and_keyboard(hunt: Page) -> None:
    assert not hunt.texts("#p-numpy .more")
    hunt.click("#p-numpy .open")
    assert len(hunt.texts("#p-numpy .log pre")) == 2
    assert hunt.evaluate("document.querySelector('#p-numpy .open').ariaExpanded") == "true"
    hunt.evaluate("document.querySelector('#p-numpy .open').focus()")
    hunt.press("Enter")
    assert not hunt.texts("#p-numpy .more")


def test_a_link_opens_the_row_it_leads_to_even_a_filtered_one(hunt: Page) -> None:
    hunt.type("[data-does=filter]", "idna")
    hunt.evaluate("location.hash = '#p-numpy'")
    hunt.evaluate("new Promise(done => setTimeout(done, 100))")
    assert hunt.texts("#p-numpy .log h4")
    top = hunt.evaluate("document.querySelector('#p-numpy').getBoundingClientRect().top")
    assert 0 <= top < 900


def test_commands_are_copied_whole(hunt: Page) -> None:
    hunt.evaluate("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    hunt.click("#findings .copied button")
    assert hunt.evaluate("window.copied").startswith("labeille run --packages click@")
    assert hunt.texts("#findings .copied button")[0] == "Copied"


def test_the_switch_goes_from_the_system_to_light_to_dark(hunt: Page) -> None:
    said, colours = [], []
    for _ in range(4):
        said += hunt.texts(".theme")
        colours.append(hunt.evaluate("getComputedStyle(document.body).backgroundColor"))
        hunt.click(".theme")
    assert said == ["Theme: auto", "Theme: light", "Theme: dark", "Theme: auto"]
    assert colours[0] == colours[1] == colours[3] != colours[2]


def test_focus_can_be_seen(hunt: Page) -> None:
    for _ in range(6):
        hunt.press("Tab")
        outline = hunt.evaluate(
            "(() => { const s = getComputedStyle(document.activeElement);"
            " return [s.outlineStyle, parseFloat(s.outlineWidth)]; })()"
        )
        assert outline == ["solid", 2], hunt.evaluate("document.activeElement.outerHTML")


def test_controls_are_not_printed(hunt: Page) -> None:
    hunt.call("Emulation.setEmulatedMedia", media="print")
    assert hunt.texts(".top, .tools, .copied button") == []
    assert shown(hunt) == BY_GRAVITY


# Without JavaScript


def test_everything_is_there_without_javascript(still: Page) -> None:
    assert still.evaluate("document.documentElement.className") == ""
    assert shown(still) == BY_GRAVITY
    assert len(still.texts("#packages .more summary")) == len(BY_GRAVITY)
    assert still.texts("#findings h3")
    assert still.texts(".lane-name")


def test_no_control_is_there_that_needs_javascript(still: Page) -> None:
    assert still.texts(".tools, .theme, .copied button, .none") == []
    assert still.texts("button:enabled") == []


def test_details_open_without_javascript(still: Page) -> None:
    assert not still.texts("#p-numpy .log h4")
    box = still.evaluate(
        "(() => { const e = document.querySelector('#p-numpy summary'); e.scrollIntoView();"
        " const r = e.getBoundingClientRect(); return [r.x + 20, r.y + r.height / 2]; })()"
    )
    press: Callable[[str], object] = lambda kind: still.call(  # noqa: E731
        "Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left", clickCount=1
    )
    press("mousePressed")
    press("mouseReleased")
    assert len(still.texts("#p-numpy .log pre")) == 2
