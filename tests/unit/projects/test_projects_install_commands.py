"""What install commands ask for, and what they leave out."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from labeille.projects.dependencies import scan_dependencies
from labeille.projects.install_commands import compare, simple_commands
from labeille.projects.model import Project

Make = Callable[[Mapping[str, str]], Project]

FILES = {
    "pyproject.toml": """\
        [project]
        name = "own"
        dependencies = ["idna"]
        [project.optional-dependencies]
        test = ["trio", "attrs"]
        [dependency-groups]
        dev = ["pytest", {include-group = "more"}]
        more = ["trio"]
    """,
    "tests/test_it.py": "import pytest, trio, attrs, idna\nyaml = pytest.importorskip('yaml')",
    "requirements/test.txt": "trio\npyyaml",
}


@pytest.mark.parametrize(
    ("command", "missing", "conditional"),
    [
        ("pip install -e .", ["attrs", "pytest", "trio"], ["pyyaml"]),
        ("pip install -e '.[test]' && pip install pytest", [], ["pyyaml"]),
        ("python3 -m pip install . pytest-mock trio; pip3 install attrs", [], ["pyyaml"]),
        ("uv pip install -r requirements/test.txt && uv pip install .[test]", ["pytest"], []),
        ("cd requirements && pip install -r test.txt attrs 'pytest<9'", [], []),
        ("pip install --group dev . attrs", [], ["pyyaml"]),
        ("uv sync --extra test", [], ["pyyaml"]),
        ("PIP_NO_INPUT=1 pip install trio | tee log; make", ["attrs", "pytest"], ["pyyaml"]),
        ('pip install "unfinished', ["attrs", "pytest", "trio"], ["pyyaml"]),
    ],
)
def test_missing(
    make_project: Make, command: str, missing: list[str], conditional: list[str]
) -> None:
    project = make_project(FILES)
    comparison = compare(project, scan_dependencies(project), command, (3, 15))
    assert [need.package for need in comparison.missing] == missing
    assert [need.package for need in comparison.missing_conditional] == conditional


def test_what_is_not_understood_is_said(make_project: Make) -> None:
    project = make_project(FILES)
    command = "pip install -r gone.txt ../other"
    assert compare(project, scan_dependencies(project), command, (3, 15)).unread == (
        "-r gone.txt",
        "../other",
    )


def test_simple_commands() -> None:
    command = "A=1 B=2 pip install 'x >= 1' && (cd y; z) || true\nlast \\\n  word"
    assert simple_commands(command) == [
        ["pip", "install", "x >= 1"],
        ["cd", "y"],
        ["z"],
        ["true"],
        ["last", "word"],
    ]
