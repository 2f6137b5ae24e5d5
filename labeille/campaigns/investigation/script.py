"""Writes a shell script that repeats a crash without labeille, and tries whether it does."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

import msgspec

from labeille.campaigns.investigation.reproduce import ready_or_refuse
from labeille.environments.key import DEFAULT_INSTALL_COMMAND
from labeille.environments.variables import cache_environ, header_environ, index_environ
from labeille.pipeline.scratch import scratch_folder
from labeille.pipeline.trial import Trial, trial_limits
from labeille.pipeline.verdict import judge_trial
from labeille.pypi.settings import index_settings
from labeille.registry.model import SourceKind
from labeille.results.triage import REDUCED_DIR, write_reduction
from labeille.suites.model import TestLog
from labeille.supervision.environ import base_environ, network_environ
from labeille.supervision.model import Command, Limits
from labeille.supervision.run import supervise

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from labeille.campaigns.investigation.rebuild import Rebuilt
    from labeille.pipeline.trial import Prepared
    from labeille.pipeline.verdict import Verdict
    from labeille.results.triage import Reduction
    from labeille.supervision.cancellation import Cancellation

#: Seconds that a script may take to install what it runs.
_SETUP_SECONDS = 1800.0

_HEAD = """\
#!/usr/bin/env bash
# Repeats a crash of CPython. Nothing but bash, git and pip is needed.
{remarks}
#
#   bash {name} [FOLDER]       works in FOLDER, by default in a new one below /tmp, and keeps it
#   PYTHON=/path/to/python     another interpreter
#   PIP="python3 -m pip"       a pip from 22.3 on, of any Python
set -euo pipefail

PYTHON=${{PYTHON:-{python}}}
PIP=${{PIP:-python3 -m pip}}
WORK=${{1:-$(mktemp -d "${{TMPDIR:-/tmp}}/{package}-XXXXXX")}}
mkdir -p "$WORK"
cd "$WORK"
WORK=$PWD
echo "in $WORK with $PYTHON"
for variable in ${{!PYTHON@}} ${{!PYTEST@}}; do
    [ "$variable" = PYTHON ] || unset "$variable"
done
"""

_VENV = """
# The environment, with the versions that it crashed with. The JIT is off until the tests run.
export PIP_CACHE_DIR=${{PIP_CACHE_DIR:-$WORK/cache}}  # no wheels that another build of Python built
export PYTHON_JIT=0 PATH="$WORK/venv/bin:$PATH" VIRTUAL_ENV="$WORK/venv"
if [ ! -e venv/complete ]; then
    rm -rf venv
    "$PYTHON" -m venv --without-pip venv
    cat >versions.txt <<'VERSIONS'
{versions}
VERSIONS
    $PIP --python venv/bin/python install --quiet {pip}
