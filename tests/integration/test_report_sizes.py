"""A page of a thousand packages stays within its bounds, whatever they did."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from stored_runs import crashed, ours, write_run

from labeille.analysis.runs import list_runs, read_run
from labeille.reports.html.render import render
from labeille.reports.page.build import build_page


def page_of(path: Path) -> str:
    run = read_run(path)
    assert run is not None
    return render(build_page(run, list_runs(path.parent), details=True))


@pytest.mark.parametrize("status", ["crash", "timeout", "fail", "install_error", "pass"])
def test_a_thousand_packages_stay_below_5_mb(tmp_path: Path, status: str) -> None:
    """Whatever they did, and although all that is kept of them is as long as it can be."""
    text = "E   assert <a> == '&' " * 100
    failed = [f"tests/test_{'x' * 200}.py::test[<{n}>]" for n in range(40)]
    fields: dict[str, Any] = {
        "failed_tests": [] if status == "pass" else failed,
        "installed_dependencies": {f"some-distribution-{n}": "2026.11.21" for n in range(100)},
        "reason": text,
        "stderr_tail": text,
        "test_command": f"python -m pytest {'tests/some_folder ' * 30}",
        "install_command": f"pip install {'some-distribution ' * 30}",
        "jit": {"enabled": True, "executors": 123_456},
    }
    make = crashed if status == "crash" else partial(ours, status=status)
    names = [f"a-package-with-a-long-name-{n}" for n in range(1000)]
    records = [make(name, **fields) for name in names]
    for number in range(19):
        started = f"2026-11-{number + 1:02}T10:00:00+00:00"
        write_run(tmp_path, f"run_{number}", started, [ours(name, "pass") for name in names])
    path = write_run(tmp_path, "run_now", "2026-11-20T10:00:00+00:00", records)
    for name in names:
        folder = path / "logs" / name
        folder.mkdir(parents=True)
        for stream in ("stdout.log", "stderr.log"):
            (folder / stream).write_text(f"{text}\n" * 20)
    assert len(page_of(path).encode()) < 5_000_000


def test_a_thousand_signatures_stay_below_5_mb(tmp_path: Path) -> None:
    stack = [f"package/module_{n}.py:function_{n}" for n in range(30)]
    records = [
        crashed(
            f"package-{n}",
            f"signal:SIGSEGV|function_{n}|_PyEval_EvalFrameDefault:{n:08x}",
            crash={"python_stack": stack, "c_stack": stack},
            running_test=f"tests/test_module_{n}.py::TestClass::test_function_{n}",
            stderr_tail="Fatal Python error: Segmentation fault\n" * 90,
        )
        for n in range(1000)
    ]
    path = write_run(tmp_path, "run_s", "2026-11-20T10:00:00+00:00", records)
    page = page_of(path)
    assert page.count('<article class="finding') == 1000
    assert len(page.encode()) < 5_000_000
