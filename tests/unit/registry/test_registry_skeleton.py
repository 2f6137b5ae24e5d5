"""Skeletons: written whole, and filled into what a person began."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from labeille.registry.model import ExtensionType, InstallMethod, Package, SourceKind
from labeille.registry.problems import RegistryFileError
from labeille.registry.read import parse_package
from labeille.registry.skeleton import create_file, fill, format_package, is_complete

PATH = Path("x.yaml")
FOUND = Package(
    name="x",
    repo="https://github.com/a/x",
    pypi_url="https://index.example/project/x/",
    extension_type=ExtensionType.PURE,
    notes="monorepo: the package is in sdk/x",
)


def test_every_field_of_the_format_in_its_order() -> None:
    assert format_package(FOUND).decode() == (
        "package: x\n"
        "repo: https://github.com/a/x\n"
        "pypi_url: https://index.example/project/x/\n"
        "extension_type: pure\n"
        "python_versions: []\n"
        "install_method: pip\n"
        "install_command: ''\n"
        "test_command: ''\n"
        "test_framework: pytest\n"
        "uses_xdist: false\n"
        "timeout: null\n"
        "skip: false\n"
        "skip_reason: null\n"
        "skip_versions: {}\n"
        "notes: 'monorepo: the package is in sdk/x'\n"
        "enriched: false\n"
        "clone_depth: null\n"
        "import_name: null\n"
        "source: null\n"
        "env: {}\n"
    )


@pytest.mark.parametrize(
    "package",
    [
        Package(name="x"),
        FOUND,
        Package(name="null"),
        Package(name="1-0"),
        Package(
            name="x",
            repo="#odd: yes",
            python_versions=("3.10", "3.15"),
            install_method=InstallMethod.CUSTOM,
            timeout=1800.0,
            skip_versions={"3.15": "no"},
            notes="two\nlines: 'quoted' — and ✓\n",
            source=SourceKind.SDIST,
            env={"TZ": "UTC", "N": "1"},
            extra={"mine": ["a", {"b": None}], "odd key: x": 1, "yes": True},
        ),
    ],
    ids=lambda package: package.repo or package.name,
)
def test_what_is_written_reads_as_the_same(package: Package) -> None:
    assert parse_package(format_package(package), Path(f"{package.name}.yaml")) == package


def test_filling_changes_empty_lines_only() -> None:
    before = (
        b"# begun by hand\r\n"
        b"package: x   # the x of y\r\n"
        b'pypi_url: ""\r\n'
        b"extension_type: unknown # who knows\r\n"
        b"mine: {a: [1,2]}\r\n"
        b"repo:\r\n"
        b"test_command: python -m pytest\r\n"
        b"enriched: no\r\n"
    )
    after, filled = fill(before, PATH, FOUND)
    assert filled == ("repo", "pypi_url", "extension_type", "notes")
    assert after == (
        b"# begun by hand\r\n"
        b"package: x   # the x of y\r\n"
        b"pypi_url: https://index.example/project/x/\r\n"
        b"extension_type: pure # who knows\r\n"
        b"mine: {a: [1,2]}\r\n"
        b"repo: https://github.com/a/x\r\n"
        b"test_command: python -m pytest\r\n"
        b"notes: 'monorepo: the package is in sdk/x'\r\n"
        b"enriched: no\r\n"
    )


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("repo: https://mine.org/x\n", ("pypi_url", "extension_type")),  # notes go with the repo
        ("notes: mine\n", ("repo", "pypi_url", "extension_type")),
        ("extension_type: rust\n", ("repo", "pypi_url", "notes")),
        ("enriched: true\n", ()),
        ("repo: a\npypi_url: b\nextension_type: pure\n", ()),
    ],
)
def test_what_a_person_wrote_stays(text: str, filled: tuple[str, ...]) -> None:
    before = f"package: x\n{text}".encode()
    after, fields = fill(before, PATH, FOUND)
    assert fields == filled
    assert text.encode() in after
    assert (after == before) is not bool(filled)
    assert fill(after, PATH, FOUND) == (after, ())


def test_nothing_found_fills_nothing() -> None:
    before = b"package: x\nrepo: null\n"
    assert fill(before, PATH, Package(name="x")) == (before, ())


def test_a_broken_file_is_told() -> None:
    with pytest.raises(RegistryFileError, match=r"x\.yaml:2: enriched: expected true or false"):
        fill(b"package: x\nenriched: [\n]\n", PATH, FOUND)


@pytest.mark.parametrize(
    ("package", "complete"),
    [
        (FOUND, True),
        (Package(name="x", repo="a"), False),
        (Package(name="x", extension_type=ExtensionType.PURE), False),
    ],
)
def test_is_complete(package: Package, complete: bool) -> None:
    assert is_complete(package) is complete


def test_a_new_file_never_overwrites(tmp_path: Path) -> None:
    path = tmp_path / "packages" / "x.yaml"
    create_file(path, b"first")
    with pytest.raises(FileExistsError):
        create_file(path, b"second")
    assert path.read_bytes() == b"first"
    assert path.stat().st_mode & stat.S_IRUSR
    assert list(path.parent.iterdir()) == [path]
