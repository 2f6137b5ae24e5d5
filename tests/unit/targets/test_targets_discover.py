"""Discovery: where it looks, what it leaves out, and what it prefers."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from labeille.errors import TargetError
from labeille.targets import discover
from labeille.targets.model import Target, TargetKind

if TYPE_CHECKING:
    from collections.abc import Callable

HOST = Path(sys.executable).resolve()
JIT: dict[str, object] = {"jit_available": True, "jit_works": True}
FREE: dict[str, object] = {"free_threaded": True, "gil_enabled": False}


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty machine: every place where interpreters are looked for lies in one folder."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{tmp_path / 'bin2'}")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path / "uv"))
    monkeypatch.setenv("LABEILLE_TARGETS", str(tmp_path / "targets"))
    return tmp_path


def put(path: Path, content: bytes = b"\x7fELF") -> Path:
    """Something that is named and started like an interpreter, though it will not run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    "place",
    [
        "targets/3.15-jit/usr/bin/python3.15",
        "targets/3.13t/bin/python3.13t",
        "targets/uv/cpython-3.15.2-linux-x86_64-gnu/bin/python3.15",
        "uv/cpython-3.14.0+freethreaded-linux-x86_64-gnu/bin/python3.14t",
        "pyenv/versions/3.15.0a7/bin/python3.15",
        "bin/python3",
        "bin2/python3.14td",
        "bin2/python3.15d",
    ],
)
def test_every_place_is_looked_at(places: Path, place: str) -> None:
    python = put(places / place)
    assert discover.candidates() == [python]


@pytest.mark.parametrize(
    ("place", "content"),
    [
        ("pyenv/shims/python3.15", b"\x7fELF"),
        ("bin/python3.15", b"#!/usr/bin/env bash"),
        ("bin/python3.15-config", b"\x7fELF"),
        ("bin/python2.7", b"\x7fELF"),
        ("bin/python3.7", b"\x7fELF"),
        ("bin/pythonw", b"\x7fELF"),
        ("targets/3.15-jit.new/usr/bin/python3.15", b"\x7fELF"),
        ("targets/.3.15-jit.broken/usr/bin/python3.15", b"\x7fELF"),
    ],
)
def test_what_is_no_candidate(places: Path, place: str, content: bytes) -> None:
    put(places / place, content)
    assert discover.candidates() == []


def test_dangling_links_and_files_that_are_no_programs_are_left_out(places: Path) -> None:
    put(places / "bin/python3.14").chmod(0o644)
    (places / "bin/python3.15").symlink_to("gone")
    assert discover.candidates() == []


def test_each_is_named_once_by_its_real_path_and_dead_ones_are_skipped(places: Path) -> None:
    for link in ("bin/python3", "bin/python", "bin2/python3", "pyenv/versions/x/bin/python3"):
        (places / link).parent.mkdir(parents=True, exist_ok=True)
        (places / link).symlink_to(HOST)
    dead = put(places / "bin/python3.14")
    assert sorted(discover.candidates()) == sorted([HOST, dead])
    assert [target.path for target in discover.discover()] == [HOST]


def test_nothing_to_find(places: Path) -> None:
    assert discover.discover() == []
    assert discover.find(TargetKind.JIT) is None


