"""A real release from the index that this machine is configured to use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from labeille.pypi.client import IndexClient
from labeille.registry.model import Package, SourceKind
from labeille.sources.get import get_checkout
from labeille.sources.model import SourceChoice, SourceSettings

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.network


def test_idna_from_the_index(tmp_path: Path) -> None:
    settings = SourceSettings(repos_dir=tmp_path / "repos", source=SourceChoice.SDIST)
    package = Package(name="idna")
    with IndexClient(cache=tmp_path / "cache") as client:
        newest = get_checkout(package, None, settings, client=client)
        exact = get_checkout(package, "v3.10", settings, client=client)
        again = get_checkout(package, "3.10", settings, client=client)
    assert newest.kind is SourceKind.SDIST
    assert (newest.path / "pyproject.toml").is_file()
    assert exact.version == "3.10"
    assert exact.origin == "idna-3.10.tar.gz"
    assert (exact.path / "idna" / "core.py").is_file()
    assert again == exact
