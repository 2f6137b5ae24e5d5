"""Which of an environment's extension modules turn the GIL on: the host's side of the probe."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from labeille.environments.built_modules import installed_modules
from labeille.environments.gil_findings import Findings, Seen, read_events
from labeille.environments.variables import header_environ
from labeille.errors import Interrupted
from labeille.results.extension_compat import ExtensionModule, ExtensionOrigin, GilUse
from labeille.supervision.environ import base_environ
from labeille.supervision.model import Command, Ending, Limits, SupervisionError
from labeille.supervision.run import supervise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labeille.environments.built_modules import BuiltModule
    from labeille.environments.gil_findings import Event
    from labeille.environments.model import Environment
    from labeille.registry.model import Package
    from labeille.supervision.cancellation import Cancellation
    from labeille.supervision.model import Outcome
    from labeille.targets.model import Target

#: What the environment's interpreter runs; imported by nobody here.
SCRIPT = Path(__file__).with_name("labeille_gilprobe.py")

#: Seconds of all processes of a probe together. Importing all of a scientific stack's modules takes
#: 30 on an idle machine; one that hangs must not cost more than a suite may.
PROBE_TIMEOUT = 600.0
_LEAST_TIMEOUT = 10.0  # seconds that the last process gets whatever is left
#: Processes that may die in a module before the rest of the modules is left alone.
_MOST_DEATHS = 10
#: Modules that get a process of their own, since another turned the GIL on before them.
_MOST_ALONE = 40


@dataclass(frozen=True, kw_only=True)
class ProbeRequest:
    """One environment to probe; ``checkout`` is the folder of the package's sources.

    ``log_dir`` keeps what the probe's processes printed.
    """

    package: Package
    environment: Environment
    target: Target
    checkout: Path
    log_dir: Path


@dataclass(frozen=True, kw_only=True)
class GilProbe:
    """What came of it.

    ``fallback``: importing the package turned the GIL on. ``import_error`` is the package's own.
    ``problem`` says why the probe did not get through, None where it did.
    """

    modules: tuple[ExtensionModule, ...] = ()
    fallback: bool = False
    import_error: str | None = None
    problem: str | None = None


def probe_gil(request: ProbeRequest, *, cancel: Cancellation | None = None) -> GilProbe:
    """Import the package and its and its dependencies' extension modules, PYTHON_GIL unset.

    A module that kills the process is noted as such, and the others go on without it. Never raises
    for what the environment does; raises Interrupted when ``cancel`` ended it.
    """
    probing = _Probing(request, cancel)
    try:
        probing.run()
    except SupervisionError as error:
        return GilProbe(problem=f"the probe did not start: {error}")
    return probing.result()


class _Probing:
    """One environment's probe: processes as many as needed, their reports added up."""

    def __init__(self, request: ProbeRequest, cancel: Cancellation | None) -> None:
        self._request = request
        self._cancel = cancel
        environment = request.environment
        self._built = {
            module.name: module
            for module in installed_modules(environment.site_packages, request.package.name)
        }
        self._findings = Findings()
        self._problem: str | None = None
        self._processes = 0
        self._deadline = time.monotonic() + PROBE_TIMEOUT

    def run(self) -> None:
        import_name = self._request.environment.import_name
        own = [import_name] if import_name else []
        names = list(dict.fromkeys([*own, *self._built]))
        self._import_all(names, walk=own)
        for name in self._undecided()[:_MOST_ALONE]:
            if self._left() > 0:
                self._run({"imports": [name], "walk": []})
        self._read_definitions()

    def _import_all(self, names: Sequence[str], walk: Sequence[str]) -> None:
        """Import one after the other; after a death the next process goes on behind it."""
        left = list(names)
        for _ in range(_MOST_DEATHS):
            if not left or self._left() <= 0:
                return
            events, death = self._run({"imports": left, "walk": list(walk)})
            if death is None:
                return
            at = next((e.module for e in reversed(events) if e.event == "import"), None)
            if at is None:
                self._problem = f"the probe {death} before its first import"
                return
            self._findings.errors[at] = f"the process {death}"
            found = [event.module for event in events if event.event == "found"]
            done = {event.module for event in events if event.event == "import"}
            left = [name for name in dict.fromkeys([*left, *found]) if name not in done]

    def _undecided(self) -> list[str]:
        """Modules that were loaded with the GIL on already, and whose definition tells nothing."""
        return [
            name
            for name, seen in self._findings.modules.items()
            if seen.loaded
            and self._is_theirs(seen)
            and self._findings.judge(name)[0] is GilUse.UNKNOWN
        ]

    def _read_definitions(self) -> None:
        """Look into the modules that could not be imported."""
        left = [
            [name, str(module.path)]
            for name, module in self._built.items()
            if name not in self._findings.modules or not self._findings.modules[name].loaded
        ]
        for _ in range(_MOST_DEATHS):
            if not left:
                return
            events, death = self._run({"definitions": left})
            done = {event.module for event in events if event.event == "defining"}
            if death is None or not done:
                return
            left = [pair for pair in left if pair[0] not in done]

    # Processes

    def _left(self) -> float:
        """Seconds until the probe is over."""
        return self._deadline - time.monotonic()

    def _run(self, task: dict[str, object]) -> tuple[list[Event], str | None]:
        """One process of the probe: its events, and how it died if it did not get through."""
        self._processes += 1
        name = f"gil-probe-{self._processes}"
        log_dir = self._request.log_dir
        log_dir.mkdir(parents=True, exist_ok=True)
        report = log_dir / f"{name}.jsonl"
        report.unlink(missing_ok=True)
        python = self._request.environment.python
        argv = (str(python), "-s", str(SCRIPT), json.dumps({**task, "report": str(report)}))
        with tempfile.TemporaryDirectory(prefix="labeille-gil-") as folder:
            outcome = supervise(
                Command(
                    argv=argv,
                    cwd=Path(folder),
                    env=self._environ(Path(folder)),
                    stdout=log_dir / f"{name}.stdout.log",
                    stderr=log_dir / f"{name}.stderr.log",
                    limits=Limits(timeout=max(_LEAST_TIMEOUT, self._left())),
                ),
                cancel=self._cancel,
            )
        if outcome.ending is Ending.CANCELLED:
            raise Interrupted("interrupted while extension modules were probed")
        events = read_events(report)
        self._findings.take(events)
        finished = any(event.event == "end" for event in events)
        return events, None if finished else _death(outcome)

    def _environ(self, folder: Path) -> dict[str, str]:
        """As a trial has it, but for PYTHON_GIL: with it set, no module could turn the GIL on."""
        request = self._request
        environment = request.environment
        package = {k: v for k, v in request.package.env.items() if k not in ("PATH", "PYTHON_GIL")}
        env = base_environ(home=folder, tmp=folder, path_first=(environment.bin_dir,))
        if "PATH" in request.package.env:
            env["PATH"] = os.pathsep.join((str(environment.bin_dir), request.package.env["PATH"]))
        return env | {
            **header_environ(request.target),
            "VIRTUAL_ENV": str(environment.path),
            "PYTHONFAULTHANDLER": "1",
            **package,
        }

    # What it comes to

    def result(self) -> GilProbe:
        """The modules, the package's own first, and what importing it did."""
        own = self._request.environment.import_name
        findings = self._findings
        names = [
            name
            for name, seen in findings.modules.items()
            if self._is_theirs(seen) or (seen.came_on and not seen.path)
        ]
        modules = [self._module(name) for name in dict.fromkeys([*names, *self._built])]
        order = list(ExtensionOrigin)
        modules.sort(key=lambda module: (order.index(module.origin), module.module_name))
        return GilProbe(
            modules=tuple(modules),
            fallback=findings.on_at_start or bool(own and findings.gil_after.get(own)),
            import_error=findings.errors.get(own) if own else None,
            problem=self._problem,
        )

    def _module(self, name: str) -> ExtensionModule:
        built = self._built.get(name)
        seen = self._findings.modules.get(name, Seen())
        path = seen.path or (built.path if built else None)
        gil, evidence = self._findings.judge(name, path)
        origin = self._origin(built, path)
        editable = self._request.package.name if origin is ExtensionOrigin.PACKAGE else None
        return ExtensionModule(
            module_name=name,
            triggered_gil_fallback=bool(seen.came_on),
            origin=origin,
            distribution=built.distribution if built else editable,
            file=self._shown(path) if path else None,
            gil=gil,
            evidence=evidence,
            import_error=self._findings.errors.get(name) or seen.error,
        )

    def _is_theirs(self, seen: Seen) -> bool:
        """Whether a file is an installed one or the package's, not the standard library's."""
        if seen.path is None:
            return False
        homes = (self._request.environment.path, self._request.checkout)
        return any(seen.path.is_relative_to(home) for home in homes)

    def _origin(self, built: BuiltModule | None, path: Path | None) -> ExtensionOrigin:
        if built is not None:
            return built.origin
        if path is not None and path.is_relative_to(self._request.checkout):
            return ExtensionOrigin.PACKAGE
        return ExtensionOrigin.OTHER

    def _shown(self, path: Path) -> str:
        for home in (self._request.environment.site_packages, self._request.checkout):
            with contextlib.suppress(ValueError):
                return str(path.relative_to(home))
        return path.name


def _death(outcome: Outcome) -> str:
    """How a process of the probe ended before its time."""
    if outcome.ending is Ending.LIMIT:
        return f"took longer than {outcome.duration_seconds:.0f} s"
    signal = outcome.signal
    return f"was killed by {signal.name}" if signal else f"exited with {outcome.exit_code}"
