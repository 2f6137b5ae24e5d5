"""uv: where it is, and which of its settings files counts."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path


def find_uv() -> Path | None:
    """The absolute path of uv: on PATH, beside this Python, or in the ``uv`` package; else None."""
    for folders in (None, str(Path(sys.executable).parent)):
        found = shutil.which("uv", path=folders)
        if found:
            return Path(found).absolute()
    try:
        from uv import find_uv_bin  # an optional dependency
    except ImportError:
        return None
    try:
        return Path(find_uv_bin()).absolute()
    except FileNotFoundError:
        return None


def uv_config_environ() -> dict[str, str]:
    """Variables that keep uv to the user's uv.toml, and off the settings in a checkout.

    pip knows nothing of a project's ``[tool.uv]``: a ``required-version`` there stops every uv of
    another version, and its indexes are the project's developers' business. uv leaves out what it
    would discover as soon as it is given one file, or told to use none.
    """
    chosen = os.environ.get("UV_CONFIG_FILE")
    if chosen:
        return {"UV_CONFIG_FILE": str(Path(chosen).absolute())}
    if not os.environ.get("UV_NO_CONFIG"):
        user = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
        shared = (os.environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep)
        for folder in (user, *map(Path, shared), Path("/etc")):
            path = folder / "uv" / "uv.toml"
            if path.is_file():
                return {"UV_CONFIG_FILE": str(path)}
    return {"UV_NO_CONFIG": "1"}
