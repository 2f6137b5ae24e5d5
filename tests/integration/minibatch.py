"""Runs the mini packages through the real command line and reads back what it recorded."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

REPOSITORY = Path(__file__).resolve().parents[2]
MINIPACKAGES = REPOSITORY / "tests" / "minipackages"
GOLDEN = MINIPACKAGES / "golden"
BACKEND = MINIPACKAGES / "_backend.py"

#: Seconds. The packages' own bounds are far shorter; this one is for a labeille that hangs.
BATCH_TIMEOUT = 240
#: Seconds of silence that end a trial: short, and yet no loaded machine needs them to start pytest.
STALL_THRESHOLD = 8
#: mini-eats-memory stops by itself at 3 GB.
MEMORY_LIMIT = "512M"

_COMMITTER = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Mini"), ("EMAIL", "mini@example.org"), ("DATE", "@0 +0000"))
}


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What one ``labeille run`` left behind.

    ``root`` holds everything that it could write to; ``records`` are the lines of results.jsonl by
    package, ``survivors`` the processes seen alive when they should not be.
    """

    root: Path
    run_dir: Path
    exit_code: int
    output: str
    records: dict[str, list[dict[str, Any]]]
    survivors: list[str] = field(default_factory=list)

    def stable(self, name: str) -> dict[str, Any]:
        """The fields of a package's one record that are the same wherever and whenever it ran."""
        records = self.records.get(f"mini-{name}", [])
        assert len(records) == 1, f"mini-{name} has {len(records)} records\n{self.output}"
        record = records[0]
        crash = record["crash"]
        if crash is not None:
            crash = {key: crash[key] for key in CRASH_FIELDS}
        jit = record["jit"]
        return {
            **{key: self._normalised(record[key]) for key in RECORD_FIELDS},
            "jit_enabled": None if jit is None else jit["enabled"],
            "crash": crash,
        }

    def _normalised(self, value: object) -> object:
        """Prose without this machine's paths and without measured numbers."""
        if not isinstance(value, str):
            return value
        value = re.sub(rf"(?:file://)?{re.escape(str(self.root))}[^\s'\",:;)]*", "<path>", value)
        return re.sub(r"\d+(?:\.\d+)?(?= (?:s|MiB|GiB)\b)", "<n>", value)


RECORD_FIELDS = (
    "status",
    "exit_code",
    "signal",
    "reason",
    "error_message",
    "timeout_hit",
    "timeout_kind",
    "tests",
    "failed_tests",
    "running_test",
    "crash_signature",
)
CRASH_FIELDS = ("kind", "signal", "python_top", "in_child", "phase")


def write_registry(names: Iterable[str], root: Path) -> Path:
    """Make a git repository of each mini package and a registry that names them."""
    registry = root / "registry"
    (registry / "packages").mkdir(parents=True)
    for name in names:
        entry = (MINIPACKAGES / name / "package.yaml").read_text()
        repository = root / "upstream" / name
        if (MINIPACKAGES / name / "pyproject.toml").exists():
            _make_repository(MINIPACKAGES / name, repository)
        entry, count = re.subn(r"^repo: .*$", f"repo: {repository}", entry, flags=re.MULTILINE)
        assert count == 1, f"{name}/package.yaml has {count} lines for repo"
        (registry / "packages" / f"mini-{name}.yaml").write_text(entry)
    return registry


def _make_repository(folder: Path, repository: Path) -> None:
    shutil.copytree(
        folder, repository, ignore=shutil.ignore_patterns("package.yaml", "__pycache__")
    )
    if not (repository / "backend.py").exists():
        shutil.copy(BACKEND, repository / "backend.py")
    commit_all(repository)


def commit_all(folder: Path) -> None:
    """Make a folder a git repository with one commit, the same wherever and whenever."""
    for command in (
        ("init", "-q", "-b", "main"),
        ("add", "-A"),
        ("commit", "-q", "--no-gpg-sign", "-m", "Start"),
    ):
        subprocess.run(["git", *command], cwd=folder, env=os.environ | _COMMITTER, check=True)


def run_batch(root: Path, run_id: str, python: Path, *options: str) -> Batch:
    """Run ``labeille run`` over the registry under ``root``, two packages at a time."""
    run_dir = root / "results" / run_id
    tmp = root / "tmp"
    tmp.mkdir(exist_ok=True)
    command = [
        *(sys.executable, "-m", "labeille", "run"),
        *("--registry-dir", str(root / "registry")),
        *("--work-dir", str(root / "work")),
        *("--results-dir", str(root / "results")),
        *("--run-id", run_id),
        *("--target-python", str(python)),
        *("--source", "git"),
        *("--workers", "2"),
        *("--timeout", "60"),
        *("--stall-threshold", str(STALL_THRESHOLD)),
        *("--memory-limit", MEMORY_LIMIT),
        *options,
    ]
    log = root / f"{run_id}.log"
    survivors: list[str] = []
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=root,
            env=os.environ | {"TMPDIR": str(tmp), "PYTHONPATH": str(REPOSITORY)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            survivors += _watch(process, run_dir / "results.jsonl")
        finally:
            process.kill()
            process.wait()
    survivors += [f"after the run: {found}" for found in find_processes(re.escape(str(root)))]
    return Batch(
        root=root,
        run_dir=run_dir,
        exit_code=process.returncode,
        output=log.read_text(errors="backslashreplace"),
        records=_by_package(read_records(run_dir / "results.jsonl")),
        survivors=survivors,
    )


def _watch(process: subprocess.Popen[bytes], records: Path) -> list[str]:
    """Wait for the run's end; as each record appears, look for processes of its package."""
    survivors: list[str] = []
    seen = 0
    deadline = time.monotonic() + BATCH_TIMEOUT
    while process.poll() is None:
        assert time.monotonic() < deadline, f"labeille run took more than {BATCH_TIMEOUT} s"
        new = read_records(records)[seen:]
        seen += len(new)
        for record in new:
            name = record["package"].removeprefix("mini-").replace("-", "[-_]")
            found = find_processes(rf"mini[-_]{name}(?![-_A-Za-z0-9])", but=process.pid)
            survivors += [f"after {record['package']}: {line}" for line in found]
        time.sleep(0.05)
    return survivors


def read_records(path: Path) -> list[dict[str, Any]]:
    """The complete lines of a results.jsonl."""
    if not path.exists():
        return []
    *lines, _torn = path.read_text().split("\n")
    return [json.loads(line) for line in lines]


def _by_package(records: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    grouped: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        grouped.setdefault(record["package"], []).append(record)
    return grouped


def find_processes(pattern: str, *, but: int | None = None) -> list[str]:
    """Every live process with the pattern in its command line, environment or working folder.

    This one is left out, and the one whose id is ``but``.
    """
    wanted = re.compile(pattern)
    return [
        f"{pid}: {' '.join(cmdline.split(chr(0))).strip()}"
        for pid, cmdline, rest in _processes()
        if pid not in (os.getpid(), but) and (wanted.search(cmdline) or wanted.search(rest))
    ]


def _processes() -> Iterator[tuple[int, str, str]]:
    """The id, the command line, and the environment with the working folder of each process."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            cmdline = (folder / "cmdline").read_bytes()
            environ = (folder / "environ").read_bytes()
            cwd = os.fsencode((folder / "cwd").readlink())
        except OSError:  # it ended meanwhile, or is another user's
            continue
        if not cmdline:
            continue  # a zombie, which its new parent will reap
        yield int(folder.name), os.fsdecode(cmdline), os.fsdecode(environ + b"\0" + cwd)
