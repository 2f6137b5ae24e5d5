"""The build backend of mini packages with ``_ext.c``: compiled as the interpreter itself was."""

import shlex
import subprocess
import sysconfig
from pathlib import Path

from _backend import build_editable as _build_editable


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    (package,) = Path.cwd().glob("mini_*")
    variables = sysconfig.get_config_vars()
    command = [
        *shlex.split(variables["LDSHARED"]),
        *shlex.split(variables["CFLAGS"]),
        *shlex.split(variables["CCSHARED"]),
        "-g",
        f"-I{sysconfig.get_path('include')}",
        "_ext.c",
        "-o",
        str(package / f"_ext{variables['EXT_SUFFIX']}"),
    ]
    subprocess.run(command, check=True)
    return _build_editable(wheel_directory)
