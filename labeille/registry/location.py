"""Where the registry of a command lies."""

from __future__ import annotations

import os
from pathlib import Path

import labeille
from labeille.errors import RegistryError
from labeille.registry.index import INDEX_NAME
from labeille.registry.store import PACKAGES_NAME

REGISTRY_DIR_VARIABLE = "LABEILLE_REGISTRY_DIR"

_HINT = "a registry is a folder with packages/<name>.yaml and index.yaml in it"


def find_registry(option: Path | None = None) -> Path:
    """The absolute path of the registry to use.

    The first of: ``option`` (--registry-dir), LABEILLE_REGISTRY_DIR, ./registry, the copy shipped
    with labeille. Raises RegistryError when a named one is none, or when there is none at all.
    """
    if option is not None:
        return _named(option, "--registry-dir")
    variable = os.environ.get(REGISTRY_DIR_VARIABLE)
    if variable:
        return _named(Path(variable), REGISTRY_DIR_VARIABLE)
    for path in (Path("registry").absolute(), *_shipped()):
        if _holds_packages(path):
            return path
    raise RegistryError("no registry was found", hint="name one with --registry-dir")


def registry_to_write(option: Path | None = None) -> Path:
    """The absolute path of the registry to write, which may be one that is yet to be made.

    The first of: ``option`` (--registry-dir), LABEILLE_REGISTRY_DIR, ./registry; never the copy
    that is shipped with labeille. Raises RegistryError for a folder with something else in it.
    """
    variable = os.environ.get(REGISTRY_DIR_VARIABLE)
    if option is not None:
        origin, path = "--registry-dir", option
    elif variable:
        origin, path = REGISTRY_DIR_VARIABLE, Path(variable)
    else:
        origin, path = "./registry", Path("registry")
    path = Path(os.path.expanduser(path)).absolute()  # noqa: PTH111 - see _named
    try:
        is_new = not path.exists() or next(path.iterdir(), None) is None
    except OSError as error:
        raise RegistryError(f"{origin}: {path} cannot be read: {error.strerror}") from None
    return path if is_new else _named(path, origin)


def _named(path: Path, origin: str) -> Path:
    """A registry that was asked for by name may be empty, but has to have its folder."""
    path = Path(os.path.expanduser(path)).absolute()  # noqa: PTH111 - expanduser() raises on "~x"
    if (path / PACKAGES_NAME).is_dir():
        return path
    hint = _HINT
    if path.name == PACKAGES_NAME and path.is_dir():
        hint = f"name the folder above it: {path.parent}"
    state = "holds no packages folder" if path.is_dir() else "is no folder"
    raise RegistryError(f"{origin}: {path} is no registry: it {state}", hint=hint)


def _holds_packages(path: Path) -> bool:
    """Whether a folder that was merely found is a registry, and not one of something else."""
    packages = path / PACKAGES_NAME
    if (path / INDEX_NAME).is_file():
        return packages.is_dir()
    return any(packages.glob("*.yaml"))


def _shipped() -> tuple[Path, ...]:
    """The registry of a checkout, then the one of a wheel (pyproject.toml puts it there)."""
    package = Path(labeille.__file__).absolute().parent
    return (package.parent / "registry", package / "_registry")
