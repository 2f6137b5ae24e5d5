"""Runs that nobody ran, as they lie on disk: as many packages as wanted, the same for a seed.

For what reads runs: analysis, reports, their benchmarks. The crashes are real ones' texts.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from labeille.results.model import (
    Crash,
    JitEvidence,
    Record,
    RunMeta,
    Status,
    TestCounts,
    TimeoutKind,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

STARTED = dt.datetime(2026, 11, 20, 22, 0, tzinfo=dt.UTC)

TARGET: dict[str, object] = {
    "python": "/opt/python/3.15/bin/python3.15",
    "version": "3.15.2",
    "version_text": "3.15.2 (main, Oct 26 2026, 15:10:10) [GCC 16.2.0]",
    "implementation": "cpython",
    "build": "main Oct 26 2026 15:10:10",
    "compiler": "GCC 16.2.0",
    "platform": "linux-x86_64",
    "configure_args": "'--enable-shared' '--prefix=/usr' '--enable-experimental-jit=yes-off'",
    "jit_available": True,
    "jit_works": True,
    "jit_default": False,
    "jit_variables": ["PYTHON_JIT", "PYTHON_JIT_STRESS"],
    "free_threaded": False,
    "gil_enabled": True,
    "debug": False,
    "sanitizers": [],
    "has_ensurepip": False,
}

CRASHES = (
    Crash(
        kind="assert",
        signature="assert:optimizer_cases.c.h|optimize_uops|!PyJitRef_IsUnique(value):30d96460",
        signal="SIGABRT",
        python_top="annotationlib.py:__getitem__",
        c_top="optimize_uops",
        detail="python: ../Python/optimizer_cases.c.h:45: optimize_uops: "
        "Assertion `!PyJitRef_IsUnique(value)' failed.",
        python_stack=(
            "annotationlib.py:__getitem__",
            "click/shell_completion.py:__annotate__",
            "_pytest/python.py:importtestmodule",
            "_pytest/python.py:collect",
            "_pytest/runner.py:collect",
            "_pytest/main.py:main",
        ),
        c_stack=(
            "optimize_uops",
            "_Py_uop_analyze_and_optimize",
            "_PyOptimizer_Optimize",
            "_PyEval_EvalFrameDefault",
            "_PyEval_Vector",
            "PyObject_Vectorcall",
        ),
    ),
    Crash(
        kind="signal",
        signature="signal:SIGSEGV|<jit>|_PyEval_EvalFrameDefault:9ad3310c",
        signal="SIGSEGV",
        python_top="toolz/itertoolz.py:get",
        c_top="<jit>",
        detail="Fatal Python error: Segmentation fault",
        python_stack=("toolz/itertoolz.py:get", "toolz/tests/test_itertoolz.py:test_get"),
        c_stack=("<jit>", "_PyEval_EvalFrameDefault", "_PyEval_Vector"),
    ),
    Crash(
        kind="libc-abort",
        signature="libc-abort:free(): double free detected in tcache 2:51b0e7aa",
        signal="SIGABRT",
        python_top="lxml/etree.py:parse",
        c_top="xmlFreeNode",
        in_child=True,
        detail="free(): double free detected in tcache 2",
        python_stack=("lxml/etree.py:parse",),
        c_stack=("xmlFreeNode", "xmlFreeDoc", "libxml2.so.2+0x4f3a1"),
    ),
)

#: How often each status comes up, of 1,000.
SHARES: dict[Status, int] = {
    Status.CRASH: 12,
    Status.TIMEOUT: 18,
    Status.ERROR: 4,
    Status.FAIL: 90,
    Status.INSTALL_ERROR: 40,
    Status.CLONE_ERROR: 6,
    Status.PASS: 830,
}

_FIRST = ("async", "aio", "py", "django", "flask", "simple", "fast", "json", "http", "sql", "lazy")
_SECOND = ("utils", "cache", "client", "tools", "parser", "schema", "router", "stream", "queue")
_THIRD = ("", "-core", "2", "-ng", "-lite")


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What a synthetic run is like.

    Packages keep their ways from seed to seed, but for about one in 50 of them; ``changed`` gives
    some a status. Another number of ``revisions`` means other commits.
    """

    packages: int = 300
    seed: int = 1
    started: dt.datetime = STARTED
    slots: int = 4
    condition: str = "jit"
    target: Mapping[str, object] = field(default_factory=lambda: TARGET)
    changed: Mapping[str, Status] = field(default_factory=dict)
    revisions: int = 1


