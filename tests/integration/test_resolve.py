"""`labeille resolve` at the size of the real registry, interrupted, and on the real index."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from loopback_index import Trouble, has_extensions, project_name, serving, trouble_of

from labeille.registry.index import read_index
from labeille.registry.model import ExtensionType
from labeille.registry.store import Registry

COUNT = 5000
REPOSITORY = Path(__file__).resolve().parents[2]
FAILING = {Trouble.BROKEN, Trouble.GARBAGE, Trouble.CUT, Trouble.OTHER}


def resolving(tmp_path: Path, index: str, *args: str) -> subprocess.Popen[str]:
    own = {
        name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_"))
    }
    settings = {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": index,
        "UV_NO_CONFIG": "1",
        "LABEILLE_CACHE_DIR": str(tmp_path / "cache"),
        "NO_PROXY": "127.0.0.1",
        "PYTHONPATH": str(REPOSITORY),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "labeille", "resolve", *args],
        env={**own, **settings},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def names_file(path: Path, count: int) -> Path:
    rows = [{"project": project_name(n), "download_count": count - n} for n in range(count)]
    path.write_text(json.dumps({"rows": rows}))
    return path


def test_five_thousand_packages_and_every_trouble(tmp_path: Path) -> None:
    names = names_file(tmp_path / "top.json", COUNT)
    with serving("--troubles") as index:
        process = resolving(tmp_path, index, "--from-json", str(names))
        output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output[-2000:]
    troubles = Counter(trouble_of(number) for number in range(COUNT))
    failed = sum(troubles[trouble] for trouble in FAILING)
    missing = troubles[Trouble.MISSING]
    written = COUNT - failed - missing
    assert (
        f"5000 entries: {written} created, {missing} not on the index, {failed} failed\n"
        f"  {troubles[Trouble.EMPTY]} without files on the index\n"
        f"  {troubles[Trouble.YANKED]} with every release yanked\n"
        f"index.yaml: {written} entries changed\n"
    ) in output
    expected = [
        number for number in range(COUNT) if trouble_of(number) not in {*FAILING, Trouble.MISSING}
    ]
    registry = Registry(tmp_path / "registry")
    packages = registry.load_all().packages
    assert [entry.name for entry in registry.index().packages] == [
        project_name(number) for number in expected
    ]
    for number in expected:
        package = packages[project_name(number)]
        kind = ExtensionType.EXTENSIONS if has_extensions(number) else ExtensionType.PURE
        if trouble_of(number) is Trouble.EMPTY:
            kind = ExtensionType.UNKNOWN
        assert package.extension_type is kind
        assert package.repo == f"https://github.com/example/{package.name}"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_keeps_what_is_written(tmp_path: Path, number: signal.Signals) -> None:
    names = names_file(tmp_path / "top.json", 200)
    with serving("--delay", "0.4") as index:
        process = resolving(tmp_path, index, "--from-json", str(names), "--workers", "4")
        packages = tmp_path / "registry" / "packages"
        deadline = time.monotonic() + 30
        while len(list(packages.glob("*.yaml"))) < 5 and time.monotonic() < deadline:
            time.sleep(0.02)
        begin = time.monotonic()
        process.send_signal(number)
        output, _ = process.communicate(timeout=30)
        assert time.monotonic() - begin < 5
    assert process.returncode == 130
    assert "Traceback" not in output
    there = {path.stem for path in packages.glob("*.yaml")}
    assert 5 <= len(there) < 200
    entries = read_index(tmp_path / "registry" / "index.yaml").packages
    assert {entry.name for entry in entries} == there
    assert re.search(r"^200 entries: \d+ created$", output, re.MULTILINE)


@pytest.mark.network
def test_the_real_index(tmp_path: Path) -> None:
    names = ["Idna", "markupsafe", "azure-core", "no-such-package-labeille-asks-for"]
    own = {"LABEILLE_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": str(REPOSITORY)}
    process = subprocess.run(
        [sys.executable, "-m", "labeille", "resolve", *names],
        env={**os.environ, **own},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "no-such-package-labeille-asks-for: not on the index\n" in process.stdout
    packages = Registry(tmp_path / "registry").load_all().packages
    found = [(p.name, p.repo, p.extension_type.value, p.notes) for p in packages.values()]
    assert found == [
        (
            "azure-core",
            "https://github.com/Azure/azure-sdk-for-python",
            "pure",
            "monorepo: the package is in sdk/core/azure-core",
        ),
        ("idna", "https://github.com/kjd/idna", "pure", ""),
        ("markupsafe", "https://github.com/pallets/markupsafe", "extensions", ""),
    ]
