"""What follows from the reports of the GIL probe's processes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from labeille.environments.gil_findings import Findings, read_events
from labeille.results.extension_compat import GilUse


def report(folder: Path, *events: dict[str, Any]) -> Path:
    path = folder / "report.jsonl"
    path.write_bytes(b"\n".join(msgspec.json.encode(event) for event in events))
    return path


def findings(folder: Path, *events: dict[str, Any]) -> Findings:
    result = Findings()
    result.take(read_events(report(folder, *events)))
    return result


def loading(module: str, gil: bool, file: str = "/site/m.so") -> dict[str, Any]:
    return {"event": "loading", "module": module, "file": file, "gil": gil}


def loaded(module: str, gil: bool, definition: str = "silent") -> dict[str, Any]:
    return {"event": "loaded", "module": module, "gil": gil, "definition": definition}


def test_the_gil_comes_on(tmp_path: Path) -> None:
    found = findings(
        tmp_path,
        {"event": "start", "gil": False},
        loading("a", gil=False),
        {"event": "warning", "module": "a"},
        loaded("a", gil=True),
        {"event": "imported", "module": "a", "gil": True},
    )
    assert found.modules["a"].came_on is True
    assert found.judge("a")[0] is GilUse.USED
    assert found.gil_after == {"a": True}


def test_the_gil_stays_off(tmp_path: Path) -> None:
    found = findings(tmp_path, loading("a", gil=False), loaded("a", gil=False))
    assert found.judge("a")[0] is GilUse.NOT_USED


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ("silent", GilUse.USED),
        ("used", GilUse.USED),
        ("not_used", GilUse.NOT_USED),
        ("unreadable", GilUse.UNKNOWN),
        ("", GilUse.UNKNOWN),
    ],
)
def test_after_another_turned_it_on_the_definition_counts(
    tmp_path: Path, definition: str, expected: GilUse
) -> None:
    found = findings(tmp_path, loading("b", gil=True), loaded("b", True, definition))
    assert found.modules["b"].came_on is None
    assert found.judge("b")[0] is expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\0PyModule_Create2\0", GilUse.USED),
        (b"\0PyUnstable_Module_SetGIL\0PyModule_Create2\0", GilUse.UNKNOWN),
    ],
)
def test_single_phase_modules_by_what_they_call(
    tmp_path: Path, content: bytes, expected: GilUse
) -> None:
    library = tmp_path / "b.so"
    library.write_bytes(content)
    found = findings(tmp_path, loading("b", True, str(library)), loaded("b", True, "single-phase"))
    assert found.judge("b")[0] is expected


def test_a_later_process_decides_what_the_first_could_not(tmp_path: Path) -> None:
    found = findings(tmp_path, loading("b", gil=True), loaded("b", True, "unreadable"))
    found.take(read_events(report(tmp_path, loading("b", gil=False), loaded("b", gil=False))))
    assert found.judge("b")[0] is GilUse.NOT_USED


def test_a_warning_names_a_module_that_nobody_saw_loading(tmp_path: Path) -> None:
    found = findings(tmp_path, {"event": "warning", "module": "odd"})
    assert found.judge("odd")[0] is GilUse.USED


def test_a_torn_report_counts_as_far_as_it_goes(tmp_path: Path) -> None:
    path = report(tmp_path, loading("a", gil=False), loaded("a", gil=False))
    path.write_bytes(path.read_bytes() + b'\n{"event": "load')
    assert [event.event for event in read_events(path)] == ["loading", "loaded"]
    assert read_events(tmp_path / "none.jsonl") == []
