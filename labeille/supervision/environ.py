"""Environments of processes, built up from what is known to be wanted instead of inherited.

What a developer's shell holds must neither reach a suite (tokens, PYTHON*) nor change its verdict.
TERM is left out for that reason: nothing runs on a terminal here, and the CI services that packages
test themselves on set none either. So are the compilers' flags (CFLAGS and its kin): they would
make another build under the same environment's key; a package file that needs some has ``env``.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_BASE = frozenset(
    """
    LANG LANGUAGE TZ USER LOGNAME SHELL HOME TMPDIR
    SSL_CERT_FILE SSL_CERT_DIR REQUESTS_CA_BUNDLE CURL_CA_BUNDLE
    LD_LIBRARY_PATH ASAN_OPTIONS LSAN_OPTIONS MSAN_OPTIONS TSAN_OPTIONS UBSAN_OPTIONS
    """.split()  # noqa: SIM905 - a table to read
)  # the last line: a target built by hand may start with no less

_PROXIES = frozenset(
    f"{name}_PROXY" for name in ("HTTP", "HTTPS", "FTP", "SOCKS", "RSYNC", "ALL", "NO")
)

# What reaches an index or a repository from behind a company's wall, and the places of toolchains
# and their configuration. No SSH_AUTH_SOCK: installs run foreign code.
_NETWORK = frozenset(
    """
    NETRC XDG_CONFIG_HOME XDG_CONFIG_DIRS XDG_CACHE_HOME XDG_DATA_HOME SSL_CLIENT_CERT
    KEYRING_PROPERTY_KEYCHAIN
    GIT_SSL_CAINFO GIT_SSL_CAPATH GIT_SSL_CERT GIT_SSL_KEY GIT_SSL_NO_VERIFY GIT_SSL_VERSION
    GIT_PROXY_COMMAND GIT_HTTP_PROXY_AUTHMETHOD GIT_PROXY_SSL_CAINFO GIT_ASKPASS
    GIT_SSH GIT_SSH_COMMAND GIT_SSH_VARIANT
    GIT_CONFIG_GLOBAL GIT_CONFIG_SYSTEM GIT_CONFIG_NOSYSTEM GIT_CONFIG_COUNT
    CC CXX LD AR RANLIB FC PKG_CONFIG PKG_CONFIG_PATH
    CARGO_HOME CARGO_HTTP_CAINFO CARGO_HTTP_PROXY CARGO_NET_GIT_FETCH_WITH_CLI
    RUSTUP_HOME RUSTUP_TOOLCHAIN RUSTUP_DIST_SERVER RUSTUP_UPDATE_ROOT
    """.split()  # noqa: SIM905 - a table to read
)
_NETWORK_PATTERN = re.compile(r"GIT_CONFIG_(KEY|VALUE)_\d+|PIP_\w+|UV_\w+")

# Everything of pip's and uv's is wanted (mirrors, certificates, timeouts, caches) but what puts an
# install elsewhere, leaves parts of it out, or picks versions that the registry did not ask for.
_REDIRECTING = re.compile(
    r"""
    PIP_(
        TARGET | PREFIX | ROOT | USER | SRC | PYTHON | REQUIRE_VIRTUALENV | ISOLATED | DRY_RUN
        | REPORT | LOG | REQUIREMENTS? | CONSTRAINTS? | BUILD_CONSTRAINTS? | EDITABLE | GROUP
        | NO_DEPS | NO_DEPENDENCIES | IGNORE_INSTALLED | FORCE_REINSTALL | UPGRADE
        | UPGRADE_STRATEGY | PRE | PLATFORM | PYTHON_VERSION | IMPLEMENTATION | ABI
        | REQUIRE_HASHES | CONFIG_SETTINGS? | IGNORE_REQUIRES_PYTHON | NO_BUILD_ISOLATION
    )
    | UV_(
        PYTHON | PROJECT | PROJECT_ENVIRONMENT | WORKING_DIR | WORKING_DIRECTORY | SYSTEM_PYTHON
        | BREAK_SYSTEM_PACKAGES | TARGET | PREFIX | REQUIREMENT | CONSTRAINT | BUILD_CONSTRAINT
        | OVERRIDE | EXCLUDE | PRERELEASE | RESOLUTION | REQUIRE_HASHES | NO_BUILD_ISOLATION
        | ENV_FILE | NO_ENV_FILE | ISOLATED | FROZEN | LOCKED | NO_SYNC | DEV | NO_DEV
        | VENV_\w+ | PUBLISH_\w+ | INTERNAL_\w+ | RUN_\w+
    )
    """,
    re.VERBOSE,
)


def base_environ(
    *,
    home: Path | None = None,
    tmp: Path | None = None,
    path_first: Sequence[Path] = (),
    keep: Iterable[str] = (),
) -> dict[str, str]:
    """A whole environment for a process: nothing secret, nothing of the caller's Python.

    ``home`` and ``tmp`` replace the user's home and temporary folder, ``path_first`` goes before
    the user's PATH, ``keep`` names further variables to take over where they are set.
    """
    kept = {*_BASE, *keep}
    env = {
        name: value for name, value in os.environ.items() if name in kept or name.startswith("LC_")
    }
    if not any(env.get(name) for name in ("LC_ALL", "LC_CTYPE", "LANG")):
        env["LANG"] = "C.UTF-8"  # under cron as on a terminal
    env["PATH"] = os.pathsep.join([*map(str, path_first), *_search_path()])
    if home is not None:
        env["HOME"] = str(home)
    if tmp is not None:
        env["TMPDIR"] = str(tmp)
    return env


def network_environ() -> dict[str, str]:
    """The further variables that installs and fetches need, to lay over ``base_environ()``.

    Proxies, the settings of pip, uv and git that lead to an index or a repository (credentials in
    URLs among them, so nothing of this is for a suite), and where the toolchains are.
    """
    return {name: value for name, value in os.environ.items() if _is_for_network(name)}


def _is_for_network(name: str) -> bool:
    if name in _NETWORK or name.upper() in _PROXIES:
        return True
    return bool(_NETWORK_PATTERN.fullmatch(name)) and not _REDIRECTING.fullmatch(name)


def _search_path() -> list[str]:
    """The user's PATH without relative folders and without the environment that labeille is in.

    A pytest of labeille's own environment would otherwise stand in for one that a package's
    environment lacks, and run the suite on the wrong Python.
    """
    own = {str(Path(sys.prefix, "bin"))} if sys.prefix != sys.base_prefix else set()
    if virtual_env := os.environ.get("VIRTUAL_ENV"):
        own.add(str(Path(virtual_env, "bin")))
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return [
        folder
        for folder in folders
        if os.path.isabs(folder) and os.path.normpath(folder) not in own  # noqa: PTH117
    ]
