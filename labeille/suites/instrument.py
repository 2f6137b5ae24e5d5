"""Puts the evidence plugin into an environment and into a test process's variables."""

from __future__ import annotations

import os
import shlex
import signal
import tempfile
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PLUGIN_MODULE = "_labeille_evidence"

#: The signal on which a thread of a tested process writes its own stack. Suites use SIGUSR1 and 2;
#: nobody was seen to use this one.
STACK_SIGNAL = int(signal.SIGRTMAX) - 3

#: What labeille adds to PYTEST_ADDOPTS. Under pytest's default capture of descriptors, what a
#: C assert or glibc prints on abort is lost; a suite's own ``-s`` prints it just as well.
ADDOPTS = f"--capture=sys -p {PLUGIN_MODULE}"

#: Variables by which coverage.py and pytest-cov trace processes: a tracer keeps the JIT away.
_TRACING_VARIABLES = frozenset(
    {
        "COVERAGE_PROCESS_CONFIG",
        "COVERAGE_PROCESS_START",
        "COV_CORE_CONFIG",
        "COV_CORE_CONTEXT",
        "COV_CORE_DATAFILE",
        "COV_CORE_SOURCE",
    }
)


def install_plugin(site_packages: Path) -> None:
    """Copy the plugin into ``site_packages``, in one step, unless it is there as it should be.

    Raises OSError when the folder cannot be written.
    """
    source = resources.files("labeille.suites.plugin").joinpath(f"{PLUGIN_MODULE}.py").read_bytes()
    target = site_packages / f"{PLUGIN_MODULE}.py"
    if target.is_file() and target.read_bytes() == source:
        return
    handle, name = tempfile.mkstemp(prefix=f".{PLUGIN_MODULE}-", suffix=".tmp", dir=site_packages)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(source)
        temporary.chmod(0o644)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def instrumented_environ(
    env: Mapping[str, str], log: Path, options: Sequence[str] = ()
) -> dict[str, str]:
    """``env`` with what makes pytest write ``log``, and any process name its place in a crash.

    Each pytest that the test command starts appends to ``log`` and takes ``options``; what those
    start inside themselves sees ``env``'s own PYTEST_ADDOPTS. That value stays behind ours, so that
    it wins. Left alone:
    PYTHONUNBUFFERED, for pytest and unittest flush after each test, and without a buffer
    ``sys.stdout.buffer`` is another type, which suites notice; PYTHONDONTWRITEBYTECODE likewise.
    """
    result = {name: value for name, value in env.items() if name not in _TRACING_VARIABLES}
    given = env.get("PYTEST_ADDOPTS", "").strip()
    ours = f"{ADDOPTS} {shlex.join(options)}".rstrip()
    result["PYTEST_ADDOPTS"] = f"{ours} {given}".rstrip()
    result["LABEILLE_ADDOPTS"] = ours
    result["LABEILLE_STACK_SIGNAL"] = str(STACK_SIGNAL)
    result["LABEILLE_TEST_LOG"] = str(log.absolute())
    result["PYTHONFAULTHANDLER"] = "1"  # children, unittest, and suites with -p no:faulthandler
    return result