fi
"""

_SDIST = """
# The source: the released one of {package} {version}.
if [ ! -d source ]; then
    python -m pip download --quiet --no-deps --no-binary :all: --dest download {package}=={version}
    mkdir source.new
    tar -xf download/* -C source.new --strip-components=1
    mv source.new source
fi
"""

_GIT = """
# The source: {package} at {revision}.
if [ ! -d source ]; then
    rm -rf source.new
    git clone --quiet {repo} source.new
    git -C source.new checkout --quiet {revision}
    git -C source.new submodule --quiet update --init --recursive
    mv source.new source
fi
"""

_INSTALL = """
if [ ! -e venv/complete ]; then
    grep -v '^pip==' versions.txt >constraints.txt || true
    (
        export PIP_CONSTRAINT="$WORK/constraints.txt"
        cd source
        {install}
    )
    if [ -s versions.txt ]; then
        python -m pip install --quiet --no-deps --requirement versions.txt
    fi
    touch venv/complete
fi
"""

_TEST = """
# The tests, in an empty home. What a C assert prints is lost under pytest's capture of descriptors.
rm -rf home tmp
mkdir home tmp
cd source
unset PYTHON_JIT
export HOME="$WORK/home" TMPDIR="$WORK/tmp" PYTHONFAULTHANDLER=1 PYTEST_ADDOPTS=--capture=sys
{variables}{command}
"""


def repeat_script(rebuilt: Rebuilt, ready: Prepared, command: str, remarks: str) -> str:
    """A bash script: source, environment with the recorded versions, variables, test command.

    ``remarks`` say what it repeats; they become comments.
    """
    package = ready.job.package
    pins = rebuilt.settings.environments.pins
    if not pins:  # these could not be had; what is there now showed the crash as well
        installed = ready.environment.installed
        pins = tuple(f"{name}=={version}" for name, version in installed.items())
        pins = tuple(pin for pin in pins if pin.partition("==")[0].lower() != package.name)
    pip = next((pin for pin in pins if pin.startswith("pip==")), "pip")
    install = package.install_command.strip() or DEFAULT_INSTALL_COMMAND
    env = {name: value for name, value in package.env.items() if name != "PATH"}
    env |= header_environ(ready.job.target)
    return "".join(
        (
            _HEAD.format(
                remarks="\n".join(f"# {line}".rstrip() for line in remarks.splitlines()),
                name=f"{package.name}.sh",
                python=shlex.quote(ready.job.target.python),
                package=package.name,
            ),
            *_exports(env),
            *_further_path(package.env.get("PATH")),
            _VENV.format(versions="\n".join(pins), pip=shlex.quote(pip)),
            _source(rebuilt, ready),
            _INSTALL.format(install=install.replace("\n", "\n        ")),
            _TEST.format(variables="".join(_exports(ready.job.condition.env)), command=command),
        )
    )


def try_script(
    rebuilt: Rebuilt, ready: Prepared, script: Path, log_dir: Path, *, cancel: Cancellation
) -> Verdict:
    """Run a script in a new folder, with the user's package index, and judge how it ends."""
    settings = rebuilt.settings
    limits = trial_limits(ready.job, settings)
    timeout = _SETUP_SECONDS + (limits.timeout or 0.0)
    with scratch_folder(settings, "script") as scratch:
        env = base_environ(tmp=scratch / "tmp") | network_environ()
        env |= index_environ(index_settings())
        env |= cache_environ(ready.job.target)
        env["PIP"] = f"{shlex.quote(sys.executable)} {shlex.quote(str(_pip_wheel(ready)))}/pip"
        outcome = supervise(
            Command(
                argv=("bash", str(script), str(scratch / "work")),
                cwd=scratch,
                env=env,
                stdout=log_dir / "script.stdout.log",
                stderr=log_dir / "script.stderr.log",
                limits=Limits(timeout=timeout, memory=limits.memory),
            ),
            cancel=cancel,
        )
    trial = Trial(command=f"bash {script}", outcome=outcome, log=TestLog())
    return judge_trial(trial, ready.job.package.test_framework)


def with_script(
    rebuilt: Rebuilt, reduction: Reduction, *, verify: bool, cancel: Cancellation
) -> Reduction:
    """Keep a reduction in its run with the script that repeats it, tried if ``verify``."""
    ready = ready_or_refuse(rebuilt)
    run = rebuilt.blueprint.recorded.run
    relative = REDUCED_DIR / f"{reduction.package}.sh"
    text = repeat_script(rebuilt, ready, reduction.command, _remarks(ready, reduction))
    script = run.write_file(relative, text.encode("utf-8", "surrogateescape"))
    reduction = msgspec.structs.replace(reduction, script=str(relative))
    if verify:
        log_dir = run.log_dir(f"{reduction.package}.script")
        verdict = try_script(rebuilt, ready, script, log_dir, cancel=cancel)
        signature = verdict.crash.signature if verdict.crash else None
        verified = signature == reduction.signature
        ended = verdict.crash.signature if verdict.crash else f"{verdict.status}, {verdict.reason}"
        note = None if verified else f"the script ended otherwise: {ended}; its output: {log_dir}"
        notes = "; ".join(part for part in (reduction.note, note) if part)
        reduction = msgspec.structs.replace(reduction, verified=verified, note=notes or None)
    write_reduction(run, reduction)
    return reduction


def _pip_wheel(ready: Prepared) -> Path:
    """A pip that runs on any Python, also on one that labeille has without pip."""
    from virtualenv.seed.wheels.embed import get_embed_wheel

    wheel = get_embed_wheel("pip", ready.job.target.minor_version)
    assert wheel is not None
    return wheel.path


def _remarks(ready: Prepared, reduction: Reduction) -> str:
    job, checkout = ready.job, ready.checkout
    what = f"{job.name} {checkout.version or checkout.revision}"
    how = f"It came {reduction.repeats} times with {what} under {job.condition.name}, on"
    return "\n".join((reduction.signature, how, f"Python {job.target.version_text}"))


def _source(rebuilt: Rebuilt, ready: Prepared) -> str:
    package, checkout = ready.job.package, ready.checkout
    if checkout.kind is SourceKind.SDIST:
        return _SDIST.format(package=package.name, version=checkout.version)
    return _GIT.format(
        package=package.name,
        revision=checkout.revision,
        repo=shlex.quote(
            rebuilt.settings.sources.repo_overrides.get(package.name)
            or package.repo
            or checkout.origin
        ),
    )


def _further_path(path: str | None) -> Iterator[str]:
    if path is not None:
        yield f'export PATH="$PATH":{shlex.quote(path)}\n'


def _exports(env: Mapping[str, str]) -> Iterator[str]:
    for name, value in env.items():
        yield f"export {name}={shlex.quote(value)}\n"
