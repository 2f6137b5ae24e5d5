"""Small runs for tests, written field by field, in our format and in the original's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

VERSION = "3.15.2 (main, Oct 26 2026, 15:10:10) [GCC 16.2.0]"

SEGFAULT = "signal:SIGSEGV|<jit>|_PyEval_EvalFrameDefault:9ad3310c"
ASSERT = "assert:optimizer_cases.c.h|optimize_uops|!PyJitRef_IsUnique(value):30d96460"


def write_run(
    results: Path, run_id: str, started: str, records: Iterable[dict[str, Any]], **meta: Any
) -> Path:
    """Write a hunt as ``labeille run`` leaves it; ``meta`` replaces fields of its metadata."""
    records = list(records)
    values = {
        "run_id": run_id,
        "started_at": started,
        "finished_at": started.replace(":00:00", ":10:00"),
        "target_python": "/opt/jit/bin/python3.15",
        "python_version": VERSION,
        "jit_enabled": True,
        "cli_args": ["run", "--workers", "2"],
        "env_overrides": {"PYTHON_JIT": "1"},
        "hostname": "builder-7",
        "condition": "jit",
        "labeille_version": "0.1.0",
        "target_id": "d1b106c968d0",
        "packages": len(records),
    }
    return _write(results / run_id, {**values, **meta}, records)


def write_original(
    results: Path, run_id: str, started: str, records: Iterable[dict[str, Any]], **meta: Any
) -> Path:
    """Write a run with the original's fields alone: arguments are a mapping, no condition."""
    values = {
        "run_id": run_id,
        "started_at": started,
        "finished_at": started,
        "target_python": "/opt/jit/bin/python3.15",
        "python_version": VERSION,
        "jit_enabled": True,
        "cli_args": {"workers": 2, "timeout": 600},
        "env_overrides": {},
        "hostname": "builder-7",
        "platform": "Linux-6.18-x86_64-with-glibc2.41",
    }
    return _write(results / run_id, {**values, **meta}, [original(**record) for record in records])


def _write(folder: Path, meta: dict[str, Any], records: list[dict[str, Any]]) -> Path:
    folder.mkdir(parents=True)
    (folder / "run_meta.json").write_text(json.dumps(meta, indent=2) + "\n")
    lines = [json.dumps(record) + "\n" for record in records]
    (folder / "results.jsonl").write_text("".join(lines))
    return folder


def ours(package: str, status: str, **fields: Any) -> dict[str, Any]:
    """A record of ours, as far as it is told."""
    tested = status in ("pass", "fail", "crash", "timeout")
    values: dict[str, Any] = {
        "package": package,
        "status": status,
        "repo": f"https://example.org/{package}",
        "package_version": "1.0",
        "git_revision": f"{package.encode().hex():0<40}"[:40],
        "exit_code": 0 if status == "pass" else 1,
        "duration_seconds": 3.0 if tested else 0.0,
        "test_command": "python -m pytest" if tested else "",
        "installed_dependencies": {"pytest": "9.2.0", "pip": "26.3"} if tested else {},
        "install_from": "git",
        "timestamp": "2026-11-20T10:05:00+00:00",
        "condition": "jit",
        "target_id": "d1b106c968d0",
        "env_overrides": {"PYTHON_JIT": "1"},
    }
    return values | fields


def crashed(package: str, signature: str = SEGFAULT, **fields: Any) -> dict[str, Any]:
    """A record of ours of a crash."""
    crash = {
        "kind": signature.partition(":")[0],
        "signature": signature,
        "detail": "Fatal Python error: Segmentation fault",
        "evidence": f"crashes/{package}.txt",
    } | fields.pop("crash", {})
    values = {"exit_code": -11, "crash_signature": signature, "crash": crash}
    return ours(package, "crash", **(values | fields))


def original(package: str, status: str, **fields: Any) -> dict[str, Any]:
    """A record as the original writes it: no field of ours."""
    values: dict[str, Any] = {
        "package": package,
        "repo": f"https://example.org/{package}",
        "package_version": "1.0",
        "git_revision": "abc1234def5678abc1234def5678abc1234def56",
        "status": status,
        "exit_code": {"pass": 0, "crash": -11}.get(status, 1),
        "signal": 11 if status == "crash" else None,
        "crash_signature": "SIGSEGV" if status == "crash" else None,
        "duration_seconds": 3.0,
        "install_duration_seconds": 1.0,
        "test_command": "python -m pytest tests/",
        "timeout_hit": status == "timeout",
        "stderr_tail": "",
        "installed_dependencies": {"pytest": "9.0.2"},
        "error_message": None,
        "requested_revision": None,
        "install_from": "source",
        "sdist_version": None,
        "installer_backend": "pip",
        "timestamp": "2026-02-24T10:00:00+00:00",
    }
    return values | fields
