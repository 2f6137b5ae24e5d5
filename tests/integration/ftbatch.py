"""Runs the mini packages of free threading through the real command line, and reads its records."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
from minibatch import BACKEND, MINIPACKAGES, REPOSITORY, commit_all, find_processes

from labeille.results.freethreading import META_FILE, RECORDS_FILE, FreeThreadedRecord

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FOLDER = MINIPACKAGES / "freethreading"
EXTENSION_BACKEND = FOLDER / "_ext_backend.py"

#: Seconds of silence that end an iteration where that is to happen: short, and yet no loaded
#: machine needs them to start pytest.
STALL_THRESHOLD = 15.0
#: Seconds; the bounds of the packages are far shorter.
BATCH_TIMEOUT = 1200.0


@dataclass(frozen=True, kw_only=True)
class FtBatch:
    """What one ``labeille ft run`` left behind; ``root`` holds everything that it could write."""

    root: Path
    run_dir: Path
    exit_code: int
    output: str
    records: dict[str, FreeThreadedRecord]
    survivors: list[str] = field(default_factory=list)

    def __getitem__(self, name: str) -> FreeThreadedRecord:
        """The record of a mini package by its folder's name."""
        assert f"mini-{name}" in self.records, self.output
        return self.records[f"mini-{name}"]


#: What the entries of some packages say besides.
FIELDS: dict[str, dict[str, object]] = {"prints-on": {"timeout": 25}}


def write_ft_registry(names: Iterable[str], root: Path) -> Path:
    """Make a git repository of each mini package and a registry that names them."""
    packages = root / "registry" / "packages"
    packages.mkdir(parents=True, exist_ok=True)
    for name in names:
        entry = {
            "package": f"mini-{name}",
            "repo": str(_repository(name, root)),
            "extension_type": "pure",
            "install_command": "pip install -e . && pip install pytest",
            "test_command": "python -m pytest",
            "test_framework": "pytest",
            "enriched": True,
            "import_name": f"mini_{name.replace('-', '_')}",
            **FIELDS.get(name, {}),
        }
        (packages / f"mini-{name}.yaml").write_text(json.dumps(entry, indent=1))  # which is YAML
    return packages.parent


def _repository(name: str, root: Path) -> Path:
    repository = root / "upstream" / name
    if repository.exists():
        return repository
    ignored = shutil.ignore_patterns("__pycache__", "*.so")
    shutil.copytree(FOLDER / name, repository, ignore=ignored)
    if (repository / "_ext.c").exists():
        shutil.copy(EXTENSION_BACKEND, repository / "backend.py")
        shutil.copy(BACKEND, repository)
    elif not (repository / "backend.py").exists():
        shutil.copy(BACKEND, repository / "backend.py")
    (repository / "pyproject.toml").write_text(
        f'[project]\nname = "mini-{name}"\nversion = "1.0"\n\n[build-system]\nrequires = []\n'
        'build-backend = "backend"\nbackend-path = ["."]\n'
    )
    commit_all(repository)
    return repository


def ft_command(root: Path, run_id: str, python: Path, *options: str) -> list[str]:
    """``labeille ft run`` within ``root``."""
    return [
        *(sys.executable, "-m", "labeille", "ft", "run"),
        *("--registry-dir", str(root / "registry")),
        *("--work-dir", str(root / "work")),
        *("--results-dir", str(root / "results")),
        *("--run-id", run_id),
        *("--target-python", str(python)),
        *("--source", "git"),
        *("--workers", "2"),
        *("--timeout", "120"),
        *options,
    ]


def ft_environ(root: Path) -> dict[str, str]:
    """The environment of every command; a nox that these tests run in left its own there."""
    (root / "tmp").mkdir(exist_ok=True)
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("LABEILLE_", "NOX"))}
    return inherited | {"TMPDIR": str(root / "tmp"), "PYTHONPATH": str(REPOSITORY)}


def run_ft_batch(
    root: Path, run_id: str, python: Path, *options: str, unique: bool = True
) -> FtBatch:
    """Run ``labeille ft run`` over the registry under ``root``.

    ``unique``: each package has one record in the run, as where nothing is tried again.
    """
    done = subprocess.run(
        ft_command(root, run_id, python, *options),
        cwd=root,
        env=ft_environ(root),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=BATCH_TIMEOUT,
        check=False,
    )
    run_dir = root / "results" / run_id
    records = read_ft_records(run_dir)
    assert not unique or len({record.package for record in records}) == len(records)
    return FtBatch(
        root=root,
        run_dir=run_dir,
        exit_code=done.returncode,
        output=done.stdout.decode(errors="backslashreplace"),
        records={record.package: record for record in records},
        survivors=find_processes(re.escape(str(root))),
    )


def read_ft_records(run_dir: Path) -> list[FreeThreadedRecord]:
    """The complete lines of an ft_results.jsonl; each must load."""
    path = run_dir / RECORDS_FILE
    if not path.exists():
        return []
    *lines, _torn = path.read_bytes().split(b"\n")
    return [msgspec.json.decode(line, type=FreeThreadedRecord) for line in lines]


def read_ft_meta(run_dir: Path) -> dict[str, object]:
    """ft_meta.json as it is."""
    meta = json.loads((run_dir / META_FILE).read_text())
    assert isinstance(meta, dict)
    return meta
