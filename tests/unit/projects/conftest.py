"""Small source trees for the tests of labeille.projects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from labeille.projects.model import Project
from labeille.projects.read import read_project

Files = Mapping[str, str]


@pytest.fixture
def make_tree(tmp_path: Path) -> Callable[[Files], Path]:
    """Write files below a folder of the test's own; returns the folder."""

    def make(files: Files) -> Path:
        root = tmp_path / "project"
        root.mkdir(exist_ok=True)
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text), encoding="utf-8")
        return root

    return make


@pytest.fixture
def make_project(make_tree: Callable[[Files], Path]) -> Callable[[Files], Project]:
    """Read the project that some files make."""
    return lambda files: read_project(make_tree(files))
