"""A page of a thousand packages stays within its bounds, whatever they did."""

from __future__ import annotations

from pathlib import Path

import pytest
import synthetic_runs
from stored_runs import crashed, write_run

from labeille.analysis.runs import list_runs, read_run
from labeille.reports.html.render import render
from labeille.reports.page.build import build_page
from labeille.results.model import Status


def page_of(path: Path) -> str:
    run = read_run(path)
    assert run is not None
    return render(build_page(run, list_runs(path.parent), details=True))


@pytest.mark.parametrize(
    "changed",
    [None, Status.CRASH, Status.FAIL, Status.PASS],
    ids=["mixed", "all-crash", "all-fail", "all-pass"],
)
def test_a_thousand_packages_stay_below_5_mb(tmp_path: Path, changed: Status | None) -> None:
    names = synthetic_runs.package_names(1000)
    shape = synthetic_runs.Shape(
        packages=1000, changed=dict.fromkeys(names, changed) if changed else {}
    )
    path = synthetic_runs.write_hunt(tmp_path, "run_k", shape)
    log = ("E   assert <a> == '&'\n" * 200).encode()
    for name in names:
        folder = path / "logs" / name
        folder.mkdir(parents=True)
        (folder / "stdout.log").write_bytes(log)
        (folder / "stderr.log").write_bytes(log)
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
