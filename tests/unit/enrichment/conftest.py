"""Small source trees, and attempts as they come out of trials."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from enrichment_trees import Attempts, FactsOf

from labeille.campaigns.enrichment.facts import read_facts
from labeille.campaigns.enrichment.model import Facts
from labeille.registry.model import Package, SourceKind
from labeille.sources.model import Checkout

if TYPE_CHECKING:
    from collections.abc import Mapping


@pytest.fixture
def facts_of(tmp_path: Path) -> FactsOf:
    """Writes a tree and reads the facts of it; ``package`` are fields of the registry's entry."""

    def read(
        files: Mapping[str, str], *, kind: SourceKind = SourceKind.SDIST, **package: object
    ) -> Facts:
        root = tmp_path / "tree"
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        entry = Package(**({"name": "thing", "repo": "https://example.org/thing"} | package))  # type: ignore[arg-type]
        checkout = Checkout(path=root, kind=kind, origin="thing", key="key", version="1.2")
        return read_facts(entry, checkout, "3.15")

    return read


@pytest.fixture
def attempts(tmp_path: Path) -> Attempts:
    """Makes attempts."""
    return Attempts(tmp_path / "logs")
