"""Choose the target: an option, the environment, pyproject.toml, discovery, provision."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import tomli

from labeille.errors import TargetError
from labeille.targets.discover import find, find_version
from labeille.targets.probe import probe

if TYPE_CHECKING:
    from collections.abc import Callable

    from labeille.targets.model import Target, TargetKind

TARGET_VARIABLE = "LABEILLE_TARGET_PYTHON"

_VERSION = re.compile(r"3\.\d+[td]*")


@dataclass(frozen=True, kw_only=True)
class _Wish:
    """A target that somebody named: what they wrote, where, and what relative paths start from."""

    text: str
    place: str
    folder: Path


def choose_target(
    option: str | None, *, want: TargetKind, allow_provide: bool, report: Callable[[str], None]
) -> Target:
    """The target of this command.

    In this order: ``option`` (--target-python), LABEILLE_TARGET_PYTHON, ``[tool.labeille]
    target-python`` in the nearest pyproject.toml, the best of this machine that is of the kind
    ``want``, and if ``allow_provide`` one that is fetched. A target that is named is taken even if
    it is of another kind: its condition decides then. ``report`` gets a line for each step of
    fetching. Raises TargetError when there is none, or the named one is no Python.
    """
    wish = _wish(option)
    if wish is not None:
        return _named(wish, want)
    target = find(want)
    if target is not None:
        return target
    reason = ""
    if allow_provide:
        from labeille.targets.provide import provide  # slow to import, and rarely needed

        report(f"no {want} target on this machine: fetching one")
        try:
            return provide(want, report)[0]
        except TargetError as error:
            reason = f", and none could be fetched: {error}"
    raise TargetError(
        f"there is no {want} target on this machine{reason}",
        hint=f"name an interpreter by --target-python, {TARGET_VARIABLE}, or target-python under "
        f"[tool.labeille] in pyproject.toml; put one on PATH or install one with pyenv or uv; "
        f"or run 'labeille targets get {want}'",
    )


def _wish(option: str | None) -> _Wish | None:
    if option is not None:
        return _Wish(text=option, place="--target-python", folder=Path.cwd())
    variable = os.environ.get(TARGET_VARIABLE)
    if variable:
        return _Wish(text=variable, place=TARGET_VARIABLE, folder=Path.cwd())
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "pyproject.toml").is_file():
            return _wish_of_project(folder / "pyproject.toml")
    return None


def _wish_of_project(path: Path) -> _Wish | None:
    """What a project file wishes for; None when it does not say."""
    try:
        document = tomli.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomli.TOMLDecodeError) as error:
        raise TargetError(
            f"{path} cannot be read: {error}",
            hint="mend it, or name the target by --target-python",
        ) from None
    table: object = document
    for key in ("tool", "labeille"):
        table = table.get(key, {}) if isinstance(table, dict) else None
    if not isinstance(table, dict):
        raise TargetError(f"{path}: [tool.labeille] is not a table", hint="mend it")
    text = table.get("target-python")
    if text is None:
        return None
    if not isinstance(text, str):
        raise TargetError(
            f"{path}: [tool.labeille] target-python is not a string",
            hint='for example: target-python = "3.15"',
        )
    return _Wish(text=text, place=f"{path}, [tool.labeille] target-python", folder=path.parent)


def _named(wish: _Wish, want: TargetKind) -> Target:
    """The interpreter that a wish names: a path, a command on PATH, or a version."""
    if not wish.text.strip():
        raise TargetError(f"{wish.place} is empty", hint="give a path, a command, or a version")
    path = Path(os.path.normpath(wish.folder / Path(wish.text).expanduser()))
    if _is_path(wish.text) or path.is_file():
        return _probed(path, wish)
    command = None if "\0" in wish.text else shutil.which(wish.text)
    if command:
        return _probed(Path(command), wish)
    if _VERSION.fullmatch(wish.text):
        target = find_version(wish.text, want)
        if target is not None:
            return target
    raise TargetError(
        f"{wish.place}: there is no interpreter {wish.text!r}, "
        "neither as a path, nor as a command, nor as a version",
        hint="'labeille targets list' shows what there is",
    )


def _is_path(text: str) -> bool:
    return os.sep in text or text.startswith("~") or text in (".", "..")


def _probed(path: Path, wish: _Wish) -> Target:
    try:
        return probe(path)
    except TargetError as error:
        raise TargetError(f"{wish.place}: {error}", hint=error.hint) from None
