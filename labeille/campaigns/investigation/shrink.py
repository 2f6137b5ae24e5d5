"""Hands the file of a crash's test to shrinkray, which makes its body as small as it can."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import labeille
from labeille.campaigns.investigation.reduce import ReductionError, file_of
from labeille.campaigns.investigation.reproduce import plain_command, ready_or_refuse
from labeille.crashes.signature import signature_id
from labeille.errors import UsageError
from labeille.pipeline.scratch import scratch_folder
from labeille.pipeline.trial import trial_environ
from labeille.results.triage import REDUCED_DIR
from labeille.suites.narrow import narrow_command
from labeille.supervision.foreground import run_in_foreground

if TYPE_CHECKING:
    from labeille.campaigns.investigation.rebuild import Rebuilt
    from labeille.pipeline.trial import Prepared
    from labeille.results.triage import Reduction

#: What the name of the folder with a candidate stands for in a test command.
_FOLDER = "SHRUNK_FOLDER"

#: Whether the file that shrinkray gives still crashes so. Each candidate lies in a folder of its
#: own beside the original: under its name, which the crash's signature may hold, and below the same
#: conftest.py; several are tried at the same time.
_INTERESTING = """\
#!/usr/bin/env bash
# Exits with 0 when the file $1, as {name}, still crashes with the signature that ends in {hash}.
set -u
exec 2>/dev/null  # bash tells of each crash
folder=$(mktemp -d {beside}/shrink-XXXXXX)
log=$(mktemp)
trap 'rm -rf "$folder" "$log"' EXIT
cp -- "$1" "$folder"/{name}
cd {checkout}
(
    unset ${{!PYTHON@}} ${{!PYTEST@}}
    {exports}
    SHRUNK_FOLDER=${{folder##*/}}
    {command}
) >"$log" 2>&1
code=$?
PYTHONPATH={labeille} {python} -m labeille signature --exit-code "$code" --json "$log" |
    grep -q {hash_in_json}
"""


def find_shrinkray() -> str:
    """shrinkray's path; raises UsageError where there is none."""
    found = shutil.which("shrinkray")
    if found is None:
        raise UsageError(
            "--script needs shrinkray, which is not installed",
            hint="it is a program of its own: pipx install shrinkray",
        )
    return found


def shrink(rebuilt: Rebuilt, reduction: Reduction, *, seconds: float) -> Path:
    """Shrink the file of the reduction's last test, on the user's terminal; returns the result.

    One trial may take ``seconds``. Raises ReductionError where there is no single file to shrink.
    """
    ready = ready_or_refuse(rebuilt)
    files = tuple(dict.fromkeys(map(file_of, reduction.tests)))
    if len(files) != 1:
        raise ReductionError(
            f"the crash needs {len(files) or 'all'} files: shrinkray shrinks one",
            hint="--script is for a crash that a single file shows",
        )
    original = _place(rebuilt, ready, files[0])
    run = rebuilt.blueprint.recorded.run
    folder = REDUCED_DIR / f"{reduction.package}-shrunk"
    smaller = run.write_file(folder / original.name, original.read_bytes())
    with scratch_folder(rebuilt.settings, "shrink") as scratch:
        script = scratch / "interesting.sh"
        script.write_text(_script(rebuilt, ready, reduction, original, scratch), encoding="utf-8")
        script.chmod(0o755)
        env = {**os.environ, "SHRINKRAY_LLM": "0"}  # it would fetch a language model
        run_in_foreground(
            (find_shrinkray(), "--timeout", f"{seconds:g}", str(script), smaller.name),
            cwd=smaller.parent,
            env=env,
        )
    return smaller


def _place(rebuilt: Rebuilt, ready: Prepared, file: str) -> Path:
    """Where a test's file lies in the checkout: ids start from pytest's rootdir."""
    invocation = rebuilt.blueprint.recorded.invocation()
    below = "."
    if invocation is not None:
        below = os.path.relpath(invocation.rootdir, invocation.directory)
    for folder in (ready.checkout.path, ready.checkout.path / below):
        if (folder / file).is_file():
            return (folder / file).resolve()
    raise ReductionError(f"the file {file} is not found in {ready.checkout.path}")


def _script(
    rebuilt: Rebuilt, ready: Prepared, reduction: Reduction, original: Path, scratch: Path
) -> str:
    beside = PurePosixPath(file_of(reduction.tests[-1])).parent
    candidate = str(beside / _FOLDER / original.name)
    invocation = rebuilt.blueprint.recorded.invocation()
    command = narrow_command(plain_command(rebuilt), [candidate], invocation)
    assert command is not None  # it was narrowed before
    env = trial_environ(ready, scratch)
    env |= {"PYTHONFAULTHANDLER": "1", "PYTEST_ADDOPTS": "--capture=sys -p no:cacheprovider"}
    return _INTERESTING.format(
        name=shlex.quote(original.name),
        hash=signature_id(reduction.signature),
        beside=shlex.quote(str(original.parent)),
        checkout=shlex.quote(str(ready.checkout.path)),
        exports="; ".join(f"export {name}={shlex.quote(value)}" for name, value in env.items()),
        command=command.replace(_FOLDER, "$SHRUNK_FOLDER"),
        labeille=shlex.quote(str(Path(labeille.__file__).resolve().parent.parent)),
        python=shlex.quote(sys.executable),
        hash_in_json=shlex.quote(f'{signature_id(reduction.signature)}"'),
    )
