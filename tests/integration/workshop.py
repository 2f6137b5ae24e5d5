"""A registry of tiny packages that need no index, and labeille and nox run over it by their users.

For what happens around suites: interrupts, resuming, bad input. What suites themselves may do is
the subject of the mini packages.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from minibatch import BACKEND, REPOSITORY, commit_all, find_processes, read_records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

#: Seconds within which an interrupted labeille or nox is over, whatever its suites do: two are
#: promised, and a machine that is busy with other tests gets one more.
AT_ONCE = 3.0
#: Seconds for what is to end by itself, on a loaded machine.
PATIENCE = 180.0

NOX = str(Path(sys.executable).with_name("nox"))
NOXFILE = str(REPOSITORY / "noxfile.py")

#: What nothing but SIGKILL ends: it ignores the signals that ask, and so does its child, which has
#: a session of its own and keeps the streams open.
STUBBORN = """\
import os, signal, time
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGABRT):
    signal.signal(number, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
print("hanging", flush=True)
time.sleep(100)
"""


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A command that has ended, ``seconds`` after it was started or interrupted."""

    exit_code: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def text(self) -> str:
        """Everything about it, for a failed assertion."""
        return f"{self.exit_code} after {self.seconds:.2f} s\n{self.stdout}\n{self.stderr}"

    @property
    def error_lines(self) -> list[str]:
        return self.stderr.splitlines()


class Running:
    """A command in a process group of its own, as a terminal's shell starts it."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self.process = process
        self._folder = folder
        self._since = time.monotonic()

    def signal(self, number: int, *, group: bool = False) -> None:
        """Send a signal to the process alone, or as Ctrl-C on a terminal does to its group."""
        self._since = time.monotonic()
        if group:
            os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)

    def finish(self, seconds: float = PATIENCE) -> Finished:
        """Wait for its end; beyond ``seconds`` it is killed, and the test fails."""
        try:
            exit_code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"it goes on after {seconds} s\n{self._read()}") from None
        stdout, stderr = self._read()
        seconds = time.monotonic() - self._since
        return Finished(exit_code=exit_code, stdout=stdout, stderr=stderr, seconds=seconds)

    def output(self) -> str:
        """What it has printed so far."""
        return self._read()[0]

    def _read(self) -> tuple[str, str]:
        texts = [
            (self._folder / name).read_text(errors="backslashreplace")
            for name in ("stdout", "stderr")
        ]
        return texts[0], texts[1]


@dataclass(frozen=True)
class Workshop:
    """Everything that a test's labeille reads and writes lies under ``root``.

    ``built``, if given, is the workshop whose caches, checkouts and environments are used.
    """

    root: Path
    variables: dict[str, str] = field(default_factory=dict)
    built: Workshop | None = None

    @property
    def registry(self) -> Path:
        return self.root / "registry"

    @property
    def results(self) -> Path:
        return self.root / "results"

    def add(
        self,
        name: str,
        suite: str = "",
        *,
        build: str = "",
        files: Mapping[str, str] | None = None,
        **fields: object,
    ) -> None:
        """Add a package; ``suite`` and ``build`` are Python code: what its test command runs, and
        what its build backend does first. ``files`` are further ones by their paths. ``fields``
        change its registry entry."""
        module = f"mini_{name.replace('-', '_')}"
        entry = {
            "package": name,
            "repo": str(self._repository(name, module, suite, build, files or {})),
            "extension_type": "pure",
            "install_command": "pip install -e .",
            "test_command": "python suite.py",
            "test_framework": "custom",
            "enriched": True,
            "import_name": module,
            **fields,
        }
        self.write_entry(f"{name}.yaml", json.dumps(entry, indent=1))  # which is YAML

    def change(self, name: str, **fields: object) -> None:
        """Change fields of a package's registry entry."""
        path = self.registry / "packages" / f"{name}.yaml"
        path.write_text(json.dumps(json.loads(path.read_text()) | fields, indent=1))

    def write_entry(self, file_name: str, text: str) -> Path:
        """Put a file among the registry's packages."""
        path = self.registry / "packages" / file_name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def _repository(
        self, name: str, module: str, suite: str, build: str, files: Mapping[str, str]
    ) -> Path:
        folder = self.root / "upstream" / name
        (folder / module).mkdir(parents=True)
        (folder / module / "__init__.py").touch()
        for path, text in {"suite.py": suite, **files}.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        (folder / "backend.py").write_text(f"{build}\n{BACKEND.read_text()}")
        (folder / "pyproject.toml").write_text(
            f'[project]\nname = "{name}"\nversion = "1.0"\n\n[build-system]\nrequires = []\n'
            'build-backend = "backend"\nbackend-path = ["."]\n'
        )
        commit_all(folder)
        return folder

    def options(self, run_id: str | None = "r") -> list[str]:
        """The options that keep a command within ``root``, on the Python that tests run on."""
        return [
            *("--work-dir", str((self.built or self).root / "work")),
            *("--results-dir", str(self.results)),
            *("--target-python", sys.executable),
            *("--condition", "gil"),
            *(() if run_id is None else ("--run-id", run_id)),
        ]

    def environ(self) -> dict[str, str]:
        """The environment of every command; a nox that these tests run in left its own there."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("LABEILLE_", "NOX"))}
        return inherited | {
            "TMPDIR": str(self._folder("tmp")),
            "PYTHONPATH": str(REPOSITORY),
            "LABEILLE_CACHE_DIR": str((self.built or self)._folder("cache")),
            "LABEILLE_REGISTRY_DIR": str(self.registry),
            "NO_COLOR": "1",
            **self.variables,
        }

    def _folder(self, name: str) -> Path:
        path = self.root / name
        path.mkdir(exist_ok=True)
        return path

    def start(self, *argv: str, stdout: int | None = None) -> Running:
        """Start a command."""
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # in the background of a script
            signal.signal(signal.SIGINT, signal.default_int_handler)
        streams = self._folder("streams")
        with (streams / "stdout").open("wb") as out, (streams / "stderr").open("wb") as err:
            process = subprocess.Popen(
                argv,
                cwd=self.root,
                env=self.environ(),
                stdin=subprocess.DEVNULL,
                stdout=out if stdout is None else stdout,
                stderr=err,
                start_new_session=True,
            )
        return Running(process, streams)

    def hunt_command(self, *args: str, run_id: str | None = "r") -> list[str]:
        """``labeille run`` within ``root``."""
        return [sys.executable, "-m", "labeille", "run", *self.options(run_id), *args]

    def hunt(self, *args: str, run_id: str | None = "r") -> Running:
        """Start ``labeille run`` within ``root``."""
        return self.start(*self.hunt_command(*args, run_id=run_id))

    def nox(self, *args: str, posargs: Sequence[str] | None = None) -> Running:
        """Start nox on labeille's noxfile; the sessions' options are those of ``options()``."""
        behind = self.options() if posargs is None else posargs
        return self.start(NOX, "-f", NOXFILE, *args, *(("--", *behind) if behind else ()))

    # What is left

    def records(self, run_id: str = "r") -> list[dict[str, Any]]:
        """The records of a run, in the order they were written; every line has to be whole."""
        path = self.results / run_id / "results.jsonl"
        assert not path.exists() or path.read_bytes()[-1:] in (b"", b"\n"), "a torn line"
        return read_records(path)

    def statuses(self, run_id: str = "r") -> dict[str, str]:
        """The status of each package's one record."""
        records = self.records(run_id)
        assert len({record["package"] for record in records}) == len(records), records
        return {record["package"]: record["status"] for record in records}

    def log(self, package: str, name: str = "stdout.log", run_id: str = "r") -> str:
        """A log of a package, as far as it goes."""
        with contextlib.suppress(OSError):
            return (self.results / run_id / "logs" / package / name).read_text()
        return ""

    def processes(self) -> list[str]:
        """Every living process of this workshop: all have its path somewhere."""
        return find_processes(re.escape(str(self.root)))

    def assert_nothing_lives(self, seconds: float = 0.0) -> None:
        """No process of this workshop is alive, or none is within ``seconds``."""
        deadline = time.monotonic() + seconds
        while (found := self.processes()) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert found == [], "\n".join(found)


def wait_for(condition: Callable[[], object], running: Running) -> None:
    """Wait until a condition holds; a command that ends before it does is a failure."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert running.process.poll() is None, f"it ended before\n{running.finish().text}"
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.01)


#: Suites by their packages' names. What "fails" and "crashes" write makes their records longer
#: than any other file of a run.
SUITES = {
    "passes": "",
    "fails": "import sys; sys.stderr.write('x' * 4000); sys.exit(1)",
    "crashes": "import os; os.abort()",
    "hangs": STUBBORN,
    "hangs-too": STUBBORN,
}


@pytest.fixture(scope="session")
def built_workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """SUITES, with their environments; shared, so not to be changed."""
    workshop = Workshop(tmp_path_factory.mktemp("built"))
    for name, suite in SUITES.items():
        workshop.add(name, suite)
    done = workshop.hunt("--test-command-override", "true").finish()
    assert workshop.statuses() == dict.fromkeys(SUITES, "pass"), done.text
    return workshop


@pytest.fixture
def workshop(built_workshop: Workshop, tmp_path: Path) -> Iterator[Workshop]:
    """SUITES with environments, and a registry and results that are the test's own."""
    shutil.copytree(built_workshop.registry, tmp_path / "registry")
    with no_process_is_left(Workshop(tmp_path, built=built_workshop)) as own:
        yield own


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Workshop]:
    """No package, and nothing cached."""
    with no_process_is_left(Workshop(tmp_path)) as own:
        yield own


@contextlib.contextmanager
def no_process_is_left(workshop: Workshop) -> Iterator[Workshop]:
    """Whatever a test does, its processes are ended; that there were any is a failure."""
    try:
        yield workshop
        workshop.assert_nothing_lives()
    finally:
        for line in workshop.processes():
            with contextlib.suppress(OSError):
                os.kill(int(line.partition(":")[0]), signal.SIGKILL)
