"""Runs in a finished environment: what is installed, what the package is imported as, its import.

A script of its own: the standard library alone, Python 3.8 on, because the target's interpreter
runs it by its path. Its one argument is a JSON object: ``package`` (normalised name), ``checkout``
(path), ``import_name`` (or null) and ``report``: the path of what it writes, *before*
it imports anything, so that a crash in the import does not take the facts with it.
"""

from __future__ import annotations

import difflib
import importlib.metadata
import importlib.util
import json
import re
import sys
import sysconfig
import traceback
from importlib.machinery import EXTENSION_SUFFIXES
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from importlib.metadata import Distribution

#: Top-level names that a distribution or a source tree has beside what it is imported as.
BYSTANDERS = frozenset(
    """
    bench benchmark benchmarks bin build ci conftest demo demos dist doc docs example examples
    fabfile noxfile scripts setup site src tasks test testing tests tools utils venv
    """.split()  # noqa: SIM905 - a table to read
)
#: How deep a namespace is followed: google.cloud.x.y has four parts.
NAMESPACE_DEPTH = 4
#: At most this many hyphens of a name are tried as dots.
MAX_HYPHENS = 4


def normalise(name: str) -> str:
    """A distribution's name, or a module's, as PEP 503 compares names."""
    return re.sub(r"[-_.]+", "-", name).lower().strip("-")


# --- modules of a distribution --------------------------------------------------------------------


def module_name(file_name: str) -> str | None:
    """The module that a file holds, None if it holds none: "x.cpython-315.so" → "x"."""
    for suffix in (".py", *EXTENSION_SUFFIXES):
        stem = file_name[: -len(suffix)]
        if file_name.endswith(suffix) and stem.isidentifier() and stem != "__init__":
            return stem
    return None


def import_roots(files: Iterable[tuple[str, ...]]) -> set[str]:
    """The outermost things that can be imported among files, each given by its path's parts.

    A regular package, or a module, that no other of the files' packages holds; of a namespace that
    has modules alone, the namespace.
    """
    packages: set[tuple[str, ...]] = set()
    modules: set[tuple[str, ...]] = set()
    for *folders, name in files:
        if not all(part.isidentifier() for part in folders):
            continue
        if name.startswith("__init__.") and folders:
            packages.add(tuple(folders))
        stem = module_name(name)
        if stem is not None:
            modules.add((*folders, stem))
    roots = {path for path in packages if not _inside(path, packages)}
    for path in modules:
        if not _inside(path, packages):
            roots.add(path if len(path) <= 1 else path[:-1])
    return {".".join(path) for path in roots}


def _inside(path: tuple[str, ...], packages: set[tuple[str, ...]]) -> bool:
    return any(path[:length] in packages for length in range(1, len(path)))


def folder_files(folder: Path, depth: int = NAMESPACE_DEPTH) -> Iterator[tuple[str, ...]]:
    """The parts of the paths of Python files below a folder on sys.path, packages not entered."""
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return
    if any(entry.name.startswith("__init__.") for entry in entries) and depth < NAMESPACE_DEPTH:
        yield ("__init__.py",)
        return
    for entry in entries:
        if module_name(entry.name):
            yield (entry.name,)
        elif depth and entry.name.isidentifier() and entry.is_dir():
            for parts in folder_files(entry, depth - 1):
                yield (entry.name, *parts)


def distribution_modules(distribution: Distribution, site_packages: Path) -> tuple[set[str], bool]:
    """The import roots that a distribution says it has, and whether that is all there is to know.

    From its metadata (Import-Name, PEP 794), its files (RECORD), the folders that its .pth files
    add (editable installs), and setuptools' top_level.txt.
    """
    declared = [str(value) for value in distribution.metadata.get_all("Import-Name") or ()]
    if declared:
        names = {value.split(";")[0].strip() for value in declared if "private" not in value}
        return {name for name in names if name}, True
    if distribution.files is None or distribution.read_text("RECORD") is None:
        return _top_level(distribution), False  # an egg-info lists source files instead
    paths = [file.parts for file in distribution.files if ".." not in file.parts]
    modules = import_roots(path for path in paths if not _is_editable_hook(path[0]))
    if modules:
        return modules, True
    added, complete = _added_by_pth(paths, site_packages)
    top_level = _top_level_names(distribution)
    of_top_level = {name for name in added if name.split(".")[0] in top_level}
    return of_top_level or _top_level(distribution) or added, complete


