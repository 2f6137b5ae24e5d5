"""Options choose packages, in whatever order they stand, and say who was passed over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from registry_samples import index_of, make_registry

from labeille.errors import RegistryError, UsageError
from labeille.registry.problems import RegistryFileError
from labeille.registry.selection import (
    PackageRequest,
    Reason,
    Selection,
    Shard,
    parse_packages,
    parse_shard,
    select,
)
from labeille.registry.where import parse_where

if TYPE_CHECKING:
    from pathlib import Path

    from labeille.registry.store import Registry

FILES = {
    "pure": "enriched: true\nextension_type: pure\ntimeout: 600\nenv: {MODE: fast}",
    "ext": "enriched: true\nextension_type: rust\npython_versions: ['3.14', '3.15']",
    "plain": "enriched: true\nextension_type: pure\nowner: {team: core.dev}",
    "skipped": "enriched: true\nskip: true\nskip_reason: needs a GPU",
    "not15": "enriched: true\nskip_versions: {'3.15': too new}\nnotes: x",
    "raw": "enriched: false",
}
INDEX = index_of(ext=100, skipped=90, pure=80, raw=70, not15=60, plain=50)


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABEILLE_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return make_registry(tmp_path / "registry", FILES, INDEX)


def names(
    registry: Registry, selection: Selection, python_version: str | None = "3.15.2"
) -> list[str]:
    selected = select(registry, selection, python_version)
    return [item.package.name for item in selected.chosen]


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(), "ext pure plain"),
        (Selection(force_run=True), "ext skipped pure not15 plain"),
        (Selection(include_unenriched=True), "ext pure raw plain"),
        (Selection(skip_extensions=True), "pure plain"),
        (Selection(top=1), "ext"),
        (Selection(top=1, skip_extensions=True), "pure"),
        (Selection(top=99), "ext pure plain"),
        (Selection(packages=parse_packages("plain,pure")), "plain pure"),
        (Selection(packages=parse_packages("plain,pure,ext"), top=2), "pure ext"),
        (Selection(packages=parse_packages("plain"), top=1), "plain"),
        (Selection(packages=parse_packages("plain,raw,skipped")), "plain"),
        (Selection(packages=parse_packages("raw"), include_unenriched=True), "raw"),
        (Selection(packages=parse_packages("not15"), force_run=True), "not15"),
        (Selection(shard=Shard(number=1, count=2)), "ext plain"),
        (Selection(shard=Shard(number=2, count=2)), "pure"),
        (Selection(shard=Shard(number=2, count=2), top=2), "pure"),
    ],
)
def test_selection(registry: Registry, selection: Selection, expected: str) -> None:
    assert names(registry, selection) == expected.split()


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("3.15", "ext pure plain"),
        ("3.14.1", "ext pure not15 plain"),
        (None, "ext pure not15 plain"),
    ],
)
def test_skip_versions(registry: Registry, version: str | None, expected: str) -> None:
    assert names(registry, Selection(), version) == expected.split()


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ("extension_type=c_extension", "ext"),
        ("extension_type!=extensions", "skipped pure raw not15 plain"),
        ("package=Not15", "not15"),
        ("enriched:false", "raw"),
        ("enriched=No", "raw"),
        ("skip = true", "skipped"),
        ("timeout=600", "pure"),
        ("timeout=600.0", "pure"),
        ("timeout!=null", "pure"),
        ("notes!=", "not15"),
        ("python_versions=3.14", "ext"),
        ("skip_versions=3.15", "not15"),
        ("skip_versions.3.15=too new", "not15"),
        ("env.MODE=fast", "pure"),
        ("env=MODE", "pure"),
        ("env.MODE!=null", "pure"),
        ("owner.team=core.dev", "plain"),
        ("owner=team", "plain"),
        ("owner!=null", "plain"),
        ("skip_reason=needs a GPU", "skipped"),
        ("extension_type=pure owner.team=null", "pure"),
    ],
)
def test_where(registry: Registry, conditions: str, expected: str) -> None:
    # a blank parts two conditions only before a word with an operator in it
    parts = conditions.split(" ") if conditions.count("=") > 1 else [conditions]
    selection = Selection(
        where=tuple(map(parse_where, parts)), force_run=True, include_unenriched=True
    )
    assert names(registry, selection) == expected.split()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("enriched", "no condition"),
        ("=x", "no condition"),
        ("", "no condition"),
        ("skip=maybe", "true or false"),
        ("skip=", "true or false"),
        ("extension_type=fortran", "one of pure, extensions, unknown"),
        ("timeout=soon", "a number"),
        ("package=../x", "not a package name"),
    ],
)
def test_where_that_could_never_hold(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_where(text)


def test_where_names_close_fields(registry: Registry) -> None:
    with pytest.raises(UsageError, match="no package file has a field 'enrichd'") as caught:
        select(registry, Selection(where=(parse_where("enrichd=true"),)))
    assert caught.value.hint is not None
    assert "enriched" in caught.value.hint
    with pytest.raises(UsageError, match="'ownr"):
        select(registry, Selection(where=(parse_where("ownr.team=x"),)))


def test_passed_over_with_reasons(registry: Registry) -> None:
    selected = select(registry, Selection(skip_extensions=True), "3.15")
    assert [str(item) for item in selected.passed_over] == [
        "ext: with extensions",
        "skipped: skipped: needs a GPU",
        "raw: not enriched",
        "not15: skipped on this Python: too new",
    ]
    assert selected.counts == {
        Reason.UNENRICHED: 1,
        Reason.SKIP: 1,
        Reason.SKIP_VERSION: 1,
        Reason.EXTENSIONS: 1,
    }


@pytest.mark.parametrize(
    ("selection", "message", "hint"),
    [
        (
            Selection(packages=parse_packages("raw")),
            "raw: not enriched",
            "--include-unenriched",
        ),
        (Selection(packages=parse_packages("skipped")), "needs a GPU", "--force-run"),
        (Selection(packages=parse_packages("ext"), skip_extensions=True), "with ext", "--skip-ext"),
        (Selection(where=(parse_where("repo=x"),)), "6 not what --where asks for", "--where"),
        (Selection(shard=Shard(number=9, count=9)), "3 in other shards", "not enriched|fewer"),
    ],
)
def test_an_empty_selection_is_an_error(
    registry: Registry, selection: Selection, message: str, hint: str
) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        select(registry, selection, "3.15")
    assert caught.value.exit_code == 2
    assert caught.value.hint is not None
    assert any(part in caught.value.hint for part in hint.split("|"))


def test_unknown_package(registry: Registry) -> None:
    with pytest.raises(RegistryError, match="no package 'plian'") as caught:
        select(registry, Selection(packages=parse_packages("pure,plian")))
    assert caught.value.hint == "did you mean plain?"


def test_broken_files_stop_nothing(registry: Registry) -> None:
    (registry.packages_dir / "ext.yaml").write_text("package: ext\nskip: [\n")
    selected = select(registry, Selection(), "3.15")
    assert [item.package.name for item in selected.chosen] == ["pure", "plain"]
    assert [problem.line for problem in selected.problems] == [2]
    assert names(registry, Selection(packages=parse_packages("ext,pure"))) == ["pure"]
    with pytest.raises(RegistryFileError, match=r"ext\.yaml:2: "):
        select(registry, Selection(packages=parse_packages("ext")))


def test_named_packages_read_only_their_files(registry: Registry) -> None:
    (registry.root / "index.yaml").write_text("[")
    for name in FILES.keys() - {"pure"}:
        (registry.packages_dir / f"{name}.yaml").write_text("[")
    selected = select(registry, Selection(packages=parse_packages("pure@main")), "3.15")
    assert selected.chosen[0].revision == "main"
    assert selected.problems == ()


def test_an_empty_registry(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the registry is empty"):
        select(make_registry(tmp_path, {}), Selection())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("click", [("click", None)]),
        (" Click , zope.interface@1.0 ,", [("click", None), ("zope-interface", "1.0")]),
        ("a@HEAD@{1}", [("a", "HEAD@{1}")]),
        ("a@feature/x,b@v1^{}", [("a", "feature/x"), ("b", "v1^{}")]),
        ("a,A,a", [("a", None)]),
    ],
)
def test_parse_packages(text: str, expected: list[tuple[str, str | None]]) -> None:
    requests = [PackageRequest(name=name, revision=revision) for name, revision in expected]
    assert parse_packages(text) == tuple(requests)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " , ",
        "../x",
        "a/b",
        "a@",
        "a@-x",
        "a@x y",
        "a@x\ny",
        "a@x\u2003y",
        "@x",
        "a@1,a@2",
        "-a",
    ],
)
def test_package_requests_that_cannot_be_taken(text: str) -> None:
    with pytest.raises(UsageError):
        parse_packages(text)


@pytest.mark.parametrize(("text", "number", "count"), [("1/1", 1, 1), ("3/7", 3, 7)])
def test_parse_shard(text: str, number: int, count: int) -> None:
    assert parse_shard(text) == Shard(number=number, count=count)


@pytest.mark.parametrize("text", ["0/3", "4/3", "1/0", "a/b", "1", "1/2/3", "-1/2", "", "¹/2"])
def test_shards_that_cannot_be_taken(text: str) -> None:
    with pytest.raises(UsageError, match="shard"):
        parse_shard(text)


def test_top_has_to_be_positive() -> None:
    with pytest.raises(UsageError, match="--top"):
        Selection(top=0)


def test_shards_are_equal_parts_of_the_whole(tmp_path: Path) -> None:
    registry = make_registry(tmp_path, {f"p{n}": "enriched: true" for n in range(30)})
    whole = names(registry, Selection(top=20))
    shards = [Shard(number=number, count=7) for number in range(1, 8)]
    parts = [names(registry, Selection(top=20, shard=shard)) for shard in shards]
    assert sorted(name for part in parts for name in part) == sorted(whole)
    assert {len(part) for part in parts} == {2, 3}
