"""Real crash texts, and what must be read off each."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from labeille.crashes.evidence import read_crash

OWN = Path(__file__).parent / "samples"
REPOSITORY = Path(__file__).resolve().parents[3]
SHARED = Path(os.environ.get("LABEILLE_SHARED", REPOSITORY.parent / "shared")) / "data" / "crashes"


def _load(path: Path) -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = yaml.safe_load(path.read_text("utf-8"))
    return loaded


def _name(case: dict[str, Any]) -> str:
    return f"{case.get('file') or case.get('text', '')[:40]}-{case.get('exit_code')}"


OWN_CASES = _load(OWN / "expected.yaml")
SHARED_CASES = _load(SHARED / "cases.yaml") if SHARED.is_dir() else []


def _text(case: dict[str, Any]) -> str:
    if "file" not in case:
        return str(case["text"])
    path: Path = SHARED / case["file"]
    if not path.is_file():
        path = OWN / f"{case['file']}.txt"
    return path.read_text(encoding="utf-8")


def test_the_shared_samples_are_there() -> None:
    if not SHARED_CASES and not os.environ.get("CI"):
        pytest.skip("no shared samples beside this checkout")
    assert SHARED_CASES, f"nothing in {SHARED}"


@pytest.mark.parametrize("case", [*SHARED_CASES, *OWN_CASES], ids=_name)
def test_what_a_sample_says(case: dict[str, Any]) -> None:
    crash = read_crash(_text(case), exit_code=case.get("exit_code"))
    kind = case.get("kind", "assert")  # the one-liners from the tracker
    if kind is None:
        assert crash is None
        return
    assert crash is not None
    assert crash.kind == kind
    assert crash.signature.startswith(f"{kind}:")
    for field in ("signal", "python_top", "c_top"):
        if field in case:
            assert getattr(crash, field) == case[field]
    assert crash.in_child == case.get("in_child", False)
    for key in case.get("key", ()):
        assert key in crash.signature


@pytest.mark.parametrize("cases", [SHARED_CASES, OWN_CASES], ids=["shared", "own"])
def test_one_bug_one_signature(cases: list[dict[str, Any]]) -> None:
    signatures: dict[str, set[str]] = {}
    for case in cases:
        crash = read_crash(_text(case), exit_code=case.get("exit_code"))
        if crash is not None and "bug" in case:
            signatures.setdefault(case["bug"], set()).add(crash.signature)
    assert all(len(found) == 1 for found in signatures.values()), signatures
    assert len(set().union(*signatures.values())) == len(signatures)
