# ruff: noqa: E402, PTH112, PTH113, PTH118, PTH119, PTH123, PTH208, UP024, UP031
"""Run by an interpreter under test: prints what it knows of itself as one line, a dict's repr.

Not imported by labeille. It keeps to what Python 2.7 can parse, so that an interpreter that is too
old says which version it is instead of a syntax error, and it imports as little as it can: on a
debug build json and platform alone take 0.15 s.
"""

import os
import sys

sys.path[:1] = []  # this file's own folder: none of its modules may pass for the library's

import sysconfig

config = sysconfig.get_config_vars()
facts = {
    "python": sys.executable,
    "version_info": list(sys.version_info[:2]),
    "version_text": " ".join(sys.version.split()),
    "implementation": getattr(getattr(sys, "implementation", None), "name", "cpython"),
    "platform": sysconfig.get_platform(),
    "configure_args": str(config.get("CONFIG_ARGS") or ""),
    "flags": " ".join(
        str(config.get(name) or "") for name in ("CFLAGS", "PY_CFLAGS", "LDFLAGS", "PY_LDFLAGS")
    ),
    "free_threaded": bool(config.get("Py_GIL_DISABLED")),
    "gil_enabled": bool(getattr(sys, "_is_gil_enabled", lambda: True)()),
    "debug": hasattr(sys, "gettotalrefcount") or bool(config.get("Py_DEBUG")),
    "jit_available": False,
    "jit_default": False,
    "has_ensurepip": False,
}

# sys._jit came with CPython 3.14; before it, nothing tells for sure whether a JIT is on.
jit = getattr(sys, "_jit", None)
if jit is not None:
    facts["jit_available"] = bool(jit.is_available())
    facts["jit_default"] = bool(jit.is_enabled())

# Distributions ship ensurepip without its wheel, or in its place a module that raises.
wheel_folder = str(config.get("WHEEL_PKG_DIR") or "")
try:
    import zlib  # noqa: F401 - what reads the wheel

    wheel_folders = [os.path.join(path, "ensurepip", "_bundled") for path in sys.path]
    wheel_folders.append(wheel_folder)
    for folder in wheel_folders:
        if os.path.isdir(folder) and any(name.startswith("pip-") for name in os.listdir(folder)):
            if folder == wheel_folder:
                import ensurepip  # noqa: F401
            facts["has_ensurepip"] = True
            break
except (Exception, SystemExit):  # noqa: BLE001 - whatever it raises, it is of no use
    pass

# Where the machine code is: the program, and libpython where that is a shared library.
binaries = [os.path.realpath(sys.executable)] if sys.executable else []
try:
    with open("/proc/self/maps") as maps:
        loaded = [line.split(None, 5)[-1].rstrip("\n") for line in maps if "/" in line]
except (IOError, OSError):
    loaded = [os.path.join(str(config.get("LIBDIR")), str(config.get("LDLIBRARY")))]
for path in loaded:
    if "libpython" in os.path.basename(path) and os.path.isfile(path) and path not in binaries:
        binaries.append(path)
facts["binaries"] = binaries

sys.stdout.write("\nlabeille-probe:%r\n" % (facts,))
sys.stdout.flush()
