"""Small registries for tests."""

from __future__ import annotations

import time
from pathlib import Path

from labeille.registry import cache as registry_cache
from labeille.registry.store import Registry

CHECKOUT = Path(__file__).parents[3]


def make_registry(root: Path, files: dict[str, str], index: str | None = None) -> Registry:
    """A registry whose files hold what ``files`` says; "package:" is put before it."""
    packages = root / "packages"
    packages.mkdir(parents=True)
    for name, text in files.items():
        (packages / f"{name}.yaml").write_text(f"package: {name}\n{text}", encoding="utf-8")
    if index is not None:
        (root / "index.yaml").write_text(index, encoding="utf-8")
    return Registry(root)


def index_of(**counts: int | None) -> str:
    """An index with download counts; underscores in names stand for hyphens."""
    lines = ["last_updated: '2026-03-07T00:03:32'", "packages:"]
    for name, count in counts.items():
        lines += [
            f"- name: {name.replace('_', '-')}",
            f"  download_count: {'null' if count is None else count}",
        ]
    return "\n".join(lines) + "\n"


def let_settle() -> None:
    """Wait until files written just now are old enough for the cache."""
    time.sleep(registry_cache._UNSETTLED_NS / 1e9 + 0.02)