def _added_by_pth(paths: list[tuple[str, ...]], site_packages: Path) -> tuple[set[str], bool]:
    """Import roots in the folders of a distribution's .pth files; False if one installs a hook."""
    modules: set[str] = set()
    complete = True
    for path in paths:
        if len(path) > 1 or not path[0].endswith(".pth"):
            continue
        for line in _read(site_packages / path[0]).splitlines():
            if line.startswith(("import ", "import\t")):
                complete = False
            elif line.strip() and not line.startswith("#"):
                modules |= import_roots(folder_files(site_packages / line.strip()))
    return modules, complete


def _is_editable_hook(name: str) -> bool:
    """Whether a file is what a build backend makes for an editable install (PEP 660)."""
    return "editable" in name.lower() and name.startswith("_")


def _top_level(distribution: Distribution) -> set[str]:
    """The names in setuptools' top_level.txt, each namespace followed to what lies in it."""
    roots: set[str] = set()
    for name in _top_level_names(distribution):
        try:
            spec = importlib.util.find_spec(name)
        except (ImportError, ValueError):
            spec = None
        if spec is None or spec.origin is not None or not spec.submodule_search_locations:
            roots.add(name)
            continue
        below: set[str] = set()
        for location in spec.submodule_search_locations:
            files = folder_files(Path(location), NAMESPACE_DEPTH - 1)
            below |= import_roots((name, *parts) for parts in files)
        roots |= below or {name}
    return roots


def _top_level_names(distribution: Distribution) -> set[str]:
    names = (distribution.read_text("top_level.txt") or "").split()
    return {name for name in names if name.isidentifier()}


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


# --- the choice -----------------------------------------------------------------------------------


def rank_modules(modules: Iterable[str], package: str) -> list[str]:
    """Modules by how likely the package is imported by them, the likeliest first.

    Names such as ``tests`` and ``docs`` are left out unless the package is called so.
    """
    wanted = normalise(package)

    def keep(module: str) -> bool:
        return normalise(module) == wanted or module.split(".")[0].lower() not in BYSTANDERS

    def key(module: str) -> tuple[bool, bool, float, int, str]:
        name = normalise(module)
        alike = difflib.SequenceMatcher(None, name, wanted, autojunk=False).ratio()
        private = any(part.startswith("_") for part in module.split("."))
        return (name != wanted, private, -alike, module.count("."), module)

    return sorted(filter(keep, modules), key=key)


def spelled_modules(package: str) -> list[str]:
    """A package's name as modules that it may be: each hyphen as a dot or an underscore."""
    parts = package.split("-")
    if len(parts) - 1 > MAX_HYPHENS:
        return [package.replace("-", "_")]
    spellings = []
    for joints in product("_.", repeat=len(parts) - 1):
        spelling = "".join(part + joint for part, joint in zip(parts, (*joints, "")))  # noqa: B905
        if all(part.isidentifier() for part in spelling.split(".")):
            spellings.append(spelling)
    return spellings


def exists(module: str) -> bool:
    """Whether the import system finds a module; of a dotted one it imports the parents."""
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, AttributeError, ValueError):
        return False


def own_distribution(package: str, checkout: Path) -> Distribution | None:
    """The package's distribution: by its name, else the only one installed from the checkout."""
    local = []
    for distribution in importlib.metadata.distributions():
        name = _name(distribution)
        if name is not None and normalise(name) == package:
            return distribution
        origin = _origin(distribution)
        if origin is not None and (origin == checkout or checkout in origin.parents):
            local.append(distribution)
    return local[0] if len(local) == 1 else None


