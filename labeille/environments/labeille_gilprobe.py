"""Runs in a finished environment of a free-threaded build: which modules turn the GIL on again.

A script of its own: the standard library alone, run by the target's interpreter by its path, with
PYTHON_GIL unset, for PYTHON_GIL=0 would keep the GIL off whatever a module asks for. Its one
argument is a JSON object: ``report``, the path of what it writes, and one of

``imports``: names to import one after the other, and ``walk``: packages among them whose folders
are searched for further extension modules, which are imported too;
``definitions``: pairs of a module's name and its file, whose definition is read without importing
it (PEP 489: the init function of such a module returns its definition and runs nothing else).

The report has one JSON line an event, written before anything is risked: a crash or a hang in a
module says by its last line which one it was.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import warnings
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

#: The slot Py_mod_gil, as Include/moduleobject.h numbered it and as Include/slots_generated.h does
#: since 3.15, and its two values.
PY_MOD_GIL = (4, 87)
PY_MOD_GIL_USED, PY_MOD_GIL_NOT_USED = 0, 1
#: Slots that hold further slots: Py_slot_subslots, Py_mod_slots (PEP 820).
_NESTED = (92, 94)
#: More slots than any definition has: a wrong guess at the layout must not run through memory.
_MOST_SLOTS = 64

_WARNING = "global interpreter lock (GIL) has been enabled to load module '"


class Report:
    """Appends events to the report, each flushed: one JSON object a line."""

    def __init__(self, path: str) -> None:
        self._file = open(path, "a", encoding="utf-8")  # noqa: PTH123, SIM115 - open to the end

    def write(self, event: str, **fields: object) -> None:
        self._file.write(json.dumps({"event": event, **fields}) + "\n")
        self._file.flush()


def gil_is_on() -> bool:
    """Whether the GIL is on at this moment; builds that cannot do without have no function."""
    return bool(getattr(sys, "_is_gil_enabled", lambda: True)())


# --- imports --------------------------------------------------------------------------------------


def watch_loading(report: Report) -> None:
    """Have every extension module's loading reported, with the GIL's state before and after.

    CPython decides on the GIL in create_module: there the module says what it needs.
    """
    create = ExtensionFileLoader.create_module

    def create_module(self: ExtensionFileLoader, spec: Any) -> ModuleType:
        before = gil_is_on()
        report.write("loading", module=spec.name, file=str(spec.origin), gil=before)
        module = create(self, spec)
        definition = _definition_of(module, spec.name, str(spec.origin))
        report.write("loaded", module=spec.name, gil=gil_is_on(), definition=definition)
        return module

    ExtensionFileLoader.create_module = create_module  # type: ignore[method-assign]


def watch_warnings(report: Report) -> None:
    """Report the module that each RuntimeWarning about the GIL names."""
    warnings.simplefilter("always")
    show = warnings.showwarning

    def showwarning(message: Any, *args: Any, **kwargs: Any) -> None:
        _, found, rest = str(message).partition(_WARNING)
        if found:
            report.write("warning", module=rest.partition("'")[0])
        show(message, *args, **kwargs)

    warnings.showwarning = showwarning


def import_all(names: list[str], walk: list[str], report: Report) -> None:
    """Import every name, and every extension module in the folders of the packages in ``walk``."""
    pending = list(names)
    asked = set(names)
    while pending:
        name = pending.pop(0)
        report.write("import", module=name, gil=gil_is_on())
        error = _failure(lambda name=name: importlib.import_module(name))  # type: ignore[misc]
        report.write("imported", module=name, gil=gil_is_on(), error=error)
        if name in walk and error is None:
            for found in _modules_below(name):
                if found not in asked:
                    report.write("found", module=found)
                    asked.add(found)
                    pending.append(found)


def _failure(action: Callable[[], object]) -> str | None:
    """What an action raises in a line, None where it does not."""
    try:
        action()
    except BaseException as error:  # noqa: BLE001 - also SystemExit: a script that was imported
        return " ".join(f"{type(error).__name__}: {error}".split())[:300]
    return None


def _modules_below(package: str) -> Iterator[str]:
    """Names of the extension modules that lie in a package's folders."""
    for folder in list(getattr(sys.modules[package], "__path__", ())):
        for root, folders, files in os.walk(folder):
            folders[:] = sorted(name for name in folders if name.isidentifier())
            parts = Path(root).relative_to(folder).parts
            for file in sorted(files):
                stem = _module_stem(file)
                if stem:
                    yield ".".join([package, *parts] + ([] if stem == "__init__" else [stem]))


