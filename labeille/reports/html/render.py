"""From a page's content to one HTML file: template, style and script are put into it."""

from __future__ import annotations

import base64
import functools
import hashlib
from importlib import resources
from typing import TYPE_CHECKING

import jinja2
from markupsafe import Markup

if TYPE_CHECKING:
    from labeille.reports.page.model import Page

_ASSETS = resources.files(__package__).joinpath("assets")


def render(page: Page) -> str:
    """The page as a file that needs no other, and lets nothing run but its own script."""
    style, script = _asset("page.css"), _asset("page.js")
    return _template().render(
        page=page,
        style=Markup(
            style
        ),  # ours, and closed off: test_html_render checks that it ends no element
        script=Markup(script),
        style_hash=_csp_hash(style),
        script_hash=_csp_hash(script),
    )


@functools.cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_asset),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("page.html.jinja")


@functools.cache
def _asset(name: str) -> str:
    return _ASSETS.joinpath(name).read_text(encoding="utf-8")


def _csp_hash(text: str) -> str:
    """A Content Security Policy's name for an inline element (CSP Level 3, section 2.3.1)."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
