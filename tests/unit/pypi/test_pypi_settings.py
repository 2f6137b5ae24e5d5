"""Where the index settings come from, and which of them wins."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from labeille.errors import UsageError
from labeille.pypi.settings import default_index, index_settings

if TYPE_CHECKING:
    from pathlib import Path

A, B, C, D = (f"https://{letter}.test/simple/" for letter in "abcd")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without any setting; files of the system itself cannot be hidden from the tests."""
    for name in list(os.environ):
        if name.startswith(("PIP_", "UV_", "SSL_", "XDG_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "xdg"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return tmp_path


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_the_default_is_a_simple_api_over_https() -> None:
    settings = index_settings()
    assert settings.indexes == (default_index(),)
    assert default_index().startswith("https://")
    assert default_index().endswith("/simple/")
    assert settings.find_links == ()
    assert settings.timeout == 15


@pytest.mark.parametrize(
    ("environ", "indexes"),
    [
        ({"PIP_INDEX_URL": A.rstrip("/")}, (A,)),
        ({"PIP_INDEX_URL": A, "PIP_EXTRA_INDEX_URL": f"{B} {C}"}, (A, B, C)),
        ({"PIP_INDEX_URL": A, "PIP_EXTRA_INDEX_URL": A}, (A,)),
        ({"UV_INDEX_URL": A, "UV_EXTRA_INDEX_URL": B}, (A, B)),
        ({"UV_DEFAULT_INDEX": A, "UV_INDEX": f"corp={B} {C}"}, (A, B, C)),
        ({"UV_DEFAULT_INDEX": f"corp={A}"}, (A,)),
        ({"PIP_INDEX_URL": A, "UV_DEFAULT_INDEX": B}, (A,)),
        ({"PIP_NO_INDEX": "1", "PIP_INDEX_URL": A}, ()),
        ({"UV_NO_INDEX": "true"}, ()),
        ({"PIP_NO_INDEX": "no", "PIP_INDEX_URL": A}, (A,)),
        ({"PIP_INDEX_URL": "/srv/simple"}, ("file:///srv/simple/",)),
        ({"PIP_INDEX_URL": "file:///srv/simple"}, ("file:///srv/simple/",)),
    ],
)
def test_environment(
    environ: dict[str, str], indexes: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert index_settings().indexes == indexes


def test_pip_files_override_each_other(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIP_CONFIG_FILE")
    write(home / "xdg/pip/pip.conf", f"[global]\nindex-url = {A}\ntimeout = 7\n")
    assert index_settings().indexes[0] == A
    write(home / ".pip/pip.conf", f"[global]\nindex-url = {B}\n")
    assert index_settings().indexes[0] == B
    write(home / ".config/pip/pip.conf", f"[global]\nindex_url = {C}\n")
    assert index_settings().indexes[0] == C
    write(home / "xdg/pip/pip.conf", f"[install]\n--index-url = {D}\n[list]\nindex-url = {A}\n")
    assert index_settings().indexes[0] == D
    monkeypatch.setenv("PIP_INDEX_URL", A)
    assert index_settings().indexes[0] == A


def test_a_pip_file_of_choice_replaces_the_users(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(home / ".config/pip/pip.conf", f"[global]\nindex-url = {A}\ncert = /a.pem\n")
    chosen = write(
        home / "chosen.conf",
        f"""[global]
index-url = {B}
extra-index-url =
    {C}
    file:///srv/simple
find-links = /srv/wheels ~/more
trusted-host = a.test b.test:8
client-cert = /client.pem
proxy = http://proxy.test:3128
timeout = 60
""",
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(chosen))
    settings = index_settings()
    assert settings.indexes == (B, C, "file:///srv/simple/")
    assert settings.find_links == ("file:///srv/wheels", (home / "more").as_uri())
    assert settings.trusted_hosts == ("a.test", "b.test:8")
    assert settings.client_cert == "/client.pem"
    assert settings.proxy == "http://proxy.test:3128"
    assert settings.timeout == 60
    assert settings.cert != "/a.pem"


def test_uv_files(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(home / "xdg/uv/uv.toml", f'index-url = "{D}"\nfind-links = ["/srv/wheels"]\n')
    assert index_settings().indexes == (D,)
    write(
        home / ".config/uv/uv.toml",
        f"""
extra-index-url = ["{C}"]
[[index]]
name = "corp-1"
url = "{B}"
[[index]]
url = "{A}"
default = true
[[index]]
name = "hidden"
url = "https://hidden.test/simple"
explicit = true
[[index]]
name = "flat"
url = "https://flat.test/links"
format = "flat"
""",
    )
    monkeypatch.setenv("UV_INDEX_CORP_1_USERNAME", "me")
    monkeypatch.setenv("UV_INDEX_CORP_1_PASSWORD", "p@/ss")
    settings = index_settings()
    assert settings.indexes == (A, C, B)
    assert settings.find_links == ("file:///srv/wheels", "https://flat.test/links")
    assert settings.credentials == {"b.test": ("me", "p@/ss")}
    monkeypatch.setenv("UV_NO_CONFIG", "1")
    assert index_settings().indexes == (default_index(),)


def test_credentials_are_kept_apart_and_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://me:secret@a.test:8/simple")
    settings = index_settings()
    assert settings.indexes == ("https://a.test:8/simple/",)
    assert settings.credentials == {"a.test:8": ("me", "secret")}
    assert "secret" not in repr(settings)


@pytest.mark.parametrize("name", ["pip/pip.conf", "uv/uv.toml"])
def test_a_broken_file_is_named(home: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIP_CONFIG_FILE")
    path = write(home / ".config" / name, "[global\nnonsense")
    with pytest.raises(UsageError, match="configuration cannot be read") as caught:
        index_settings()
    assert str(path) in str(caught.value)


def test_an_index_that_is_no_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://me:secret@[a.test/simple")
    with pytest.raises(UsageError, match="not the URL of a package index") as caught:
        index_settings()
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("value", ["soon", "-1", "0", "nan", "inf"])
def test_a_timeout_that_is_none(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_DEFAULT_TIMEOUT", value)
    with pytest.raises(UsageError, match="not a number of seconds"):
        index_settings()
