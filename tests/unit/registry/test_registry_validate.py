"""What validation finds, where, and how bad it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from registry_samples import index_of, make_registry

from labeille.errors import RegistryError
from labeille.registry.findings import Level, Rule
from labeille.registry.index import read_index
from labeille.registry.schema import schema_text
from labeille.registry.validate import repo_complaint, validate
from labeille.registry.where import KNOWN_FIELDS

if TYPE_CHECKING:
    from labeille.registry.findings import Finding

ENRICHED = "enriched: true\ninstall_command: pip install .\n"


def findings(tmp_path: Path, text: str) -> list[Finding]:
    registry = make_registry(tmp_path, {"demo": text})
    return list(validate(registry, ["demo"]).findings)


@pytest.mark.parametrize(
    ("text", "line", "rule", "message"),
    [
        ("skip: 3\n", 2, Rule.UNREADABLE, "skip: expected true or false"),
        ("notes: [\n", 2, Rule.UNREADABLE, "no valid YAML"),
        ("extension_type: fortran\n", 2, Rule.UNREADABLE, "none of pure, extensions, unknown"),
        ("timeout: -1\n", 2, Rule.UNREADABLE, "more than 0 seconds"),
        ("package: other\n", 2, Rule.UNREADABLE, "not the name of the file"),
        ("notes: a\nnotes: b\n", 3, Rule.DUPLICATE_KEY, "notes stands here again, after line 2"),
        ("env:\n  A: b\n  A: c\n", 4, Rule.DUPLICATE_KEY, "env: A stands here again"),
        ("x: 1\ntest_command: pytest -x\n", 3, Rule.EARLY_STOP, "-x ends the tests"),
        ("env: {PYTEST_ADDOPTS: -x}\n", 2, Rule.EARLY_STOP, "env: -x ends the tests"),
        ("test_command: pytest -n auto\n", 2, Rule.XDIST, "-n auto spreads"),
        ("uses_xdist: true\ntest_command: pytest\n", 3, Rule.XDIST, "'-p no:xdist' is missing"),
        ("extension_type: c_extension\n", 2, Rule.EXTENSION_SPELLING, "write 'extensions'"),
        ("extension_type: 'rust'\n", 2, Rule.EXTENSION_SPELLING, "reads as extensions"),
        ("test_framework: nose\n", 2, Rule.FRAMEWORK_SPELLING, "reads as custom"),
        ("timeuot: 3\n", 2, Rule.UNKNOWN_KEY, "unknown key 'timeuot': did you mean timeout?"),
        ("owner: me\n", 2, Rule.UNKNOWN_KEY, "unknown key 'owner'"),
        (ENRICHED, 1, Rule.NO_COMMAND, "test_command: is empty, though the package is enriched"),
        ("skip: true\n", 2, Rule.NO_REASON, "skip: without a skip_reason"),
        ("skip_versions: {'3.15': ''}\n", 2, Rule.NO_REASON, "3.15 without a reason"),
        ("skip_versions: {py315: x}\n", 2, Rule.VERSION, "'py315' is no version"),
        ("python_versions: ['3.15', 3.15.1]\n", 2, Rule.VERSION, "'3.15.1' is no version"),
        ("repo: https://github.com/pallets\n", 2, Rule.REPO, "names no repository"),
    ],
)
def test_a_file(tmp_path: Path, text: str, line: int, rule: Rule, message: str) -> None:
    found = [
        finding
        for finding in findings(tmp_path, text)
        if finding.rule is not Rule.UNKNOWN_KEY or rule is Rule.UNKNOWN_KEY
    ]
    assert [(finding.line, finding.rule) for finding in found] == [(line, rule)]
    assert message in found[0].message


@pytest.mark.parametrize(
    "text",
    [
        "",
        ENRICHED + "test_command: pytest -rx -k x -p no:xdist\nuses_xdist: true\n",
        "enriched: true\nskip: true\nskip_reason: why\n",
        "uses_xdist: true\ntest_framework: custom\ntest_command: ./run\n",
        "skip_versions: {'3.15': no wheel}\npython_versions: ['3.15']\n",
    ],
)
def test_nothing_to_say(tmp_path: Path, text: str) -> None:
    assert findings(tmp_path, text) == []


def test_levels() -> None:
    errors = {rule for rule in Rule if rule.level is Level.ERROR}
    assert errors == {
        *(Rule.UNREADABLE, Rule.DUPLICATE_KEY, Rule.EARLY_STOP, Rule.XDIST, Rule.INDEX_DRIFT)
    }


@pytest.mark.parametrize(
    ("repo", "complaint"),
    [
        ("https://github.com/pallets/click", None),
        ("https://github.com/pallets/click.git", None),
        ("https://github.com/pallets/click/", None),
        ("http://gitlab.com/group/sub/project", None),
        ("git@github.com:pallets/click.git", None),
        ("ssh://git@host.example/a/b", None),
        ("git+https://host.example/repo", None),
        ("file:///srv/repo", None),
        ("/srv/repo", None),
        (
            "https://github.com/a/b/tree/main/c",
            "is a page of the repository https://github.com/a/b",
        ),
        ("https://github.com/a/b/issues", "is a page"),
        ("https://github.com/a", "names no repository of github.com"),
        ("https://github.com", "names no repository"),
        ("https:///a/b", "names no repository"),
        ("https://github.com/a/b?tab=readme", "has a query"),
        ("https://github.com/a/b#readme", "fragment"),
        ("pallets/click", "is no URL"),
        ("see the home page", "is no URL"),
        ("svn://host.example/a", "is no URL"),
        ("https://[x/a", "is no URL"),
    ],
)
def test_repositories(repo: str, complaint: str | None) -> None:
    found = repo_complaint(repo)
    if complaint is None:
        assert found is None
    else:
        assert found is not None
        assert complaint in found


def test_named_packages_are_the_only_files_read(tmp_path: Path) -> None:
    registry = make_registry(tmp_path, {"a": "skip: 3\n", "b": ""}, "broken: [")
    assert validate(registry, ["b"]).findings == ()
    assert validate(registry, ["b"]).files == 1
    assert len(validate(registry).findings) == 2
    with pytest.raises(RegistryError, match="no package 'c'"):
        validate(registry, ["c"])


def test_the_index_against_the_files(tmp_path: Path) -> None:
    texts = {"a": "skip: true\nskip_reason: x\n", "b": "", "c": "", "broken": "["}
    index = index_of(c=1, b=3, gone=None, a=2, broken=4) + "  skip_versions_keys: ['3.15']\n"
    registry = make_registry(tmp_path, texts, index)
    drift = [item for item in validate(registry).findings if item.rule is Rule.INDEX_DRIFT]
    assert [(item.line, item.message) for item in drift] == [
        (9, "a: skip is false, its file says true"),
        (7, "gone: has an entry, and no file"),
    ]
    assert read_index(registry.index_path).counts["broken"] == 4


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (None, "the index is missing"),
        (index_of(a=1), "b: has a file, and no entry"),
        (index_of(a=1, b=2), "is not ordered by downloads"),
    ],
)
def test_other_drifts(tmp_path: Path, index: str | None, message: str) -> None:
    registry = make_registry(tmp_path, {"a": "", "b": ""}, index)
    assert [finding.message for finding in validate(registry).findings] == [message]


def test_an_empty_registry_needs_no_index(tmp_path: Path) -> None:
    assert validate(make_registry(tmp_path, {})).findings == ()


def test_the_own_registry_is_valid() -> None:
    from labeille.registry.store import Registry

    registry = Registry(Path(__file__).parents[3] / "registry")
    assert [item for item in validate(registry).findings if item.level is Level.ERROR] == []


def test_the_published_schema_is_the_models() -> None:
    docs = Path(__file__).parents[3] / "docs"
    published = (docs / "package.schema.json").read_text(encoding="utf-8")
    assert published == schema_text(), "labeille registry schema > docs/package.schema.json"
    described = (docs / "registry-format.md").read_text(encoding="utf-8")
    assert [field for field in KNOWN_FIELDS if f"| `{field}` |" not in described] == []