def package_names(count: int) -> list[str]:
    """As many names, all different, none of them too regular."""
    words = [f"{a}-{b}{c}" for a in _FIRST for b in _SECOND for c in _THIRD]
    random.Random(7).shuffle(words)
    return [words[n % len(words)] + (f"-{n}" if n >= len(words) else "") for n in range(count)]


def make_records(shape: Shape) -> list[Record]:
    """The records of a run in the order they ended, ``slots`` suites at a time."""
    chance = random.Random(shape.seed)
    free = [0.0] * shape.slots
    records = []
    for number, name in enumerate(package_names(shape.packages)):
        record = _make_record(name, shape, number)
        slot = min(range(shape.slots), key=free.__getitem__)
        free[slot] += chance.uniform(0.1, 1.5) + record.duration_seconds
        ended = shape.started + dt.timedelta(seconds=round(free[slot]))
        records.append((free[slot], msgspec.structs.replace(record, timestamp=ended.isoformat())))
    return [record for _, record in sorted(records, key=lambda pair: pair[0])]


def _make_record(name: str, shape: Shape, number: int) -> Record:
    once = random.Random(f"{shape.seed} {name}")  # what is so in this run alone
    chance = once if once.random() < 0.02 else random.Random(name)
    drawn = chance.choices(list(SHARES), weights=list(SHARES.values()))[0]
    status = shape.changed.get(name, drawn)
    record = Record(
        package=name,
        status=status,
        repo=f"https://example.org/{name}.git",
        package_version=f"{chance.randint(0, 9)}.{chance.randint(0, 20)}.{number % 5}",
        git_revision=f"{random.Random(f'{shape.revisions} {name}').getrandbits(160):040x}",
        install_from="git",
        installer_backend="uv",
        install_duration_seconds=round(chance.uniform(0.8, 30), 3),
        test_command="python -m pytest tests",
        install_command="pip install -e . && pip install pytest",
        condition=shape.condition,
        target_id="d1b106c968d0",
        env_overrides={"PYTHON_JIT": "0" if shape.condition == "nojit" else "1"},
        installed_dependencies={"pip": "26.3", "pluggy": "1.7.0", "pytest": "9.2.0", name: "1.0"},
        exit_code=0,
    )
    if status in (Status.INSTALL_ERROR, Status.CLONE_ERROR):
        return msgspec.structs.replace(record, **_untried(name, status))
    total = int(chance.lognormvariate(4.5, 1.3)) + 3
    took = {
        "duration_seconds": round(
            min(chance.lognormvariate(1.6, 1.2), 500) * once.uniform(0.95, 1.1), 3
        ),
        "max_rss_bytes": chance.randint(40, 900) * 2**20,
        "cpu_seconds": round(chance.uniform(0.5, 60), 3),
        "jit": JitEvidence(enabled=True, executors=chance.choice((0, 12, 40, 180, 900, 2400))),
    }
    return msgspec.structs.replace(record, **(took | _outcome(status, total, chance)))


def _untried(name: str, status: Status) -> dict[str, object]:
    reason = (
        f"pip could not build {name}: error: command 'gcc' failed: No such file or directory"
        if status is Status.INSTALL_ERROR
        else f"git clone of {name} failed: the repository was not found"
    )
    return {"reason": reason, "error_message": reason, "exit_code": 1, "test_command": ""}