class TestPreference:
    """What find() takes, on machines made of facts."""

    @pytest.fixture
    def machine(
        self,
        places: Path,
        make_target: Callable[..., Target],
        monkeypatch: pytest.MonkeyPatch,
    ) -> Callable[[dict[str, dict[str, object]]], list[str]]:
        """Puts interpreters with these facts on PATH; returns a list of which get probed."""
        probed: list[str] = []

        def build(pythons: dict[str, dict[str, object]]) -> list[str]:
            for name in pythons:
                put(places / "bin" / name)

            def probe(python: Path) -> Target:
                probed.append(python.name)
                facts = pythons[python.name]
                if not facts:
                    raise TargetError("dead")
                return make_target(python=str(python), **facts)

            monkeypatch.setattr(discover, "probe", probe)
            return probed

        return build

    @pytest.mark.parametrize(
        ("kind", "pythons", "found", "at_most"),
        [
            (TargetKind.JIT, {"python3.15": JIT, "python3.14": JIT}, "python3.15", 1),
            (TargetKind.JIT, {"python3.15": {"debug": True}, "python3.14": JIT}, "python3.14", 2),
            (TargetKind.JIT, {"python3.15d": JIT | {"debug": True}, "python3.15": JIT},
             "python3.15", 1),
            (TargetKind.JIT, {"python3.15d": JIT | {"debug": True}, "python3.12": {}},
             "python3.15d", 1),
            (TargetKind.JIT, {"python3.15": {}, "python3.14": JIT}, "python3.14", 2),
            (TargetKind.JIT, {"python3.15": JIT | {"sanitizers": ("address",)},
                              "python3.14": JIT}, "python3.14", 2),
            (TargetKind.JIT, {"python3.15t": JIT | FREE, "python3.14": JIT}, "python3.14", 1),
            (TargetKind.JIT, {"python3.15t": JIT | FREE}, "python3.15t", 1),
            (TargetKind.JIT, {"python3.13": JIT, "python3.12": JIT}, None, 0),
            (TargetKind.JIT_DEBUG, {"python3.15d": JIT | {"debug": True}, "python3.15": JIT},
             "python3.15d", 1),
            (TargetKind.JIT_DEBUG, {"python3.15": JIT}, None, 1),
            (TargetKind.FREE_THREADED, {"python3.15": JIT, "python3.13t": FREE},
             "python3.13t", 1),
            (TargetKind.FREE_THREADED, {"python3.15": JIT, "python": FREE}, "python", 2),
            (TargetKind.FREE_THREADED, {"python3.14td": FREE | {"debug": True},
                                        "python3.13t": FREE}, "python3.13t", 1),
        ],
    )  # fmt: skip
    def test_find(
        self,
        machine: Callable[[dict[str, dict[str, object]]], list[str]],
        kind: TargetKind,
        pythons: dict[str, dict[str, object]],
        found: str | None,
        at_most: int,
    ) -> None:
        probed = machine(pythons)
        target = discover.find(kind)
        assert (target.path.name if target else None) == found
        assert len(probed) <= at_most

    @pytest.mark.parametrize(
        ("version", "found"),
        [
            ("3.15", "python3.15"),
            ("3.15d", "python3.15d"),
            ("3.14", None),
            ("3.14t", "python3.14t"),
            ("3.9", "python3.9"),
            ("3.15t", None),
            ("3", None),
        ],
    )
    def test_find_version(
        self,
        machine: Callable[[dict[str, dict[str, object]]], list[str]],
        version: str,
        found: str | None,
    ) -> None:
        machine(
            {
                "python3.15": JIT,
                "python3.15d": JIT | {"debug": True},
                "python3.14t": FREE | {"version": "3.14.0"},
                "python3.9": {"version": "3.9.18"},
            }
        )
        target = discover.find_version(version, TargetKind.JIT)
        assert (target.path.name if target else None) == found


def test_the_newest_is_listed_first(make_target: Callable[..., Target]) -> None:
    versions = ["3.9.18", "3.15.0a7+", "3.15.2", "3.10.1"]
    made = [make_target(version=version) for version in versions]
    ordered = [target.version for target in sorted(made, key=discover.age)]
    assert ordered == ["3.15.2", "3.15.0a7+", "3.10.1", "3.9.18"]


@pytest.mark.parametrize(
    ("variables", "folder"),
    [
        ({"LABEILLE_TARGETS": "/srv/targets"}, "/srv/targets"),
        ({"XDG_CACHE_HOME": "/var/cache/me"}, "/var/cache/me/labeille/targets"),
        ({"HOME": "/home/me"}, "/home/me/.cache/labeille/targets"),
    ],
)
def test_targets_dir(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], folder: str
) -> None:
    for name in ("LABEILLE_TARGETS", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert discover.targets_dir() == Path(folder)
