"""Extension modules among installed files, by metadata as installers write it."""

from __future__ import annotations

from pathlib import Path

import pytest

from labeille.environments.built_modules import calls_set_gil, installed_modules
from labeille.results.extension_compat import ExtensionOrigin


def install(site: Path, name: str, files: dict[str, bytes], requires: tuple[str, ...] = ()) -> None:
    for file, content in files.items():
        (site / file).parent.mkdir(parents=True, exist_ok=True)
        (site / file).write_bytes(content)
    info = site / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    lines = "".join(f"Requires-Dist: {text}\n" for text in requires)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{lines}")
    (info / "RECORD").write_text("".join(f"{file},,\n" for file in files))


def module(name: str) -> bytes:
    return b"\x7fELF\0PyInit_" + name.encode() + b"\0rest"


def found(site: Path, package: str) -> list[tuple[str, str, ExtensionOrigin]]:
    return [
        (each.name, each.distribution, each.origin) for each in installed_modules(site, package)
    ]


def test_modules_and_plain_libraries(tmp_path: Path) -> None:
    install(
        tmp_path,
        "demo",
        {
            "demo/__init__.py": b"",
            "demo/_speedups.cpython-313t-x86_64-linux-gnu.so": module("_speedups"),
            "demo/sub/plain.so": module("plain"),
            "demo/stable.abi3.so": module("stable"),
            "demo/new.abi3t.so": b"\x7fELF\0PyModExport_new\0",
            "demo/pkg/__init__.cpython-313t-x86_64-linux-gnu.so": module("__init__"),
            "_top.cpython-313t-x86_64-linux-gnu.so": module("_top"),
            "demo/libhelp.so": b"\x7fELF\0help_init\0",
            "demo.libs/libopenblas-r0-1234.so": module("libopenblas"),
            "demo/empty.so": b"",
            "demo/_speedups.pyi": b"",
        },
    )
    names = [name for name, _, _ in found(tmp_path, "demo")]
    expected = ["demo._speedups", "demo.sub.plain", "demo.stable", "demo.new", "demo.pkg", "_top"]
    assert names == expected


def test_dependencies_follow_what_is_required(tmp_path: Path) -> None:
    install(
        tmp_path,
        "demo",
        {"demo/a.so": module("a")},
        (
            "Dep.One[fast]>=1",
            "nowhere; python_version < '3'",
            "extra-only; extra == 'x'",
            "not a req!",
        ),
    )
    install(
        tmp_path,
        "dep-one",
        {"dep/b.so": module("b")},
        ("dep-two; extra == 'fast'", "demo", "extra-only; extra == 'slow'"),
    )
    install(tmp_path, "dep-two", {"two/c.so": module("c")})
    install(tmp_path, "extra-only", {"extra/d.so": module("d")})
    install(tmp_path, "pytest", {"pytest/e.so": module("e")})
    package, dependency = ExtensionOrigin.PACKAGE, ExtensionOrigin.DEPENDENCY
    assert found(tmp_path, "demo") == [
        ("demo.a", "demo", package),
        ("dep.b", "dep-one", dependency),
        ("two.c", "dep-two", dependency),
    ]


def test_what_is_not_there(tmp_path: Path) -> None:
    install(tmp_path, "demo", {"demo/gone.so": module("gone")})
    (tmp_path / "demo" / "gone.so").unlink()
    assert found(tmp_path, "demo") == []
    assert found(tmp_path, "unknown") == []


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b"xPyUnstable_Module_SetGIL\0", True), (b"PyModule_Create2\0", False), (b"", None)],
)
def test_calls_set_gil(tmp_path: Path, content: bytes, expected: bool | None) -> None:
    library = tmp_path / "x.so"
    library.write_bytes(content)
    assert calls_set_gil(library) is expected
    assert calls_set_gil(tmp_path / "missing.so") is None
