"""A registry on disk reads what it is asked for, and its cache never changes an answer."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from registry_samples import CHECKOUT, index_of, let_settle, make_registry

from labeille.errors import RegistryError, UsageError
from labeille.registry.cache import load_cache
from labeille.registry.problems import RegistryFileError
from labeille.registry.store import Registry

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "cache"
    monkeypatch.setenv("LABEILLE_CACHE_DIR", str(path))
    return path


def test_the_real_registry_loads_whole_cold_and_warm(shared_data: Path) -> None:
    root = shared_data / "registry-5000"
    cold = Registry(root).load_all()
    assert cold.problems == ()
    assert len(cold.packages) == 4999
    # The data's stamps are old, so everything is in the cache now.
    content = load_cache(root)
    assert len(content.files) == 4999
    warm = Registry(root).load_all()
    assert warm == cold
    order, problems = Registry(root).by_downloads()
    assert (order[:3], problems) == (("boto3", "packaging", "urllib3"), ())
    assert len(order) == 4999


def test_warm_reading_does_without_yaml(tmp_path: Path) -> None:
    registry = make_registry(tmp_path / "r", {"a": "", "b": ""}, index_of(b=5, a=3))
    let_settle()
    registry.load_all()
    registry.by_downloads()
    code = (
        "import sys; from pathlib import Path; from labeille.registry.store import Registry\n"
        "from labeille.registry.tags import tagged_names\n"
        "r = Registry(Path(sys.argv[1])); r.load_all(); list(tagged_names(r))\n"
        "print(*r.by_downloads()[0], 'yaml' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(registry.root)],
        cwd=CHECKOUT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["b", "a", "False"]


def test_names_are_normalised_and_read_no_file(tmp_path: Path) -> None:
    registry = make_registry(tmp_path, {"Foo_Bar": "", "b": "]"})
    (registry.packages_dir / ".swap.yaml").touch()
    (registry.packages_dir / "notes.txt").touch()
    assert registry.names() == ("b", "foo-bar")
    assert "foo-bar" in registry
    assert "b" in registry
    assert "gone" not in registry
    assert "../packages/b" not in registry


def test_get_reads_one_file(tmp_path: Path) -> None:
    registry = make_registry(tmp_path, {"Foo_Bar": "notes: x", "good": "", "broken": "a: ["})
    assert registry.get("good").name == "good"
    assert registry.get("FOO.bar").notes == "x"
    with pytest.raises(RegistryFileError, match=r"broken\.yaml:2: no valid YAML"):
        registry.get("broken")
    with pytest.raises(RegistryError, match="no package 'god'") as caught:
        registry.get("god")
    assert caught.value.hint == "did you mean good?"
    with pytest.raises(UsageError):
        registry.get("../packages/good")


def test_one_broken_file_stops_no_other(tmp_path: Path) -> None:
    registry = make_registry(
        tmp_path, {"a": "skip: [", "b": "", "c": "timeout: x", "-odd": "", "d": ""}
    )
    (registry.packages_dir / "e.yaml").mkdir()
    (registry.packages_dir / "f.yaml").symlink_to("nowhere")
    loaded = registry.load_all()
    assert list(loaded.packages) == ["b", "d"]
    assert [(p.path.name, p.line) for p in loaded.problems] == [
        ("-odd.yaml", None),
        ("a.yaml", 2),
        ("c.yaml", 2),
        ("e.yaml", None),
        ("f.yaml", None),
    ]


def test_two_spellings_of_one_name(tmp_path: Path) -> None:
    files = {"A_b": "notes: odd", "a-b": "notes: normal", "a.b": "notes: odd"}
    registry = make_registry(tmp_path, files)
    loaded = registry.load_all()
    assert loaded.packages["a-b"].notes == "normal"
    assert registry.get("a.b").notes == "normal"
    assert {p.path.name for p in loaded.problems} == {"A_b.yaml", "a.b.yaml"}


def test_a_registry_without_packages_folder(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="cannot be listed"):
        Registry(tmp_path).names()


def test_changes_are_seen_through_the_cache(tmp_path: Path) -> None:
    registry = make_registry(tmp_path / "r", {"a": "notes: x", "b": ""}, index_of(a=1, b=2))
    let_settle()
    assert Registry(registry.root).load_all().packages["a"].notes == "x"
    path = registry.path("a")
    before = path.stat()
    path.write_text("package: a\nnotes: y\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # same size, same mtime
    registry.path("b").unlink()
    registry.index_path.write_text(index_of(a=9))
    again = Registry(registry.root)
    assert again.load_all().packages["a"].notes == "y"
    assert again.names() == ("a",)
    assert again.counts == {"a": 9}


def test_one_cache_for_every_spelling_of_the_folder(tmp_path: Path, cache: Path) -> None:
    registry = make_registry(tmp_path / "r", {"a": ""})
    let_settle()
    for root in (registry.root, tmp_path / "r" / "packages" / ".."):
        assert list(Registry(root).load_all().packages) == ["a"]
    assert len(list(cache.rglob("*.msgpack"))) == 1


def test_a_file_changed_just_now_is_not_believed(tmp_path: Path) -> None:
    registry = make_registry(tmp_path / "r", {"a": "notes: x"})
    registry.load_all()
    assert load_cache(registry.root).files == {}


def test_a_damaged_cache_is_read_past(tmp_path: Path, cache: Path) -> None:
    registry = make_registry(tmp_path / "r", {"a": "extra_key: {b: [1]}"})
    let_settle()
    first = registry.load_all()
    (file,) = cache.rglob("*.msgpack")
    whole = file.read_bytes()
    for content in (b"", b"\x00garbage", b"\x94\xa1x\xa1y\x80\xc0", whole[:-3], whole + b"x"):
        file.write_bytes(content)
        assert Registry(registry.root).load_all() == first


def test_a_cache_of_other_rules_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = make_registry(tmp_path / "r", {"a": ""})
    let_settle()
    registry.load_all()
    assert load_cache(registry.root).files
    monkeypatch.setattr("labeille.__version__", "0.0.0+other")
    assert load_cache(registry.root).files == {}


def test_a_cache_that_cannot_be_written_does_not_matter(tmp_path: Path, cache: Path) -> None:
    cache.write_text("a file where the folder should be")
    registry = make_registry(tmp_path / "r", {"a": ""}, index_of(a=1))
    let_settle()
    assert list(registry.load_all().packages) == ["a"]
    assert registry.by_downloads() == (("a",), ())


def test_order_without_and_with_a_broken_index(tmp_path: Path) -> None:
    files = {"a": "", "b": "", "c": "", "d": ""}
    assert make_registry(tmp_path / "1", files).by_downloads() == (("a", "b", "c", "d"), ())
    index = index_of(c=7, gone=9, b=None, d=70)
    ordered = make_registry(tmp_path / "2", files, index)
    assert ordered.by_downloads()[0] == ("d", "c", "a", "b")
    broken = make_registry(tmp_path / "3", files, index + "- name: ..\n")
    order, problems = broken.by_downloads()
    assert order == ("a", "b", "c", "d")
    assert [problem.line for problem in problems] == [index.count("\n") + 1]
