"""The environment variables that installs run with: the user's network, never the condition's."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from labeille.cache_dir import cache_dir
from labeille.environments.uv import uv_config_environ
from labeille.pypi.settings import default_index, index_settings
from labeille.supervision.environ import base_environ, network_environ
from labeille.targets.model import TSAN

if TYPE_CHECKING:
    from labeille.environments.model import EnvironmentRequest
    from labeille.pypi.model import IndexSettings
    from labeille.targets.model import Target

# uv's older names for what index_environ() says: both at once would contradict each other.
_REPLACED = frozenset({"UV_INDEX_URL", "UV_EXTRA_INDEX_URL"})


def install_environ(
    request: EnvironmentRequest, path: Path, *, tmp: Path, shims: Path
) -> dict[str, str]:
    """The whole environment of every process that builds the environment at ``path``.

    The user's home stays: pip's and uv's configuration, .netrc, and the toolchains that builds call
    (cargo, ccache) are found through it. The JIT is off, whatever the build's default is: its
    crashes belong to trials.
    """
    package = dict(request.package.env)
    env = base_environ(tmp=tmp, path_first=(shims, path / "bin"))
    if "PATH" in package:  # whatever it is, python is the environment's
        package["PATH"] = os.pathsep.join((str(shims), str(path / "bin"), package["PATH"]))
    env |= {name: value for name, value in network_environ().items() if name not in _REPLACED}
    env |= index_environ(index_settings())
    if request.settings.pins:
        env |= dict.fromkeys(("PIP_CONSTRAINT", "UV_CONSTRAINT"), constraints_file(tmp).as_uri())
    return env | {
        **uv_config_environ(),
        **cache_environ(request.target),
        **header_environ(request.target),
        **_sanitizer_environ(request.target),
        "VIRTUAL_ENV": str(path),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "PIP_PROGRESS_BAR": "off",
        "PIP_ROOT_USER_ACTION": "ignore",
        "PIP_USER": "0",  # pip.conf may say otherwise
        # Copies, not links into uv's cache: a suite that writes to site-packages would change every
        # environment to come. Measured on ext4: pip 34 → 78 ms, pytest 218 → 252 ms.
        "UV_LINK_MODE": "copy",
        "UV_NO_PROGRESS": "1",
        "UV_NO_SOURCES": "1",  # [tool.uv.sources] means nothing to pip
        "UV_PYTHON_DOWNLOADS": "never",
        "NO_COLOR": "1",
        "GIT_TERMINAL_PROMPT": "0",
        # An sdist's checkout must not find a repository that labeille's folders happen to lie in.
        "GIT_CEILING_DIRECTORIES": str(request.checkout.path.parent),
        "PYTHONFAULTHANDLER": "1",  # a crash in a build says where
        "PYTHON_JIT": "0",
        **package,
    }


def constraints_file(tmp: Path) -> Path:
    """Where the pinned versions stand while an environment is built."""
    return tmp / "constraints.txt"


def cache_environ(target: Target) -> dict[str, str]:
    """Caches of pip and uv that only this build of Python uses.

    Both keep wheels that they built by version and ABI tag alone. An extension built by 3.15.0a1,
    or by a sanitizer build, would then be loaded into another 3.15 and crash there.
    """
    root = cache_dir() / "installs" / target.target_id
    return {"UV_CACHE_DIR": str(root / "uv"), "PIP_CACHE_DIR": str(root / "pip")}


def header_environ(target: Target) -> dict[str, str]:
    """What a compiler needs to find the headers of a Debian build that is not installed in /usr.

    Its pyconfig.h includes ``<x86_64-linux-gnu/python3.15/pyconfig.h>``, which is in no folder that
    the build itself names. Suites that compile need this too.
    """
    include = target.path.resolve().parent.parent / "include"
    split = include.glob(f"*-linux-*/python{target.minor_version}*/pyconfig.h")
    if include == Path("/usr/include") or not any(split):
        return {}
    return {"C_INCLUDE_PATH": str(include), "CPLUS_INCLUDE_PATH": str(include)}


def _sanitizer_environ(target: Target) -> dict[str, str]:
    """ThreadSanitizer silent: by default a race in pip would fail an install, by exit code 66."""
    if TSAN not in target.sanitizers:
        return {}
    given = os.environ.get("TSAN_OPTIONS", "")
    ours = "report_bugs=0 exitcode=0 die_after_fork=0 atexit_sleep_ms=0"
    return {"TSAN_OPTIONS": f"{given} {ours}".strip()}


def index_environ(settings: IndexSettings) -> dict[str, str]:
    """The user's package indexes as variables that pip and uv both go by.

    uv reads no pip.conf, and pip no uv.toml.
    """
    urls = [_with_credentials(url, settings) for url in settings.indexes]
    links = [_with_credentials(url, settings) for url in settings.find_links]
    env: dict[str, str] = {}
    if not urls:
        env |= {"PIP_NO_INDEX": "1", "UV_NO_INDEX": "1"}
    else:
        main, *extra = urls
        if main != default_index():
            env |= {"PIP_INDEX_URL": main, "UV_DEFAULT_INDEX": main}
        if extra:
            env |= {"PIP_EXTRA_INDEX_URL": " ".join(extra), "UV_INDEX": " ".join(extra)}
            # pip takes the best version of all indexes; uv would look no further than the first
            # index that has the name.
            env["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    if links:
        env |= {"PIP_FIND_LINKS": " ".join(links), "UV_FIND_LINKS": ",".join(links)}
    if settings.trusted_hosts:
        hosts = " ".join(settings.trusted_hosts)
        env |= {"PIP_TRUSTED_HOST": hosts, "UV_INSECURE_HOST": hosts}
    if settings.cert:
        env |= {"PIP_CERT": settings.cert, "SSL_CERT_FILE": settings.cert}
    if settings.client_cert:
        env |= {"PIP_CLIENT_CERT": settings.client_cert, "SSL_CLIENT_CERT": settings.client_cert}
    if settings.proxy:
        env |= {"PIP_PROXY": settings.proxy, "ALL_PROXY": settings.proxy}
    env["PIP_DEFAULT_TIMEOUT"] = env["UV_HTTP_TIMEOUT"] = str(max(1, round(settings.timeout)))
    return env


def _with_credentials(url: str, settings: IndexSettings) -> str:
    parts = urlsplit(url)
    login = settings.credentials.get(parts.netloc)
    if login is None:
        return url
    userinfo = ":".join(quote(part, safe="") for part in login)
    return parts._replace(netloc=f"{userinfo}@{parts.netloc}").geturl()
