"""From a request to a complete environment: the one that stands already, or a new one."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from labeille.environments.examine import examine
from labeille.environments.install import run_install, shims_folder, write_constraints, write_shims
from labeille.environments.key import environment_key, environment_path, recipe
from labeille.environments.marker import (
    Marker,
    environment_from,
    read_marker,
    remove_marker,
    write_marker,
)
from labeille.environments.model import InstallerChoice, InstallError, Phase
from labeille.environments.steps import Runner
from labeille.environments.uv import find_uv
from labeille.environments.variables import install_environ
from labeille.environments.venv import make_venv_with_uv, make_venv_with_virtualenv
from labeille.errors import Interrupted, UsageError
from labeille.supervision.model import Ending

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labeille.environments.model import Environment, EnvironmentRequest
    from labeille.supervision.run import Cancellation

#: Seconds between two looks at whether a wait for another process's build was cancelled.
_LOCK_POLL = 0.2


def get_environment(
    request: EnvironmentRequest, *, cancel: Cancellation | None = None
) -> Environment:
    """Return the environment that the request describes, built if it does not stand already.

    Two processes that want the same one take turns: the second finds what the first one built.
    Raises InstallError where it cannot be built, with the step that failed and what came of it,
    and Interrupted when ``cancel`` was the reason.
    """
    key = environment_key(request)
    path = environment_path(request, key)
    fresh = request.settings.refresh
    if not (fresh or request.import_again) and (found := read_marker(request, path, key)):
        return found
    locks = path.parent.parent / ".locks"
    checkout = hashlib.sha256(os.fsencode(request.checkout.path)).hexdigest()[:16]
    with (
        _disk_faults(path),
        _locked(locks / f"{request.package.name}-{key}.lock", cancel),
        # Builds leave files in the checkout, which another target's environment may share.
        _locked(locks / f"checkout-{checkout}.lock", cancel),
    ):
        if not fresh and (found := _standing(request, path, key, cancel)):
            return found
        return _build(request, path, key, cancel)


def _standing(
    request: EnvironmentRequest, path: Path, key: str, cancel: Cancellation | None
) -> Environment | None:
    """The environment that is complete already, its import checked again where that is wanted."""
    found = read_marker(request, path, key)
    if found is None or not request.import_again:
        return found
    with _runner(request, path, key, cancel) as runner:
        report = examine(request, path, runner)
    return replace(found, installed=report.installed, package_version=report.package_version)


def _build(
    request: EnvironmentRequest, path: Path, key: str, cancel: Cancellation | None
) -> Environment:
    """Build the environment and declare it complete once the package could be imported."""
    started = time.monotonic()
    with _runner(request, path, key, cancel) as runner:
        backend = _install(request, path, runner)
        report = examine(request, path, runner)
    marker = Marker(
        key=key,
        recipe=recipe(request),
        python=str(path / "bin" / "python"),
        site_packages=report.site_packages,
        backend=backend,
        installed=report.installed,
        import_name=report.import_name,
        package_version=report.package_version,
        install_seconds=round(time.monotonic() - started, 3),
    )
    write_marker(path, marker)
    return environment_from(marker, path, reused=False)


@contextlib.contextmanager
def _runner(
    request: EnvironmentRequest, path: Path, key: str, cancel: Cancellation | None
) -> Iterator[Runner]:
    """What runs the steps of a build, with a temporary folder of its own within the block."""
    tmp = path.parent.parent / ".tmp" / key
    _clear(tmp)
    tmp.mkdir(parents=True)
    write_constraints(request, tmp)
    request.log_dir.mkdir(parents=True, exist_ok=True)
    try:
        env = install_environ(request, path, tmp=tmp, shims=shims_folder(path))
    except UsageError as error:  # of pip's or uv's configuration
        raise InstallError(str(error), phase=Phase.VENV, hint=error.hint) from None
    try:
        yield Runner(env=env, log_dir=request.log_dir, cancel=cancel)
    finally:
        _clear(tmp)


def _install(request: EnvironmentRequest, path: Path, runner: Runner) -> str:
    """Install by uv; where uv fails, once more, from nothing, by real pip. Return who did it."""
    installer = request.settings.installer
    uv = None if installer is InstallerChoice.PIP else find_uv()
    if installer is InstallerChoice.UV and uv is None:
        raise InstallError(
            "uv is asked for and cannot be found",
            phase=Phase.VENV,
            hint="install uv, or use --installer auto",
        )
    if uv is not None:
        try:
            _make(request, path, uv, runner)
        except InstallError as failure:
            if installer is InstallerChoice.UV or not _pip_may_do_better(failure):
                raise
        else:
            return "uv"
    _make(request, path, None, runner)
    return "pip"


def _make(request: EnvironmentRequest, path: Path, uv: Path | None, runner: Runner) -> None:
    """Make the venv anew and install into it, all of it by one backend."""
    _clear(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if uv is not None:
        make_venv_with_uv(uv, request.target, path, runner)
    else:
        make_venv_with_virtualenv(request.target, path, runner)
    write_shims(request, path, uv)
    run_install(request, path, "pip" if uv is None else "uv", runner)


def _pip_may_do_better(failure: InstallError) -> bool:
    """Whether a failure can be uv's own: what took too long would only do so twice."""
    return failure.outcome is None or failure.outcome.ending is Ending.EXITED


def _clear(path: Path) -> None:
    """Remove an environment or a part of one; it is no complete one from the first moment on."""
    if not path.exists():
        return
    remove_marker(path)
    try:
        shutil.rmtree(path)
    except PermissionError:  # an install may have made folders that nobody can write to
        for folder, _, _ in os.walk(path):
            Path(folder).chmod(0o700)
        shutil.rmtree(path)


@contextlib.contextmanager
def _locked(lock_path: Path, cancel: Cancellation | None) -> Iterator[None]:
    """Hold a lock between processes; raises Interrupted if cancelled while waiting for it."""
    lock_path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(lock_path, timeout=_LOCK_POLL)
    while True:
        try:
            lock.acquire()
            break
        except Timeout:
            if cancel is not None and cancel.cancelled:
                raise Interrupted("interrupted while waiting for another build") from None
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def _disk_faults(path: Path) -> Iterator[None]:
    """Turn a full disk, or a folder that cannot be written, into an InstallError with a cause."""
    try:
        yield
    except OSError as error:
        where = error.filename or path
        raise InstallError(
            f"the environment cannot be written: {where}: {error.strerror or error}",
            phase=Phase.VENV,
            hint="choose another place with --venvs-dir, or make room",
        ) from error
