"""Targets made up for tests, and scripts that answer a probe as an interpreter would."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from labeille.targets.model import Target

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class MakeTarget(Protocol):
    """Makes a plain target with some facts changed."""

    def __call__(self, **facts: Any) -> Target: ...


class MakeProgram(Protocol):
    """Makes an executable shell script and returns its path."""

    def __call__(self, body: str, name: str = ...) -> Path: ...


@pytest.fixture(autouse=True)
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of this test's own."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("LABEILLE_CACHE_DIR", str(folder))
    return folder


@pytest.fixture
def make_target() -> MakeTarget:
    def make(**facts: Any) -> Target:
        plain: dict[str, Any] = {
            "python": "/opt/python/bin/python3.15",
            "version": "3.15.2",
            "version_text": "3.15.2 (main, Oct 26 2026, 15:10:10) [GCC 16.2.0]",
            "implementation": "cpython",
            "build": "main Oct 26 2026 15:10:10",
            "compiler": "GCC 16.2.0",
            "platform": "linux-x86_64",
            "configure_args": "",
            "jit_available": False,
            "jit_works": False,
            "jit_default": False,
            "jit_variables": (),
            "free_threaded": False,
            "gil_enabled": True,
            "debug": False,
            "sanitizers": (),
            "has_ensurepip": True,
        }
        return Target(**plain | facts)

    return make


@pytest.fixture
def make_program(tmp_path: Path) -> MakeProgram:
    def make(body: str, name: str = "program") -> Path:
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
        return path

    return make


@pytest.fixture
def answer() -> Callable[..., str]:
    """Makes shell commands that answer a probe with made-up facts."""
    return _answer


def _answer(**facts: Any) -> str:
    plain = {
        "python": "",
        "version_info": [3, 12],
        "version_text": "3.12.0 (main, Jan 1 2026, 00:00:00) [Clang 20.1.0 ]",
        "implementation": "cpython",
        "platform": "linux-x86_64",
        "configure_args": "",
        "flags": "",
        "free_threaded": False,
        "gil_enabled": True,
        "debug": False,
        "jit_available": False,
        "jit_default": False,
        "has_ensurepip": False,
        "binaries": [],
    }
    text = json.dumps(plain | facts).replace("true", "True").replace("false", "False")
    return f"cat <<'EOF'\n\nlabeille-probe:{text}\nEOF"
