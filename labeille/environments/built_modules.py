"""Extension modules among an environment's files: whose they are, and what can be seen in them."""

from __future__ import annotations

import importlib.metadata
import mmap
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from labeille.results.extension_compat import ExtensionOrigin

if TYPE_CHECKING:
    from collections.abc import Iterator

# "_speedups.cpython-313t-x86_64-linux-gnu.so", "x.abi3.so", "x.so"
_FILE = re.compile(r"(?P<stem>[^.]+)(?:\.[\w.-]+)?\.so")
#: What a module with single-phase initialisation calls to say that it needs no GIL.
_SET_GIL = b"PyUnstable_Module_SetGIL\0"
_EXTRA = re.compile(r"\bextra\b")


@dataclass(frozen=True, kw_only=True)
class BuiltModule:
    """An extension module's name, file, and the distribution that installed it."""

    name: str
    path: Path
    distribution: str
    origin: ExtensionOrigin


def installed_modules(site_packages: Path, package: str) -> list[BuiltModule]:
    """The extension modules of a package and of what it requires, by what was installed.

    The package's own first. An editable install has none here: its files lie in the checkout.
    """
    found: dict[str, importlib.metadata.Distribution] = {
        canonicalize_name(name): distribution
        for distribution in importlib.metadata.distributions(path=[str(site_packages)])
        if (name := _name(distribution))
    }
    modules = []
    for name in _required(package, found):
        origin = ExtensionOrigin.PACKAGE if name == package else ExtensionOrigin.DEPENDENCY
        for module, path in _modules_of(found[name]):
            modules.append(BuiltModule(name=module, path=path, distribution=name, origin=origin))
    return modules


def calls_set_gil(path: Path) -> bool | None:
    """Whether a file refers to PyUnstable_Module_SetGIL; None where it cannot be read.

    Without it a module with single-phase initialisation asks for the GIL; with it, it may not.
    """
    return _contains(path, _SET_GIL)


def _name(distribution: importlib.metadata.Distribution) -> str | None:
    """A distribution's name, None where its metadata is gone or has none."""
    try:
        name = distribution.metadata["Name"]
    except (KeyError, OSError):  # 3.15 raises where older ones gave None
        return None
    return str(name) if name else None


def _required(package: str, found: dict[str, importlib.metadata.Distribution]) -> list[str]:
    """The package and everything it requires that is installed, in the order of discovery.

    Markers decide for the Python that labeille runs on: whatever else they name, what is not
    installed for the target is left out anyway.
    """
    pending: list[tuple[str, frozenset[str]]] = [(package, frozenset())]
    seen: set[tuple[str, frozenset[str]]] = set()
    order: dict[str, None] = {}
    while pending:
        name, extras = pending.pop(0)
        if name not in found or (name, extras) in seen:
            continue
        seen.add((name, extras))
        order[name] = None
        for text in found[name].requires or ():
            try:
                requirement = Requirement(text)
            except InvalidRequirement:
                continue
            if _applies(requirement, extras):
                pending.append((canonicalize_name(requirement.name), frozenset(requirement.extras)))
    return list(order)


def _applies(requirement: Requirement, extras: frozenset[str]) -> bool:
    """Whether a requirement is one of these extras', or everybody's."""
    if requirement.marker is None or not _EXTRA.search(str(requirement.marker)):
        return True
    return any(requirement.marker.evaluate({"extra": extra}) for extra in extras)


def _modules_of(distribution: importlib.metadata.Distribution) -> Iterator[tuple[str, Path]]:
    for file in distribution.files or ():
        match = _FILE.fullmatch(file.name)
        *folders, _ = file.parts
        if match is None or not all(part.isidentifier() for part in (*folders, match["stem"])):
            continue
        path = Path(str(distribution.locate_file(file)))
        if is_extension_module(path, match["stem"]):
            stem = [] if match["stem"] == "__init__" else [match["stem"]]
            yield ".".join([*folders, *stem]), path


def is_extension_module(path: Path, stem: str) -> bool:
    """Whether a shared library has the init function of a module: others are plain libraries."""
    names = (f"PyInit_{stem}", f"PyModExport_{stem}")
    return any(_contains(path, name.encode() + b"\0") for name in names)


def _contains(path: Path, wanted: bytes) -> bool | None:
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return data.find(wanted) >= 0
    except (OSError, ValueError):  # an empty file cannot be mapped
        return None
