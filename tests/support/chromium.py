"""A headless Chromium that tests talk to over its debugging pipe: pages, clicks, screenshots."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: Debian's name for it first.
NAMES = ("chromium", "chromium-browser", "google-chrome")

#: Seconds that a browser on a loaded machine may take to answer.
PATIENCE = 90.0


def find_chromium() -> str | None:
    """The browser's path, None where there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class BrowserError(Exception):
    """What the browser, or a script in a page, complained of."""


class Browser:
    """One browser process; its pages are closed with it.

    Speaks the Chrome DevTools Protocol over two pipes, messages ending with a NUL.
    """

    def __init__(self, process: subprocess.Popen[bytes], reading: int, writing: int) -> None:
        self._process = process
        self._reading = reading
        self._writing = writing
        self._buffer = b""
        self._last = 0
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, session: str | None = None, **params: object) -> dict[str, Any]:
        """Send a command and return its result; events that come before it are kept."""
        self._last += 1
        message: dict[str, object] = {"id": self._last, "method": method, "params": params}
        if session is not None:
            message["sessionId"] = session
        os.write(self._writing, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + PATIENCE
        while True:
            answer = self._read(deadline)
            if answer.get("id") == self._last:
                if "error" in answer:
                    raise BrowserError(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)

    def wait_for(self, method: str, session: str) -> dict[str, Any]:
        """The first event of this name in a session that has not been waited for yet."""
        deadline = time.monotonic() + PATIENCE
        while True:
            for number, event in enumerate(self.events):
                if event.get("method") == method and event.get("sessionId") == session:
                    found: dict[str, Any] = self.events.pop(number)["params"]
                    return found
            self.events.append(self._read(deadline))

    def _read(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            left = deadline - time.monotonic()
            ready = select.select([self._reading], [], [], max(0.0, left))[0]
            if not ready:
                raise BrowserError(f"no answer within {PATIENCE} s")
            chunk = os.read(self._reading, 1 << 20)
            if not chunk:
                raise BrowserError(f"it is gone: exit code {self._process.wait()}")
            self._buffer += chunk
        message, _, self._buffer = self._buffer.partition(b"\0")
        answer: dict[str, Any] = json.loads(message)
        return answer

    @contextlib.contextmanager
    def page(
        self, path: Path, *, width: int = 1280, dark: bool = False, javascript: bool = True
    ) -> Iterator[Page]:
        """Open a file; it is loaded when this returns."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        try:
            session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
            page = Page(self, session)
            page.prepare(width=width, dark=dark, javascript=javascript)
            page.load(path.as_uri())
            yield page
        finally:
            with contextlib.suppress(BrowserError):
                self.call("Target.closeTarget", targetId=target)


@dataclass(frozen=True)
class Page:
    """One open page."""

    browser: Browser
    session: str

    def call(self, method: str, **params: object) -> dict[str, Any]:
        return self.browser.call(method, self.session, **params)

    def prepare(self, *, width: int, dark: bool, javascript: bool) -> None:
        """Set what the page finds when it is loaded."""
        self.call("Page.enable")
        self.call("Runtime.enable")
        self.call("Log.enable")
        self.call("Network.enable")
        self.resize(width)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        motion = {"name": "prefers-reduced-motion", "value": "reduce"}
        self.call("Emulation.setEmulatedMedia", features=[scheme, motion])
        self.call("Emulation.setScriptExecutionDisabled", value=not javascript)

    def resize(self, width: int, height: int = 900) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )

    def load(self, url: str) -> None:
        self.call("Page.navigate", url=url)
        self.browser.wait_for("Page.loadEventFired", self.session)

    def evaluate(self, script: str) -> Any:
        """The value of a JavaScript expression, awaited if it is a promise."""
        done = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True,
            userGesture=True,
        )  # fmt: skip
        if "exceptionDetails" in done:
            raise BrowserError(json.dumps(done["exceptionDetails"], indent=1))
        return done["result"].get("value")

    def texts(self, selector: str) -> list[str]:
        """The rendered text of each element that is shown and matches."""
        shown: list[str] = self.evaluate(
            f"[...document.querySelectorAll({json.dumps(selector)})]"
            ".filter(e => e.checkVisibility()).map(e => e.innerText.trim())"
        )
        return shown

    def click(self, selector: str) -> None:
        self.evaluate(f"document.querySelector({json.dumps(selector)}).click()")

    def type(self, selector: str, text: str) -> None:
        """Focus a field and type into it, as a keyboard does."""
        self.evaluate(f"document.querySelector({json.dumps(selector)}).focus()")
        self.call("Input.insertText", text=text)

    def press(self, key: str) -> None:
        codes = {"Tab": 9, "Enter": 13}
        for kind in ("keyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent", type=kind, key=key, code=key,
                windowsVirtualKeyCode=codes[key], **({"text": "\r"} if key == "Enter" else {}),
            )  # fmt: skip

    def screenshot(self, *, whole: bool = False, height: int = 900) -> bytes:
        """A PNG of what is on the screen, or of the whole page."""
        clip: dict[str, object] = {}
        if whole:
            size = self.call("Page.getLayoutMetrics")["cssContentSize"]
            area = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
            clip = {"clip": area, "captureBeyondViewport": True}
        data: str = self.call("Page.captureScreenshot", format="png", **clip)["data"]
        return base64.b64decode(data)

    def complaints(self) -> list[str]:
        """What the page's console, its scripts and its policy have complained of so far."""
        self.evaluate("1")  # what was said before has come then
        found = []
        for event in self.browser.events:
            if event.get("sessionId") != self.session:
                continue
            if event["method"] == "Runtime.exceptionThrown":
                found.append(json.dumps(event["params"]["exceptionDetails"]))
            elif event["method"] == "Log.entryAdded":
                found.append(event["params"]["entry"]["text"])
        return found

    def requests(self) -> list[str]:
        """Every address that the page has asked for."""
        self.evaluate("1")
        return [
            event["params"]["request"]["url"]
            for event in self.browser.events
            if event.get("sessionId") == self.session
            and event["method"] == "Network.requestWillBeSent"
        ]


@contextlib.contextmanager
def running_browser(profile: Path, options: Sequence[str] = ()) -> Iterator[Browser]:
    """Start a browser with a profile of its own, and end it and its children."""
    path = find_chromium()
    assert path is not None, "there is no chromium"
    to_browser, writing = os.pipe()
    reading, from_browser = os.pipe()
    command = [
        path,
        "--headless=new",
        "--remote-debugging-pipe",
        f"--user-data-dir={profile}",
        "--no-first-run",
        "--no-default-browser-check",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--hide-scrollbars",
        "--force-color-profile=srgb",
        *(["--no-sandbox"] if os.getuid() == 0 else []),
        *options,
        "about:blank",
    ]
    # The browser reads from descriptor 3 and writes to 4.
    wrapper = f'exec "$@" 3<&{to_browser} 4>&{from_browser}'
    process = subprocess.Popen(
        ["bash", "-c", wrapper, "chromium", *command],
        pass_fds=(to_browser, from_browser),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"HOME": str(profile), "XDG_CONFIG_HOME": str(profile)},
        start_new_session=True,
    )
    os.close(to_browser)
    os.close(from_browser)
    try:
        yield Browser(process, reading, writing)
    finally:
        os.close(writing)
        os.close(reading)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
