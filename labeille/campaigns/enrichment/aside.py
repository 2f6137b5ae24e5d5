"""Folders whose tests are left out: they measure, check types, or want what a machine lacks."""

from __future__ import annotations

#: Folders below or beside tests that measure, check types, build documents, or want a network or a
#: browser.
SIDE_FOLDERS = frozenset(
    """bench benchmark benchmarks perf performance profiling typing typechecking type_tests mypy
    pyright docs doc online network examples fuzz fuzzing emscripten pyodide
    selenium""".split()  # noqa: SIM905 - reads better
)

_VENDORED = frozenset({"_vendor", "vendor", "vendored", "_vendored", "third_party", "subprojects"})


def is_aside(path: str) -> bool:
    """Whether a path lies in such a folder."""
    return any(part in SIDE_FOLDERS for part in path.split("/"))


def is_vendored(path: str) -> bool:
    """Whether tests are those of another project, which lies in this one."""
    return not _VENDORED.isdisjoint(path.split("/"))
