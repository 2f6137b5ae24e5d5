"""What the probe's processes said of extension modules, and what follows from it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from labeille.environments.built_modules import calls_set_gil
from labeille.results.extension_compat import GilUse

if TYPE_CHECKING:
    from collections.abc import Iterable

#: What a definition says, as the script spells it.
_DEFINITIONS = {
    "not_used": (GilUse.NOT_USED, "its definition has Py_MOD_GIL_NOT_USED"),
    "used": (GilUse.USED, "its definition has Py_MOD_GIL_USED"),
    "silent": (GilUse.USED, "its definition has no Py_mod_gil, which asks for the GIL"),
}


class Event(msgspec.Struct, frozen=True):
    """One line of a process's report; which fields are set depends on the event."""

    event: str
    module: str = ""
    file: str = ""
    gil: bool = False
    error: str | None = None
    definition: str = ""


@dataclass
class Seen:
    """What is known of one module.

    ``came_on`` says whether the GIL came on when it was loaded, None as long as it was on already
    whenever that happened. ``error`` is why it could not be imported, or else not be looked into.
    """

    path: Path | None = None
    loaded: bool = False
    came_on: bool | None = None
    definition: str = ""
    error: str | None = None


@dataclass
class Findings:
    """The reports of all processes, added up. ``gil_after`` is the GIL's state after an import."""

    modules: dict[str, Seen] = field(default_factory=dict)
    errors: dict[str, str | None] = field(default_factory=dict)
    gil_after: dict[str, bool] = field(default_factory=dict)
    on_at_start: bool = False

    def of(self, module: str) -> Seen:
        """What is known of a module, to be added to."""
        return self.modules.setdefault(module, Seen())

    def take(self, events: Iterable[Event]) -> None:
        """Add one process's report."""
        on_before: dict[str, bool] = {}
        for event in events:
            match event.event:
                case "start":
                    self.on_at_start = self.on_at_start or event.gil
                case "imported":
                    self.errors[event.module] = event.error
                    self.gil_after.setdefault(event.module, event.gil)
                case "warning":  # the module that CPython itself names, whoever loaded it
                    self.of(event.module).came_on = True
                case "loading":
                    on_before[event.module] = event.gil
                    self.of(event.module).path = Path(event.file)
                case "loaded":
                    seen = self.of(event.module)
                    seen.loaded, seen.definition = True, event.definition
                    if not on_before.get(event.module, True):
                        seen.came_on = event.gil
                case "defined":
                    seen = self.of(event.module)
                    seen.definition, seen.error = event.definition, event.error

    def judge(self, name: str, path: Path | None = None) -> tuple[GilUse, str]:
        """Whether a module asks for the GIL, and how that is known: seen first, declared next.

        ``path`` is its file's where no process loaded it.
        """
        seen = self.modules.get(name, Seen())
        if seen.came_on is not None:
            if seen.came_on:
                return GilUse.USED, "the GIL came on when it was loaded"
            return GilUse.NOT_USED, "the GIL stayed off when it was loaded"
        if seen.definition in _DEFINITIONS:
            return _DEFINITIONS[seen.definition]
        file = seen.path or path
        if seen.definition == "single-phase" and file is not None:
            if calls_set_gil(file) is False:
                return (
                    GilUse.USED,
                    "single-phase initialisation that never calls PyUnstable_Module_SetGIL",
                )
            return GilUse.UNKNOWN, "single-phase initialisation; only importing it would tell"
        return GilUse.UNKNOWN, "it could not be loaded while the GIL was off"


def read_events(report: Path) -> list[Event]:
    """The events of a report, as far as its process came."""
    events = []
    with contextlib.suppress(OSError):
        for line in report.read_bytes().splitlines():
            with contextlib.suppress(msgspec.DecodeError):
                events.append(msgspec.json.decode(line, type=Event))
    return events
