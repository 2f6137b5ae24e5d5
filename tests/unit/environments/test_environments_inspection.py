"""What a package is imported as, from what its distribution says."""

from __future__ import annotations

import sys
from importlib.metadata import Distribution, PathDistribution
from typing import TYPE_CHECKING

import pytest

from labeille.environments import labeille_inspection as inspection

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["six.py", "six-1.0.dist-info/RECORD"], {"six"}),
        (["attr/__init__.py", "attr/_make.py", "attrs/__init__.py"], {"attr", "attrs"}),
        (["zope/interface/__init__.py", "zope/interface/x.py"], {"zope.interface"}),
        (
            ["google/cloud/storage/__init__.py", "google/cloud/storage_v2/__init__.py"],
            {"google.cloud.storage", "google.cloud.storage_v2"},
        ),
        (["ns/part/only_modules.py"], {"ns.part"}),
        (["foo-stubs/__init__.pyi", "foo-stubs/x.pyi"], set()),
        (["_cffi_backend.cpython-315-x86_64-linux-gnu.so"], set()),  # another Python's
        (["fast.abi3.so", "data/table.json"], {"fast"}),
    ],
)
def test_import_roots(files: list[str], expected: set[str]) -> None:
    assert inspection.import_roots(tuple(file.split("/")) for file in files) == expected


@pytest.mark.parametrize(
    ("modules", "package", "expected"),
    [
        (["attr", "attrs"], "attrs", "attrs"),
        (["_yaml", "yaml"], "pyyaml", "yaml"),
        (["_distutils_hack", "pkg_resources", "setuptools"], "setuptools", "setuptools"),
        (["_pytest", "py", "pytest"], "pytest", "pytest"),
        (["dateutil", "tests"], "python-dateutil", "dateutil"),
        (["tests", "bs4"], "beautifulsoup4", "bs4"),
        (["PIL"], "pillow", "PIL"),
        (["google.cloud.storage", "google.cloud.storage_v2"], "google-cloud-storage",
         "google.cloud.storage"),
        (["build"], "build", "build"),
        (["_only"], "only", "_only"),
        (["tests", "docs.conf"], "thing", None),
        ([], "types-requests", None),
    ],
)  # fmt: skip
def test_the_likeliest_module(modules: list[str], package: str, expected: str | None) -> None:
    ranked = inspection.rank_modules(modules, package)
    assert (ranked[0] if ranked else None) == expected


def make_distribution(site: Path, name: str, files: Mapping[str, str]) -> Distribution:
    """A distribution as it lies in site-packages; files that start with "info/" are metadata."""
    info = site / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    record = []
    for path, text in {"info/METADATA": f"Name: {name}\nVersion: 1.0\n", **files}.items():
        place = info / path[5:] if path.startswith("info/") else site / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        record.append(f"{place.relative_to(site)},,\n")
    (info / "RECORD").write_text("".join(record))
    return PathDistribution(info)


def source_tree(root: Path, *files: str) -> Path:
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text("")
    return root


@pytest.mark.parametrize(
    ("tree", "top_level", "package", "expected"),
    [
        # A flat layout: the whole checkout is on sys.path.
        (["bs4/__init__.py", "tests/test_a.py", "setup.py", "docs/conf.py"], "", "beautifulsoup4",
         ["bs4"]),
        (["six.py", "test_six.py", "setup.py"], "six", "six", ["six"]),
        (["ns/part/__init__.py", "ns/part/sub/__init__.py"], "ns", "ns-part", ["ns.part"]),
        (["build/__init__.py"], "", "build", ["build"]),
        (["readme.txt"], "", "types-demo", []),
    ],
)  # fmt: skip
def test_an_editable_install_by_pth_file(
    tmp_path: Path, tree: list[str], top_level: str, package: str, expected: list[str]
) -> None:
    checkout = source_tree(tmp_path / "checkout", *tree)
    files = {"_it.pth": f"{checkout}\n", "info/top_level.txt": top_level}
    distribution = make_distribution(tmp_path / "site", package, files)
    found = inspection.import_candidates(package, distribution, tmp_path / "site")
    assert found == expected


def test_an_editable_install_by_import_hook_is_looked_up_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path / "src"), *sys.path])
    source_tree(tmp_path / "src", "hooked_ns/part/__init__.py")
    files = {"_hooked.pth": "import _hooked_editable\n", "_hooked_editable.py": "FINDER = 1\n"}
    distribution = make_distribution(tmp_path / "site", "hooked-ns-part", files)
    found = inspection.import_candidates("hooked-ns-part", distribution, tmp_path / "site")
    assert found == ["hooked_ns.part"]
    unknown = make_distribution(tmp_path / "site", "hooked-elsewhere", files)
    assert inspection.import_candidates("hooked-elsewhere", unknown, tmp_path / "site") == []


def test_a_namespace_is_followed_to_what_the_package_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path / "src"), *sys.path])
    source_tree(tmp_path / "src", "labeille_ns/__init__.py", "labeille_ns/yaml/__init__.py")
    files = {"_ns.pth": "import _ns_editable\n", "info/top_level.txt": "labeille_ns\n"}
    distribution = make_distribution(tmp_path / "site", "labeille-ns-yaml", files)
    found = inspection.import_candidates("labeille-ns-yaml", distribution, tmp_path / "site")
    assert found == ["labeille_ns.yaml", "labeille_ns"]


def test_metadata_that_names_its_imports_counts_first(tmp_path: Path) -> None:
    metadata = (
        "Metadata-Version: 2.5\nName: demo\nVersion: 1.0\n"
        "Import-Name: _core; private\nImport-Name: real_name\n"
    )
    files = {"info/METADATA": metadata, "demo.py": ""}
    distribution = make_distribution(tmp_path, "demo", files)
    assert inspection.import_candidates("demo", distribution, tmp_path) == ["real_name"]


def test_a_package_that_is_not_installed_is_looked_for_by_its_name(tmp_path: Path) -> None:
    assert inspection.import_candidates("no-such-thing", None, tmp_path) == ["no_such_thing"]
    assert inspection.import_candidates("xml-dom", None, tmp_path) == ["xml.dom"]
