"""Reads pip's and uv's configuration files, without starting either."""

from __future__ import annotations

import configparser
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from labeille.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# pip merges [global] and the section of its command; what concerns `pip install` concerns us.
_PIP_SECTIONS = ("global", "install")


def pip_config_values() -> dict[str, str]:
    """Return pip's settings from its files, by the long option's name (``index-url``).

    Which files, and which wins: pip's documentation, "Configuration", "Location" and "Loading
    order". Raises UsageError for a file that cannot be parsed.
    """
    sections: dict[str, dict[str, str]] = {section: {} for section in _PIP_SECTIONS}
    for path in _pip_config_files():
        for section, values in _read_ini(path).items():
            if section in sections:
                sections[section].update(values)
    return {key: value for values in sections.values() for key, value in values.items()}


def _pip_config_files() -> Iterator[Path]:
    """pip's files, a later one overriding an earlier one."""
    chosen = os.environ.get("PIP_CONFIG_FILE")
    if chosen == os.devnull:
        return
    for folder in _site_config_dirs():
        yield folder / "pip" / "pip.conf"
    yield Path("/etc/pip.conf")
    if not (chosen and Path(chosen).exists()):
        yield Path.home() / ".pip" / "pip.conf"
        yield _user_config_dir() / "pip" / "pip.conf"
    yield Path(sys.prefix) / "pip.conf"
    if chosen:
        yield Path(chosen)


def _read_ini(path: Path) -> dict[str, dict[str, str]]:
    parser = configparser.RawConfigParser()
    try:
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
        parser.read_string(text, source=str(path))
    except OSError:
        return {}
    except configparser.Error as error:
        reason = " ".join(str(error).split())
        raise UsageError(
            f"pip's configuration cannot be read: {reason}", hint=f"correct {path}"
        ) from None
    return {
        section: {_option(key): value for key, value in parser.items(section)}
        for section in parser.sections()
    }


def _option(key: str) -> str:
    return key.lower().replace("_", "-").removeprefix("--")


def uv_config_values() -> dict[str, object]:
    """Return uv's settings from its user's and the system's ``uv.toml``, the user's first.

    Keys of the ``[pip]`` table count where the top level has none. A project's own pyproject.toml
    says nothing about the packages tested here. Raises UsageError for a file that cannot be parsed.
    """
    merged: dict[str, object] = {}
    for path in _uv_config_files():
        table = _read_toml(path)
        pip_table = table.pop("pip", None)
        for values in (table, pip_table if isinstance(pip_table, dict) else {}):
            for key, value in values.items():
                merged.setdefault(key, value)
    return merged


def _uv_config_files() -> Iterator[Path]:
    """uv's files, an earlier one overriding a later one (its documentation, "Configuration")."""
    chosen = os.environ.get("UV_CONFIG_FILE")
    if chosen:
        yield Path(chosen)
    elif not os.environ.get("UV_NO_CONFIG"):
        yield _user_config_dir() / "uv" / "uv.toml"
        for folder in _site_config_dirs():
            yield folder / "uv" / "uv.toml"
        yield Path("/etc/uv/uv.toml")


def _read_toml(path: Path) -> dict[str, object]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        return {}
    import tomli

    try:
        return dict(tomli.loads(text))
    except tomli.TOMLDecodeError as error:
        raise UsageError(
            f"uv's configuration cannot be read: {path}: {error}", hint=f"correct {path}"
        ) from None


def _user_config_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """The XDG base directory that both tools use for the user on Linux."""
    return Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")


def _site_config_dirs(environ: Mapping[str, str] = os.environ) -> list[Path]:
    """The XDG directories for everyone, the one that counts least first, as pip reads them."""
    dirs = environ.get("XDG_CONFIG_DIRS") or "/etc/xdg"
    return [Path(entry) for entry in dirs.split(os.pathsep) if entry]
