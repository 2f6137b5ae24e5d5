"""What all tests share: real target interpreters, and the rules for where a test cannot run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from chromium import Browser, find_chromium, running_browser

from labeille.errors import LabeilleError
from labeille.targets.discover import find
from labeille.targets.model import Target, TargetKind
from labeille.targets.provide import provide

REPOSITORY = Path(__file__).resolve().parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite golden files that differ"
    )


def _missing(what: str) -> NoReturn:
    """A test that cannot run here is skipped on a developer's machine and fails in CI."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


def _target(kind: TargetKind) -> Target:
    found = find(kind)
    if found is not None:
        return found
    try:
        return provide(kind, print)[0]
    except LabeilleError as error:
        _missing(f"no {kind} target here: {error}")


@pytest.fixture(scope="session")
def jit_target() -> Target:
    """A release build with a working JIT."""
    return _target(TargetKind.JIT)


@pytest.fixture(scope="session")
def jit_debug_target() -> Target:
    """A debug build, with C assertions, and a working JIT."""
    return _target(TargetKind.JIT_DEBUG)


@pytest.fixture(scope="session")
def free_threaded_target() -> Target:
    """A free-threaded build."""
    return _target(TargetKind.FREE_THREADED)


@pytest.fixture(scope="session")
def tsan_python() -> Path:
    """The path of a free-threaded build with ThreadSanitizer: to build one takes a quarter of an
    hour, so that its tests are left out where none is, also in CI."""
    found = find(TargetKind.TSAN)
    if found is None:
        pytest.skip("no free-threaded build with ThreadSanitizer here")
    return found.path


@pytest.fixture(scope="session")
def jit_python(jit_target: Target) -> Path:
    """The path of ``jit_target``."""
    return jit_target.path


@pytest.fixture(scope="session")
def jit_debug_python(jit_debug_target: Target) -> Path:
    """The path of ``jit_debug_target``."""
    return jit_debug_target.path


@pytest.fixture(scope="session")
def free_threaded_python(free_threaded_target: Target) -> Path:
    """The path of ``free_threaded_target``."""
    return free_threaded_target.path


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A Chromium without a window; Debian's package is ``chromium``."""
    if find_chromium() is None:
        _missing("there is no chromium here: apt-get install chromium")
    with running_browser(tmp_path_factory.mktemp("chromium")) as running:
        yield running


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with the real registry and the real crash texts, which are not committed here."""
    path = Path(os.environ.get("LABEILLE_SHARED", REPOSITORY.parent / "shared")) / "data"
    if not path.is_dir():
        _missing(f"no shared data at {path}")
    return path
