"""The command ``labeille scan-deps``, as a user runs it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from packaging.requirements import Requirement

from labeille.cli.scan_deps import scan_deps
from labeille.errors import LabeilleError

MakeTree = Callable[[Mapping[str, str]], Path]

FILES = {
    "pyproject.toml": "[project]\nname='own'\n[dependency-groups]\ntest=['pytest>=7', 'ruff']\n",
    "tests/test_it.py": """\
        import yaml, zzunknown, StringIO
        import pytest
        try:
            import trio
        except ImportError:
            trio = None
    """,
}


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    packages = tmp_path / "registry" / "packages"
    packages.mkdir(parents=True)
    (packages / "own.yaml").write_text("package: own\ninstall_command: pip install . pytest\n")
    (packages / "bare.yaml").write_text("package: bare\n")
    return packages.parent


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(scan_deps, [str(each) for each in arguments])


def test_requirement_lines(make_tree: MakeTree, registry: Path) -> None:
    result = run(make_tree(FILES), "--registry-dir", registry, "--format", "pip")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines == ["pytest>=7", "pyyaml", "trio"]
    assert all(Requirement(line) for line in lines)


def test_without_conditional(make_tree: MakeTree, registry: Path) -> None:
    root = make_tree(FILES)
    result = run(root, "--registry-dir", registry, "--format", "pip", "--no-conditional")
    assert result.output.splitlines() == ["pytest>=7", "pyyaml"]


def test_nothing_to_print(make_tree: MakeTree, registry: Path) -> None:
    root = make_tree({"setup.py": "", "tests/a.py": ""})
    assert run(root, "--registry-dir", registry, "--format", "pip").output == ""


def test_json(make_tree: MakeTree, registry: Path) -> None:
    root = make_tree(FILES)
    result = run(root, "--registry-dir", registry, "--format", "json", "--package-name", "own")
    facts = json.loads(result.output)
    assert facts["install"] == ["pytest>=7", "pyyaml", "trio"]
    needs = {need["package"]: need for need in facts["needs"]}
    assert needs["zzunknown"]["certainty"] == "guessed"
    assert needs["ruff"]["left_out_because"]
    assert needs["trio"]["reasons"][0]["condition"] == "in a try that survives its absence"
    assert facts["comparison"]["missing"] == ["pyyaml"]
    assert facts["comparison"]["missing_conditional"] == ["trio"]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "own: pytest (tests, 1 files)"),
        (
            [],
            (
                "  pytest>=7  dependency group test (pyproject.toml); runs the suite; "
                "imported in tests/test_it.py:2"
            ),
        ),
        (["--package-name", "own"], "  missing: pyyaml"),
        (["--install-command", "pip install pytest pyyaml"], "  missing: nothing"),
        (
            ["--package-name", "bare"],
            "note: bare has no install command yet: nothing to compare with",
        ),
        (
            ["--package-name", "other"],
            "note: the registry has no package other: nothing to compare with",
        ),
        ([], "guessed, and in no install line:"),
    ],
)
def test_for_people(make_tree: MakeTree, registry: Path, arguments: list[str], line: str) -> None:
    result = run(make_tree(FILES), "--registry-dir", registry, *arguments)
    assert line in result.output.splitlines()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--test-dirs", "gone"], "--test-dirs gone: there is no such folder"),
        (["--test-dirs", "../.."], "--test-dirs ../..: there is no such folder"),
        (["--package-name", "../x"], "is not a package name"),
        (["--registry-dir", "/nothing"], "is no registry"),
    ],
)
def test_what_a_user_may_get_wrong(make_tree: MakeTree, arguments: list[str], message: str) -> None:
    result = run(make_tree(FILES), *arguments)
    assert isinstance(result.exception, LabeilleError)
    assert message in str(result.exception)
    assert result.exception.exit_code == 2