def _module_stem(file: str) -> str | None:
    for suffix in EXTENSION_SUFFIXES:
        stem = file[: -len(suffix)]
        if file.endswith(suffix) and stem.isidentifier():
            return stem
    return None


# --- definitions ----------------------------------------------------------------------------------


def _definition_of(module: object, name: str, path: str) -> str:
    """What the definition of a loaded module says: "not_used", "used", or why it cannot be told."""
    try:
        import ctypes

        get = ctypes.pythonapi.PyModule_GetDef
    except (ImportError, AttributeError):
        return "unreadable"
    get.argtypes, get.restype = [ctypes.py_object], ctypes.c_void_p
    try:
        address = get(module)
    except (TypeError, SystemError):  # no module object at all (PEP 489 allows any)
        return "unreadable"
    if address:
        return _read_definition(address)
    try:
        return _exported(name, path)
    except (AttributeError, OSError):  # no PyModExport either
        return "unreadable"


def _exported(name: str, path: str) -> str:
    """What the slots declare that a module exports instead of a definition (PEP 793, 3.15)."""
    import ctypes

    export = ctypes.PyDLL(path)[f"PyModExport_{name.rpartition('.')[2]}"]
    export.restype = ctypes.c_void_p
    return _read_slots(export(), ctypes.c_uint16)


def _read_definition(address: int) -> str:
    """What a PyModuleDef declares: "used", "not_used", "silent" or "single-phase".

    Include/moduleobject.h: PyModuleDef_Base is PyObject_HEAD and three words; m_name, m_doc,
    m_size, m_methods and m_slots follow, a word each. A slot is an int, padded, and a word.
    """
    import ctypes

    word = ctypes.sizeof(ctypes.c_void_p)
    slots = ctypes.c_void_p.from_address(address + object.__basicsize__ + 7 * word).value
    return _read_slots(slots, ctypes.c_int) if slots else "single-phase"


def _read_slots(address: int, number_type: Any) -> str:
    """What an array of slots declares.

    Two words each: the number, an int (PyModuleDef_Slot) or 16 bits (PySlot), and the value.
    """
    import ctypes

    word = ctypes.sizeof(ctypes.c_void_p)
    silent = "silent"
    for at in range(address, address + _MOST_SLOTS * 2 * word, 2 * word):
        number = number_type.from_address(at).value
        if number == 0:
            return silent
        if number in PY_MOD_GIL:
            value = ctypes.c_void_p.from_address(at + word).value or PY_MOD_GIL_USED
            answers = {PY_MOD_GIL_USED: "used", PY_MOD_GIL_NOT_USED: "not_used"}
            return answers.get(value, "unreadable")
        if number in _NESTED:
            silent = "unreadable"
    return "unreadable"


def read_definitions(modules: list[list[str]], report: Report) -> None:
    """Report what the definitions in these files declare, without importing the modules."""
    for name, path in modules:
        report.write("defining", module=name)
        try:
            definition = _definition_in(name, path)
        except BaseException as error:  # noqa: BLE001 - single-phase modules run their code
            report.write("defined", module=name, error=f"{type(error).__name__}: {error}"[:300])
        else:
            report.write("defined", module=name, definition=definition)


def _definition_in(name: str, path: str) -> str:
    """What an extension module's init function gives: a definition, or (single-phase) a module.

    As an address: to Python the definition is an object that it must not free.
    """
    import ctypes

    try:
        init = ctypes.PyDLL(path)[f"PyInit_{name.rpartition('.')[2]}"]
    except AttributeError:
        return _exported(name, path)
    init.restype = ctypes.c_void_p
    address = init()
    if not address:
        raise SystemError(f"PyInit_{name.rpartition('.')[2]} failed")
    at_type = address + object.__basicsize__ - ctypes.sizeof(ctypes.c_void_p)
    definition_type = ctypes.addressof(ctypes.c_char.in_dll(ctypes.pythonapi, "PyModuleDef_Type"))
    if ctypes.c_void_p.from_address(at_type).value == definition_type:
        return _read_definition(address)
    return "single-phase"


def main(task: dict[str, Any]) -> None:
    report = Report(task["report"])
    report.write("start", gil=gil_is_on())
    if "definitions" in task:
        read_definitions(task["definitions"], report)
    else:
        watch_loading(report)
        watch_warnings(report)
        import_all(task["imports"], task["walk"], report)
    report.write("end", gil=gil_is_on())


if __name__ == "__main__":
    if sys.path and Path(sys.path[0]) == Path(__file__).parent:
        del sys.path[0]  # the package's modules, not labeille's
    main(json.loads(sys.argv[1]))
