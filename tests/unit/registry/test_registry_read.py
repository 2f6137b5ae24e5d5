"""Package files become typed packages, or problems with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from labeille.registry.model import ExtensionType, Package, SourceKind, TestFramework
from labeille.registry.problems import RegistryFileError
from labeille.registry.read import parse_package, read_package

PATH = Path("registry/packages/demo.yaml")


def parse(text: str | bytes) -> Package:
    return parse_package(text if isinstance(text, bytes) else text.encode(), PATH)


def test_every_field() -> None:
    package = parse(
        """\
package: Demo
repo: https://example.org/demo
pypi_url: https://pypi.example/demo
extension_type: extensions
python_versions: ['3.15', 3.10]
install_method: pip-extras
install_command: pip install -e .[test]
test_command: python -m pytest
test_framework: unittest
uses_xdist: true
timeout: 600
skip: yes
skip_reason: slow
skip_versions: {3.10: old, '3.15': null}
notes: 2026-03-07
enriched: true
clone_depth: 50
import_name: demo.core
source: sdist
env: {A: 1, B: on, C: ''}
"""
    )
    assert package.name == "demo"
    assert package.extension_type is ExtensionType.EXTENSIONS
    assert package.python_versions == ("3.15", "3.10")
    assert package.timeout == 600.0
    assert package.skip is True
    assert package.skip_versions == {"3.10": "old", "3.15": ""}
    assert package.notes == "2026-03-07"
    assert package.clone_depth == 50
    assert package.source is SourceKind.SDIST
    assert package.env == {"A": "1", "B": "on", "C": ""}
    assert package.extra == {}


@pytest.mark.parametrize(
    "text",
    [
        "package: demo",
        "\ufeffpackage: demo",
        "package: demo\nrepo: null\nnotes:\nskip_versions: ~\nskip:\ntimeout: null\nenv: null",
        "package: demo\nrepo: ''\nimport_name: ''\nskip_reason: ''\nextension_type: ''\nsource: ''",
    ],
)
def test_null_empty_and_missing_mean_the_default(text: str) -> None:
    assert parse(text) == Package(name="demo")


@pytest.mark.parametrize("spelling", ["c_extension", "cpp_extension", "rust", "extensions"])
def test_spellings_of_extensions(spelling: str) -> None:
    package = parse(f"package: demo\nextension_type: {spelling}")
    assert package.extension_type is ExtensionType.EXTENSIONS


@pytest.mark.parametrize("framework", ["custom", "django", "nose2", "stestr", "none"])
def test_other_frameworks_are_custom(framework: str) -> None:
    package = parse(f"package: demo\ntest_framework: {framework}")
    assert package.test_framework is TestFramework.CUSTOM


def test_unknown_keys_are_kept() -> None:
    package = parse(
        "package: demo\nowner: me\nsince: 2026-03-07\nbig: 99999999999999999999\n"
        "nested: {a: [1, 2.5, yes, null], 3.10: x}\n"
    )
    assert package.extra == {
        "owner": "me",
        "since": "2026-03-07",
        "big": "99999999999999999999",
        "nested": {"a": [1, 2.5, True, None], "3.10": "x"},
    }


def test_anchors_and_merge_keys() -> None:
    package = parse("package: demo\nbase: &b {A: x, B: y}\nenv:\n  <<: *b\n  B: z\n")
    assert package.env == {"A": "x", "B": "z"}


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", 1, "empty"),
        ("# nothing\n", 1, "empty"),
        ("- a\n- b\n", 1, "no mapping"),
        ("package: demo\n\tx: 1\n", 2, "YAML"),
        ("package: demo\nnotes: [1,\nskip: true\n", 2, "YAML"),
        ("package: demo\nnotes: a: b\n", 2, "YAML"),
        ("package: demo\n---\npackage: demo\n", 2, "YAML"),
        ("package: demo\nnotes: *gone\n", 2, "YAML"),
        (b"package: demo\nnotes: \xff\xfe\n", 2, "UTF-8"),
        (b"package: demo\nnotes: a\x07b\n", 2, "control characters"),
        ("# c\nrepo: x\n", 2, "'package' is missing"),
        ("package: other\n", 1, "not the name of the file"),
        ("package: ../../demo\n", 1, "not a package name"),
        ("package: [demo]\n", 1, "expected text, not a list"),
        ("package: null\n", 1, "not the name of the file"),
        ("package: demo\n\nskip: maybe\n", 3, "skip: expected true or false, not 'maybe'"),
        ("package: demo\nenriched: 1\n", 2, "enriched: expected true or false"),
        ("package: demo\ntimeout: soon\n", 2, "timeout: expected a number of seconds, not 'soon'"),
        ("package: demo\ntimeout: true\n", 2, "timeout: expected a number"),
        ("package: demo\ntimeout: 0\n", 2, "more than 0 seconds"),
        ("package: demo\ntimeout: .inf\n", 2, "more than 0 seconds"),
        ("package: demo\nclone_depth: 1.5\n", 2, "clone_depth: expected a whole number"),
        ("package: demo\nclone_depth: 0\n", 2, "from 1"),
        ("package: demo\nrepo: {a: b}\n", 2, "repo: expected text, not a mapping"),
        ("package: demo\nrepo: --upload-pack=x\n", 2, "starts with '-'"),
        ('package: demo\nrepo: " -x"\n', 2, "starts with '-'"),
        ('package: demo\nrepo: "https://x/\\n"\ntest_command: "a\\0b"\n', 3, "NUL"),
        ("package: demo\nimport_name: os; x\n", 2, "dotted name"),
        ("package: demo\nextension_type: fortran\n", 2, "none of pure, extensions, unknown"),
        ("package: demo\nsource: svn\n", 2, "none of git, sdist"),
        ("package: demo\npython_versions: 3.15\n", 2, "expected a list"),
        ("package: demo\npython_versions:\n- '3.15'\n- [x]\n", 4, "expected text"),
        ("package: demo\nskip_versions: ['3.15']\n", 2, "expected a mapping"),
        ("package: demo\nskip_versions:\n  '3.15': []\n", 3, "skip_versions: 3.15: expected text"),
        ("package: demo\nenv: {A=B: x}\n", 2, "environment variable"),
        ("package: demo\n? [a, b]\n: c\n", 2, "a key that is no text"),
        ("package: demo\nx: &x [1, *x]\n", 2, "nested too deeply"),
        ("package: demo\nx: " + "[" * 2_001, 1, "nested too deeply"),
        ("package: demo\nx:\n  " + "- " * 2_001, 1, "nested too deeply"),
    ],
)
def test_problems_name_file_and_line(text: str | bytes, line: int, message: str) -> None:
    with pytest.raises(RegistryFileError) as caught:
        parse(text)
    problem = caught.value.problems[0]
    assert (problem.path, problem.line) == (PATH, line)
    assert message in problem.message
    assert str(caught.value).startswith(f"{PATH}:{line}: ")
    assert "\n" not in str(caught.value)


def test_every_problem_of_a_file_is_found() -> None:
    with pytest.raises(RegistryFileError, match=r"and 2 more") as caught:
        parse("package: demo\nskip: 3\ntimeout: x\nsource: y\n")
    assert [problem.line for problem in caught.value.problems] == [2, 3, 4]


@pytest.mark.parametrize("stem", ["Foo_Bar", "foo.bar", "foo-bar"])
def test_file_name_and_package_are_compared_normalised(stem: str) -> None:
    package = parse_package(b"package: Foo.Bar\n", Path(f"{stem}.yaml"))
    assert package.name == "foo-bar"


@pytest.mark.parametrize("name", ["on", "null", "3", "yes"])
def test_names_that_yaml_takes_for_values(name: str) -> None:
    assert parse_package(f"package: {name}\n".encode(), Path(f"{name}.yaml")).name == name


def test_file_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "demo.yaml"
    with pytest.raises(RegistryFileError) as caught:
        read_package(path)
    assert caught.value.problems[0].line is None
    assert str(caught.value) == f"{path}: No such file or directory"
