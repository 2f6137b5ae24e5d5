"""One tiny package per outcome, through the real command line, against golden records.

A golden file is the specification of a record, written by hand from the rules for verdicts;
``--update-golden`` rewrites those that differ, for a look at the difference before it is committed.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from minibatch import GOLDEN, MINIPACKAGES, Batch, run_batch, write_registry

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.network, pytest.mark.target("jit")]

#: What only a build with C asserts notices.
NEEDS_ASSERTS = ("aborts-with-assert", "negative-refcount")
#: Run a second time with the JIT off.
DIFFERENTIAL = ("fails-under-jit",)
ALL = tuple(sorted(path.parent.name for path in MINIPACKAGES.glob("*/package.yaml")))
UNDER_JIT = tuple(name for name in ALL if name not in NEEDS_ASSERTS)

#: Bytes that the logs of one package may take: two streams, head and tail of 2 MiB each, and more.
LOGS_BOUND = 16 * 1024 * 1024


@pytest.fixture(scope="module")
def jit_batch(tmp_path_factory: pytest.TempPathFactory, jit_python: Path) -> Batch:
    root = tmp_path_factory.mktemp("mini")
    write_registry(UNDER_JIT, root)
    return run_batch(root, "jit", jit_python, "--condition", "jit")


@pytest.fixture(scope="module")
def nojit_batch(jit_batch: Batch, jit_python: Path) -> Batch:
    """In the folder of ``jit_batch``: its environments serve again."""
    packages = ",".join(f"mini-{name}" for name in DIFFERENTIAL)
    options = ("--condition", "nojit", "--packages", packages)
    return run_batch(jit_batch.root, "nojit", jit_python, *options)


@pytest.fixture(scope="module")
def asserts_batch(tmp_path_factory: pytest.TempPathFactory, jit_debug_python: Path) -> Batch:
    root = tmp_path_factory.mktemp("mini-asserts")
    write_registry(NEEDS_ASSERTS, root)
    return run_batch(root, "asserts", jit_debug_python, "--condition", "jit")


@pytest.mark.parametrize("name", UNDER_JIT)
def test_under_jit(jit_batch: Batch, name: str, request: pytest.FixtureRequest) -> None:
    compare(jit_batch, name, GOLDEN / f"{name}.json", request)


@pytest.mark.parametrize("name", DIFFERENTIAL)
def test_without_jit(nojit_batch: Batch, name: str, request: pytest.FixtureRequest) -> None:
    compare(nojit_batch, name, GOLDEN / f"{name}.nojit.json", request)


@pytest.mark.target("jit-debug")
@pytest.mark.parametrize("name", NEEDS_ASSERTS)
def test_with_asserts(asserts_batch: Batch, name: str, request: pytest.FixtureRequest) -> None:
    compare(asserts_batch, name, GOLDEN / f"{name}.json", request)


def compare(batch: Batch, name: str, golden: Path, request: pytest.FixtureRequest) -> None:
    actual = batch.stable(name)
    if request.config.getoption("--update-golden", default=False):
        golden.write_text(json.dumps(actual, indent=2, ensure_ascii=False) + "\n")
    assert actual == json.loads(golden.read_text())


def test_every_golden_file_belongs_to_a_package() -> None:
    wanted = {*ALL, *(f"{name}.nojit" for name in DIFFERENTIAL)}
    assert {path.name.removesuffix(".json") for path in GOLDEN.glob("*.json")} == wanted


def test_exit_codes(jit_batch: Batch, nojit_batch: Batch) -> None:
    assert (jit_batch.exit_code, nojit_batch.exit_code) == (1, 0), jit_batch.output


@pytest.mark.target("jit-debug")
def test_no_process_is_left(jit_batch: Batch, nojit_batch: Batch, asserts_batch: Batch) -> None:
    for batch in (jit_batch, nojit_batch, asserts_batch):
        assert batch.survivors == []


@pytest.mark.target("jit-debug")
def test_no_temporary_file_is_left(jit_batch: Batch, asserts_batch: Batch) -> None:
    for batch in (jit_batch, asserts_batch):
        assert list((batch.root / "tmp").iterdir()) == []
        assert list((batch.root / "work" / "tmp").glob("*")) == []


def test_no_traceback_of_ours_is_shown(jit_batch: Batch) -> None:
    assert "Traceback" not in jit_batch.output


def test_logs_are_bounded(jit_batch: Batch) -> None:
    folder = jit_batch.run_dir / "logs" / "mini-floods-output"
    assert 0 < sum(path.stat().st_size for path in folder.rglob("*")) < LOGS_BOUND


@pytest.mark.parametrize("name", ["segfaults", "child-crashes-fails", "crashes-on-import"])
def test_a_crash_leaves_its_evidence(jit_batch: Batch, name: str) -> None:
    (record,) = jit_batch.records[f"mini-{name}"]
    evidence = jit_batch.run_dir / record["crash"]["evidence"]
    assert "Fatal Python error: Segmentation fault" in evidence.read_text()


def test_a_hang_leaves_its_stack(jit_batch: Batch) -> None:
    stderr = jit_batch.run_dir / "logs" / "mini-hangs-silently" / "stderr.log"
    assert "in wait_forever" in stderr.read_text()


def test_an_environment_serves_again(jit_batch: Batch, nojit_batch: Batch) -> None:
    """The second run is in the folders of the first."""
    (first,) = jit_batch.records["mini-fails-under-jit"]
    (second,) = nojit_batch.records["mini-fails-under-jit"]
    assert second["install_duration_seconds"] == 0 < first["install_duration_seconds"]
    assert second["git_revision"] == first["git_revision"]
