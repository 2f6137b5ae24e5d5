"""Fetching targets for real, into a folder of the test's own: from Debian's mirror, without uv."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from labeille.targets.apt import is_debian_kin
from labeille.targets.conditions import resolve_condition
from labeille.targets.model import Target, TargetKind
from labeille.targets.provide import provide

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.network
@pytest.mark.skipif(not is_debian_kin(), reason="takes apt-get and dpkg")
def test_debian_gives_a_jit_and_its_debug_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABEILLE_TARGETS", str(tmp_path / "targets"))
    monkeypatch.setenv("LABEILLE_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")  # no uv
    monkeypatch.setitem(sys.modules, "uv", None)
    said: list[str] = []
    release, debug = provide(TargetKind.JIT, said.append)
    assert release.jit_works
    assert not release.debug
    assert debug.jit_works
    assert debug.debug
    assert release.path.is_relative_to(tmp_path / "targets")
    assert not any("trusted unchecked" in line for line in said)
    # Its own libraries: TLS, a database and compression work wherever the tree lies.
    subprocess.run([release.path, "-c", "import ssl, sqlite3, lzma, ctypes"], check=True)

    said.clear()
    assert [target.path for target in provide(TargetKind.JIT_DEBUG, said.append)] == [debug.path]
    assert said == []  # it was there


@pytest.mark.target("free-threaded")
@pytest.mark.parametrize(("text", "printed"), [("nogil", "False"), ("gil", "True")])
def test_the_gil_is_as_the_condition_says(
    free_threaded_target: Target, text: str, printed: str
) -> None:
    condition = resolve_condition(text, free_threaded_target, {})
    done = subprocess.run(
        [free_threaded_target.python, "-c", "import sys; print(sys._is_gil_enabled())"],
        env=dict(condition.env),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == printed
