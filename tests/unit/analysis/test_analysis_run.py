"""One run taken apart: causes, bars, evidence, and the command that repeats a record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from stored_runs import SEGFAULT, crashed, ours, write_original, write_run
from synthetic_runs import TARGET, Shape, make_records, write_hunt

from labeille.analysis.repeat import repeat_command
from labeille.analysis.run import RunFacts, cause, evidence_path, normalised, read_facts
from labeille.analysis.runs import StoredRun, find_run
from labeille.results.model import Record, RunMeta, Status

STARTED = "2026-11-20T10:00:00+00:00"


def facts(tmp_path: Path, *records: dict[str, Any], **meta: Any) -> RunFacts:
    write_run(tmp_path, "r", STARTED, records, **meta)
    return read_facts(find_run(tmp_path, "r"))


def record(**fields: Any) -> Record:
    return msgspec.convert(ours("p", "fail") | fields, Record)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"exit_code": 1}, "tests failed"),
        ({"exit_code": 5}, "pytest found no tests to run (exit 5)"),
        ({"exit_code": 77}, "exit code 77"),
        ({"reason": "exit code 3"}, "exit code 3"),
        ({"status": "timeout"}, "still running at its limit"),
        (
            {
                "status": "timeout",
                "timeout_kind": "stall",
                "reason": "no … (busy: 9 s of CPU time)",
            },
            "no sign of life any more, busy",
        ),
        ({"status": "timeout", "timeout_kind": "stall"}, "no sign of life any more, idle"),
        ({"status": "install_error", "error_message": "pip: no such p"}, "pip: no such …"),
        ({"status": "error"}, "no reason is recorded"),
    ],
)
def test_causes(fields: dict[str, Any], expected: str) -> None:
    assert cause(record(**fields)) == expected


@pytest.mark.parametrize(
    ("package", "text", "expected"),
    [
        ("my-pkg", "cannot import my_pkg: my.pkg needs\n  gcc", "cannot import …: … needs gcc"),
        ("six", "sixteen six-like things, six", "sixteen six-like things, …"),
        ("p", "git clone of https://example.org/p.git failed", "git clone of … failed"),
        ("p", "nothing at /tmp/x/y, nor in /home/me/z.", "nothing at …, nor in …."),
        ("p", "held 6.0 GiB after 12.5 s at 0xdeadbeef", "held N GiB after N s at N"),
        ("p", "exit code 3, and/or HTTP 404", "exit code 3, and/or HTTP 404"),
        ("p", "fails (the whole output is in /a b/c.log)", "fails"),
    ],
)
def test_one_cause_has_one_wording(package: str, text: str, expected: str) -> None:
    assert normalised(text, package) == expected


def test_packages_with_one_cause_are_together(tmp_path: Path) -> None:
    found = facts(
        tmp_path,
        ours("a", "install_error", reason="pip could not build a: gcc failed"),
        ours("b", "install_error", reason="pip could not build b: gcc failed"),
        ours("c", "fail"),
        ours("d", "pass"),
    )
    groups = [(group.status, group.cause, len(group.records)) for group in found.causes]
    assert groups == [
        (Status.FAIL, "tests failed", 1),
        (Status.INSTALL_ERROR, "pip could not build …: gcc failed", 2),
    ]


def test_bars_hold_every_suite_once(tmp_path: Path) -> None:
    seconds = [0, 0.5, 1, 1.9, 5, 59.9, 60, 100000]
    found = facts(
        tmp_path, *(ours(f"p{n}", "pass", duration_seconds=s) for n, s in enumerate(seconds))
    )
    bars = [(bar.below, bar.count) for bar in found.histogram]
    assert bars[:3] == [(1.0, 1), (2.0, 2), (5.0, 0)]
    assert bars[-1] == (None, 1)
    assert sum(count for _, count in bars) == 7
    assert [r.package for r in found.slowest(2)] == ["p7", "p6"]


def test_what_is_missing_and_what_means_little(tmp_path: Path) -> None:
    idle = {"jit": {"enabled": True, "executors": 0}}
    found = facts(
        tmp_path,
        ours("a", "pass", **idle),
        ours("b", "fail", **idle),
        ours("c", "pass", jit={"enabled": True, "executors": 3}),
        ours("d", "pass", jit={"enabled": False, "executors": 0}),
        packages=10,
    )
    assert found.missing == 6
    assert [r.package for r in found.without_executors] == ["a"]


def test_crashes_by_signature_the_widespread_one_first(tmp_path: Path) -> None:
    found = facts(
        tmp_path, crashed("a", "signal:x:1"), crashed("b"), crashed("c"), ours("d", "crash")
    )
    groups = [(group.signature, len(group.records)) for group in found.crashes]
    assert groups == [(SEGFAULT, 2), (None, 1), ("signal:x:1", 1)]


def test_where_a_crashs_evidence_is(tmp_path: Path) -> None:
    run = find_run(tmp_path, str(write_original(tmp_path, "o", STARTED, [])))
    (run.path / "crashes").mkdir()
    (run.path / "crashes" / "a.stderr").touch()
    crash = record(package="a", status="crash")
    assert evidence_path(run, crash) == run.path / "crashes" / "a.stderr"
    assert evidence_path(run, record(package="../x*", status="crash")) is None
    assert evidence_path(run, record(package="a")) is None
    of_ours = msgspec.convert(crashed("b"), Record)
    assert evidence_path(run, of_ours) == run.path / "crashes" / "b.txt"


def test_a_thousand_packages(tmp_path: Path) -> None:
    shape = Shape(packages=1000)
    write_hunt(tmp_path, "r", shape)
    found = read_facts(find_run(tmp_path, "latest"))
    made = make_records(shape)
    assert len(found.records) == len(made) == 1000
    crashes = sum(r.status is Status.CRASH for r in made)
    assert crashes == sum(len(group.records) for group in found.crashes) > 3
    causes = sum(len(group.records) for group in found.causes)
    assert crashes + causes + found.counts[Status.PASS] == 1000


REVISION = "70" + "0" * 38
BEGIN = f"labeille run --packages p@{REVISION} --target-python /opt/jit/bin/python3.15"


@pytest.mark.parametrize(
    ("fields", "meta", "expected"),
    [
        ({}, {}, f"{BEGIN} --condition jit --source git"),
        (
            {"git_revision": None, "sdist_version": "1.5", "install_from": "sdist"},
            {},
            (
                "labeille run --packages p@1.5 --target-python /opt/jit/bin/python3.15 "
                "--condition jit --source sdist"
            ),
        ),
        (
            {"env_overrides": {"PYTHON_JIT": "1", "A": "b c"}, "condition": "jit"},
            {"target": TARGET},
            f"{BEGIN} --condition jit --env 'A=b c' --source git",
        ),
        (
            {"env_overrides": {"PYTHON_JIT": "1", "PYTHON_JIT_STRESS": "1"}},
            {"target": TARGET},
            f"{BEGIN} --condition jit --env PYTHON_JIT_STRESS=1 --source git",
        ),
        (
            {},
            {
                "registry_dir": "/reg",
                "repo_overrides": {"p": "/clone of p", "q": "/q"},
                "extra_deps": ["x<2", "y"],
                "test_command_override": "pytest 'a b'",
                "test_command_suffix": "-k z",
            },
            (
                f"{BEGIN} --condition jit --source git --registry-dir /reg "
                "--repo-override 'p=/clone of p' --extra-deps 'x<2' --extra-deps y "
                "--test-command-override 'pytest '\"'\"'a b'\"'\"'' --test-command-suffix '-k z'"
            ),
        ),
        (  # the original's: no condition, another registry
            {"condition": None, "env_overrides": {}, "install_from": "source"},
            {"condition": None, "target_id": None, "env_overrides": {"PYTHON_JIT": "1", "X": "1"}},
            (
                f"{BEGIN} --condition jit --env X=1 --source git "
                "--test-command-override 'python -m pytest'"
            ),
        ),
        (
            {"condition": None, "env_overrides": {}},
            {"condition": None, "jit_enabled": False, "env_overrides": {"PYTHON_JIT": "0"}},
            f"{BEGIN} --condition nojit --source git",
        ),
        (
            {"git_revision": None, "install_from": None, "requested_revision": "v2"},
            {"target_python": ""},
            "labeille run --packages p@v2 --condition jit --source auto",
        ),
    ],
)
def test_the_command_that_repeats_a_record(
    tmp_path: Path, fields: dict[str, Any], meta: dict[str, Any], expected: str
) -> None:
    run: StoredRun = facts(tmp_path, **meta).run
    assert repeat_command(record(**fields), run.meta) == expected


def test_a_target_that_is_described_wrongly_is_no_obstacle() -> None:
    meta = RunMeta(run_id="r", started_at="", target={"version": 3}, condition="jit")
    assert "--condition jit" in repeat_command(record(), meta)