def _outcome(status: Status, total: int, chance: random.Random) -> dict[str, object]:
    counts = TestCounts(passed=total, total=total)
    test = f"tests/test_{chance.choice(_SECOND)}.py::test_{chance.choice(_FIRST)}"
    match status:
        case Status.CRASH:
            crash = chance.choice(CRASHES)
            done = TestCounts(passed=total // 2, total=total // 2)
            return {
                "crash": crash,
                "crash_signature": crash.signature,
                "exit_code": -6 if crash.signal == "SIGABRT" else -11,
                "signal": 6 if crash.signal == "SIGABRT" else 11,
                "tests": done,
                "running_test": test,
                "stderr_tail": f"{crash.detail}\nFatal Python error: Aborted\n",
            }
        case Status.TIMEOUT:
            return {
                "timeout_hit": True,
                "timeout_kind": TimeoutKind.STALL,
                "reason": f"no output for 120 s, in {test}",
                "tests": TestCounts(passed=total // 3, total=total // 3),
                "running_test": test,
                "exit_code": -6,
                "duration_seconds": 124.0 + chance.random(),
            }
        case Status.FAIL:
            bad = chance.randint(1, min(5, total))
            return {
                "exit_code": 1,
                "tests": TestCounts(passed=total - bad, failed=bad, total=total),
                "failed_tests": tuple(f"{test}[{n}]" for n in range(bad)),
            }
        case Status.ERROR:
            reason = "ended by labeille: it held 6.0 GiB of memory"
            return {"reason": reason, "error_message": reason, "exit_code": -9, "signal": 9}
        case _:
            return {"tests": counts}


def write_hunt(results_dir: Path, run_id: str, shape: Shape, *, logs: bool = False) -> Path:
    """Write a run as ``labeille run`` leaves it, and return its folder."""
    records = make_records(shape)
    path = write_records(results_dir, run_id, records, shape)
    if logs:
        for record in records:
            _write_logs(path, record)
    return path


def write_records(results_dir: Path, run_id: str, records: Iterable[Record], shape: Shape) -> Path:
    """Write a run with these records, and return its folder."""
    path = results_dir / run_id
    path.mkdir(parents=True)
    records = list(records)
    (path / "results.jsonl").write_bytes(
        b"".join(msgspec.json.encode(record) + b"\n" for record in records)
    )
    last = max((record.timestamp for record in records), default=shape.started.isoformat())
    meta = RunMeta(
        run_id=run_id,
        started_at=shape.started.isoformat(),
        finished_at=last,
        target_python=str(shape.target["python"]),
        python_version=str(shape.target["version_text"]),
        jit_enabled=shape.condition != "nojit",
        cli_args=["run", "--workers", str(shape.slots), "--condition", shape.condition],
        env_overrides={"PYTHON_JIT": "0" if shape.condition == "nojit" else "1"},
        hostname="builder-7",
        platform="Linux-6.18-x86_64-with-glibc2.41",
        installer="auto",
        condition=shape.condition,
        labeille_version="0.1.0",
        target_id="d1b106c968d0",
        target=dict(shape.target),
        packages=len(records),
    )
    (path / "run_meta.json").write_bytes(msgspec.json.format(msgspec.json.encode(meta), indent=2))
    return path


def _write_logs(run: Path, record: Record) -> None:
    folder = run / "logs" / record.package
    folder.mkdir(parents=True)
    tests = record.tests.passed if record.tests else 0
    lines = ["============================= test session starts ============================="]
    lines += [f"tests/test_{n % 7}.py {'.' * 60} [{n * 100 // 40:3d}%]" for n in range(40)]
    lines.append(
        f"======================= {tests} passed in {record.duration_seconds:.2f}s ========"
    )
    (folder / "stdout.log").write_text("\n".join(lines) + "\n")
    (folder / "stderr.log").write_text(record.stderr_tail)
    events: list[dict[str, object]] = [{"event": "session", "pid": 1, "pytest": "9.2.0"}]
    for number in range(min(tests, 100)):
        test = f"tests/test_{number % 7}.py::test_{number}"
        end = {"event": "end", "test": test, "outcome": "passed", "duration": 0.01 * number}
        events += [{"event": "start", "test": test}, end]
    for test in record.failed_tests:
        message = "AssertionError: assert <jit> == '</script>'"
        end = {"event": "end", "test": test, "outcome": "failed", "duration": 0.2}
        events += [{"event": "start", "test": test}, {**end, "message": message}]
    (folder / "tests.jsonl").write_bytes(b"".join(msgspec.json.encode(e) + b"\n" for e in events))
    if record.crash is not None:
        evidence = run / "crashes" / f"{record.package}.txt"
        evidence.parent.mkdir(exist_ok=True)
        evidence.write_text(f"signature: {record.crash_signature}\n\n{record.stderr_tail}")
