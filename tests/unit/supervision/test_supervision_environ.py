from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from labeille.supervision.environ import base_environ, network_environ

KEPT = {
    "HOME": "/home/me",
    "USER": "me",
    "LC_TIME": "de_DE.UTF-8",
    "LANG": "en_GB.UTF-8",
    "SSL_CERT_FILE": "/etc/company.pem",
    "LD_LIBRARY_PATH": "/opt/cpython",
    "ASAN_OPTIONS": "detect_leaks=0",
}
NETWORK = {
    "https_proxy": "http://proxy:3128",
    "HTTPS_PROXY": "http://proxy:3128",
    "no_proxy": "localhost",
    "PIP_INDEX_URL": "https://mirror/simple",
    "PIP_CERT": "/etc/company.pem",
    "PIP_CONFIG_FILE": "/etc/pip.conf",
    "UV_DEFAULT_INDEX": "https://mirror/simple",
    "UV_INDEX_COMPANY_PASSWORD": "secret",
    "UV_PYTHON_INSTALL_MIRROR": "https://mirror/python",
    "UV_CACHE_DIR": "/cache/uv",
    "GIT_SSL_CAINFO": "/etc/company.pem",
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "url.https://mirror/.insteadOf",
    "GIT_CONFIG_VALUE_0": "https://github.com/",
    "NETRC": "/home/me/.netrc",
    "XDG_CONFIG_HOME": "/home/me/.config",
    "CC": "clang",
}
DROPPED = {
    "PYTHONPATH": "/x",
    "PYTHON_JIT": "1",
    "PYTHONHOME": "/x",
    "VIRTUAL_ENV": "/x",
    "NOX_CURRENT_SESSION": "tests",
    "GITHUB_TOKEN": "secret",
    "UV_PUBLISH_TOKEN": "secret",
    "SSH_AUTH_SOCK": "/tmp/agent",
    "BASH_ENV": "/x",
    "GIT_DIR": "/x",
    "PIP_TARGET": "/x",
    "PIP_USER": "1",
    "PIP_REQUIRE_VIRTUALENV": "1",
    "PIP_PREFIX": "/x",
    "PIP_CONSTRAINT": "/x",
    "UV_PROJECT_ENVIRONMENT": "/x",
    "UV_PYTHON": "3.9",
    "UV_INTERNAL__PARENT_INTERPRETER": "/x",
    "CFLAGS": "-O0",
    "TERM": "xterm",
}


@pytest.fixture
def caller(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        monkeypatch.delenv(name)
    for name, value in {**KEPT, **NETWORK, **DROPPED, "PATH": "/usr/bin:/bin"}.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("caller")
def test_base_environ_holds_what_is_listed_and_no_more() -> None:
    assert base_environ() == {**KEPT, "PATH": "/usr/bin:/bin"}


@pytest.mark.usefixtures("caller")
def test_network_environ_adds_the_way_to_the_index() -> None:
    assert network_environ() == NETWORK


@pytest.mark.usefixtures("caller")
def test_home_tmp_path_and_further_names() -> None:
    env = base_environ(
        home=Path("/h"), tmp=Path("/t"), path_first=(Path("/a"), Path("/b")), keep=("TERM", "NO")
    )
    assert env == {
        **KEPT,
        "HOME": "/h",
        "TMPDIR": "/t",
        "PATH": "/a:/b:/usr/bin:/bin",
        "TERM": "xterm",
    }


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/usr/bin:/bin", "/usr/bin:/bin"),
        ("/venv/bin:/usr/bin", "/usr/bin"),
        ("/venv/bin/:/usr/bin", "/usr/bin"),
        ("/own/bin:/usr/bin:/own/sbin", "/usr/bin:/own/sbin"),
        (":/usr/bin:.:node_modules/.bin", "/usr/bin"),
        (None, os.defpath),
    ],
)
def test_path_leaves_out_our_own_environment_and_relative_folders(
    monkeypatch: pytest.MonkeyPatch, path: str | None, kept: str
) -> None:
    monkeypatch.setenv("VIRTUAL_ENV", "/venv")
    monkeypatch.setattr(sys, "prefix", "/own")
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    if path is None:
        monkeypatch.delenv("PATH")
    else:
        monkeypatch.setenv("PATH", path)
    assert base_environ()["PATH"] == kept


@pytest.mark.parametrize(
    ("names", "lang"),
    [({}, "C.UTF-8"), ({"LANG": ""}, "C.UTF-8"), ({"LC_ALL": "C"}, None), ({"LANG": "C"}, "C")],
)
def test_there_is_always_a_locale(
    monkeypatch: pytest.MonkeyPatch, names: dict[str, str], lang: str | None
) -> None:
    for name in list(os.environ):
        if name == "LANG" or name.startswith("LC_"):
            monkeypatch.delenv(name)
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    assert base_environ().get("LANG") == lang