def _origin(distribution: Distribution) -> Path | None:
    """The folder that a distribution was installed from (PEP 610), None if it was no folder."""
    try:
        direct = json.loads(distribution.read_text("direct_url.json") or "null")
        url = urlsplit(direct["url"])
    except (TypeError, KeyError, ValueError):
        return None
    return Path(unquote(url.path)).resolve() if url.scheme == "file" else None


def _name(distribution: Distribution) -> str | None:
    try:
        name = distribution.metadata["Name"]
    except (KeyError, OSError):  # 3.15 raises where older ones gave None
        return None
    return str(name) if name else None


def installed_versions() -> dict[str, str]:
    """Every installed distribution's version by its name; the first on sys.path counts."""
    versions: dict[str, str] = {}
    seen = set()
    for distribution in importlib.metadata.distributions():
        name = _name(distribution)
        if name is None or normalise(name) in seen:
            continue
        seen.add(normalise(name))
        versions[name] = str(distribution.metadata["Version"] or "")
    return dict(sorted(versions.items(), key=lambda item: item[0].lower()))


def import_candidates(package: str, distribution: Distribution | None, site: Path) -> list[str]:
    """What to try to import, the likeliest first; empty where there is nothing to import."""
    modules: list[str] = []
    complete = False
    if distribution is not None:
        found, complete = distribution_modules(distribution, site)
        modules = rank_modules(found, package)
    if modules and normalise(modules[0]) != package:
        # ruamel.yaml says that it is "ruamel", a namespace as good as empty.
        inner = [m for m in spelled_modules(package) if m.startswith(modules[0] + ".")]
        modules = [module for module in inner if exists(module)] + modules
    if modules or complete:
        return modules
    found_by_name = [module for module in spelled_modules(package) if exists(module)]
    if found_by_name or distribution is not None:
        return found_by_name[-1:]  # the one with the most dots: a namespace's portion
    return [package.replace("-", "_")]


# --- the run --------------------------------------------------------------------------------------


def import_first(candidates: list[str], report: dict[str, object]) -> None:
    """Import the first candidate that there is and note it; a failing import raises.

    A name that was derived and proves to be no module at all says more about the derivation than
    about the package: the next one is tried, and if there is none, the first one's error counts.
    """
    missing: ModuleNotFoundError | None = None
    for candidate in candidates:
        report["import_name"] = candidate
        write_report(report)
        try:
            importlib.import_module(candidate)
        except ModuleNotFoundError as error:
            if error.name is None or not (candidate + ".").startswith(error.name + "."):
                raise
            missing = missing or error
        else:
            return
    if missing is not None:
        raise missing


def write_report(report: dict[str, object]) -> None:
    Path(str(report["report"])).write_text(json.dumps(report), encoding="utf-8")


def main(task: dict[str, str | None]) -> int:
    """Write the report, import the package; the exit code says whether it could be imported."""
    package, checkout = str(task["package"]), Path(str(task["checkout"])).resolve()
    site_packages = sysconfig.get_path("purelib")
    distribution = own_distribution(package, checkout)
    report: dict[str, object] = {
        "report": task["report"],
        "installed": installed_versions(),
        "package_version": distribution.version if distribution else None,
        "site_packages": site_packages,
        "import_name": task["import_name"],
    }
    write_report(report)
    try:
        if task["import_name"]:
            importlib.import_module(task["import_name"])
        else:
            import_first(import_candidates(package, distribution, Path(site_packages)), report)
    except BaseException as error:  # noqa: BLE001 - also SystemExit: the import did not get through
        traceback.print_exc()
        report["error"] = " ".join(
            "".join(traceback.format_exception_only(type(error), error)).split()
        )
        write_report(report)
        return 1
    return 0


if __name__ == "__main__":
    if sys.path and Path(sys.path[0]) == Path(__file__).parent:
        del sys.path[0]  # the package's modules, not labeille's
    sys.exit(main(json.loads(sys.argv[1])))
