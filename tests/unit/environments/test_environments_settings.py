"""Keys, variables and sentences: what needs no process."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from labeille.environments.install import write_constraints
from labeille.environments.key import (
    environment_key,
    environment_path,
    install_command,
    recipe,
)
from labeille.environments.model import InstallerChoice
from labeille.environments.steps import telling_line
from labeille.environments.uv import find_uv, uv_config_environ
from labeille.environments.variables import (
    constraints_file,
    index_environ,
    install_environ,
)
from labeille.pypi.model import IndexSettings
from labeille.pypi.settings import default_index

if TYPE_CHECKING:
    from collections.abc import Callable

    from labeille.environments.model import EnvironmentRequest

    Change = Callable[[EnvironmentRequest], EnvironmentRequest]

replace = dataclasses.replace
restructure = msgspec.structs.replace


@pytest.mark.parametrize(
    "change",
    [
        lambda r: replace(r, target=restructure(r.target, build="another build")),
        lambda r: replace(r, target=restructure(r.target, python="/usr/bin/env")),
        lambda r: replace(r, install_command="pip install .[extra]"),
        lambda r: replace(r, package=restructure(r.package, install_command="pip install -e .")),
        lambda r: replace(r, package=restructure(r.package, env={"A": "1"})),
        lambda r: replace(r, package=restructure(r.package, import_name="x")),
        lambda r: replace(r, checkout=replace(r.checkout, key="k2")),
        lambda r: replace(r, checkout=replace(r.checkout, path=Path("/elsewhere"))),
        lambda r: replace(r, settings=replace(r.settings, extra_deps=("x",))),
        lambda r: replace(r, settings=replace(r.settings, installer=InstallerChoice.PIP)),
    ],
)
def test_the_key_changes_with(
    tmp_path: Path, make_request: Callable[..., EnvironmentRequest], change: Change
) -> None:
    request = make_request(tmp_path)
    assert environment_key(change(request)) != environment_key(request)


def test_the_key_does_not_change_with_where_logs_go_or_how_long_it_may_take(
    tmp_path: Path, make_request: Callable[..., EnvironmentRequest]
) -> None:
    request = make_request(tmp_path)
    same = replace(
        request,
        log_dir=tmp_path / "other",
        settings=replace(request.settings, timeout=1.0, refresh=True),
    )
    assert environment_key(same) == environment_key(request)


def test_a_relative_folder_is_absolute_at_once(
    tmp_path: Path, make_request: Callable[..., EnvironmentRequest]
) -> None:
    request = make_request(tmp_path, settings={"venvs_dir": Path("venvs")})
    assert environment_path(request, "k") == Path.cwd() / "venvs" / "demo" / "k"


@pytest.mark.parametrize(
    ("override", "package", "expected"),
    [
        (None, "pip install .", "pip install ."),
        ("make install", "pip install .", "make install"),
        (None, " ", "pip install -e . && pip install pytest"),
    ],
)
def test_the_install_command(
    tmp_path: Path,
    make_request: Callable[..., EnvironmentRequest],
    override: str | None,
    package: str,
    expected: str,
) -> None:
    request = replace(make_request(tmp_path, install_command=package), install_command=override)
    assert install_command(request) == expected


MIRROR = "https://mirror.example/simple/"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (IndexSettings(indexes=(default_index(),)), {}),
        (IndexSettings(indexes=()), {"PIP_NO_INDEX": "1", "UV_NO_INDEX": "1"}),
        (
            IndexSettings(
                indexes=(MIRROR,), credentials={"mirror.example": ("me", "p/w")}, cert="/ca.pem"
            ),
            {
                "PIP_INDEX_URL": "https://me:p%2Fw@mirror.example/simple/",
                "UV_DEFAULT_INDEX": "https://me:p%2Fw@mirror.example/simple/",
                "PIP_CERT": "/ca.pem",
                "SSL_CERT_FILE": "/ca.pem",
            },
        ),
        (
            IndexSettings(
                indexes=(default_index(), "file:///a/", MIRROR),
                find_links=("file:///w1", "file:///w2"),
            ),
            {
                "PIP_EXTRA_INDEX_URL": f"file:///a/ {MIRROR}",
                "UV_INDEX": f"file:///a/ {MIRROR}",
                "UV_INDEX_STRATEGY": "unsafe-best-match",
                "PIP_FIND_LINKS": "file:///w1 file:///w2",
                "UV_FIND_LINKS": "file:///w1,file:///w2",
            },
        ),
    ],
)
def test_both_installers_get_the_users_indexes(
    settings: IndexSettings, expected: dict[str, str]
) -> None:
    found = index_environ(settings)
    assert found.pop("PIP_DEFAULT_TIMEOUT") == found.pop("UV_HTTP_TIMEOUT") == "15"
    assert found == expected


def test_variables_of_an_install(
    tmp_path: Path,
    make_request: Callable[..., EnvironmentRequest],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("PYTHONPATH", "PYTHON_JIT", "PYTHON_GIL", "PIP_TARGET", "UV_PYTHON", "MY_TOKEN"):
        monkeypatch.setenv(name, "1")
    request = make_request(tmp_path, env={"FLAG": "on", "PATH": "/own/tools"})
    env = install_environ(request, tmp_path / "v", tmp=tmp_path, shims=tmp_path / "s")
    first = [str(tmp_path / "s"), str(tmp_path / "v" / "bin")]
    assert env["PATH"].split(":") == [*first, "/own/tools"]
    usual = install_environ(
        make_request(tmp_path), tmp_path / "v", tmp=tmp_path, shims=tmp_path / "s"
    )
    assert usual["PATH"].split(":")[:2] == first
    assert env["FLAG"] == "on"
    assert env["PYTHON_JIT"] == "0"
    assert not {"PYTHONPATH", "PYTHON_GIL", "PIP_TARGET", "UV_PYTHON", "MY_TOKEN"} & set(env)
    assert request.target.target_id in env["UV_CACHE_DIR"]
    assert request.target.target_id in env["PIP_CACHE_DIR"]


def test_uv_goes_by_the_users_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "none"))
    monkeypatch.delenv("UV_CONFIG_FILE", raising=False)
    monkeypatch.setenv("UV_NO_CONFIG", "1")
    assert uv_config_environ() == {"UV_NO_CONFIG": "1"}
    monkeypatch.delenv("UV_NO_CONFIG")
    file = tmp_path / "uv" / "uv.toml"
    file.parent.mkdir()
    file.write_text("")
    assert uv_config_environ() == {"UV_CONFIG_FILE": str(file)}
    monkeypatch.setenv("UV_CONFIG_FILE", "/chosen.toml")
    assert uv_config_environ() == {"UV_CONFIG_FILE": "/chosen.toml"}


def test_uv_is_found_on_path_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uv = tmp_path / "uv"
    uv.write_text("#!/bin/sh\n")
    uv.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_uv() == uv


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("Collecting x\nERROR: No matching distribution found for x\n\n[notice] a new pip\n",
         "ERROR: No matching distribution found for x"),
        (("  × Failed to build `x @ file:///x`\n  ├─▶ The build backend returned an error\n"
          "  ╰─▶ Call to `backend.build_wheel` failed (exit status: 1)\n"),
         ("Failed to build `x @ file:///x`: The build backend returned an error: "
         "Call to `backend.build_wheel` failed (exit status: 1)")),
        (("Using Python 3.15.2 environment at: v5\nerror: The build backend returned an error\n"
          "  cause: Call to `b.build_wheel` failed (exit status: 1)\n\n         [stderr]\n"
          "         Traceback (most recent call last):\n         RuntimeError: boom\n"),
         ("error: The build backend returned an error: "
         "Call to `b.build_wheel` failed (exit status: 1): RuntimeError: boom")),
        (("         src/_x.c:1:2: fatal error: nowhere.h: No such file or directory\n"
          "         error: command 'gcc' failed with exit code 1\n"
          "ERROR: Failed to build installable wheels\n"),
         ("ERROR: Failed to build installable wheels: "
         "src/_x.c:1:2: fatal error: nowhere.h: No such file or directory")),
        (("  error: subprocess-exited-with-error\n"
          "      error: failed to get `asn1` as a dependency of package `x v1`\n"
          "error: metadata-generation-failed\n× Encountered error while generating metadata\n"),
         ("Encountered error while generating metadata: "
          "error: failed to get `asn1` as a dependency of package `x v1`")),
        ("make: *** [all] Error 2\n", "make: *** [all] Error 2"),
        ("error: https://me:secret@mirror.example/simple/: 403\n",
         "error: https://****@mirror.example/simple/: 403"),
        ("", ""),
    ],
)  # fmt: skip
def test_the_line_that_tells_why(output: str, expected: str) -> None:
    assert telling_line(output) == expected


def test_pins_are_in_the_key_and_what_pip_and_uv_keep_to(
    tmp_path: Path, make_request: Callable[..., EnvironmentRequest]
) -> None:
    request = make_request(tmp_path)
    pinned = replace(request, settings=replace(request.settings, pins=("idna==3.9", "pip==25.0")))
    assert environment_key(pinned) != environment_key(request)
    assert "pins" not in recipe(request)  # what stands already stays good
    tmp = tmp_path / "with blanks"  # which both tools part paths at
    tmp.mkdir()
    env = install_environ(pinned, tmp_path, tmp=tmp, shims=tmp_path)
    write_constraints(pinned, tmp)
    assert env["PIP_CONSTRAINT"] == env["UV_CONSTRAINT"] == constraints_file(tmp).as_uri()
    assert constraints_file(tmp).read_text() == "idna==3.9\n"  # pip: that of the venv, till the end
    free = install_environ(request, tmp_path, tmp=tmp, shims=tmp_path)
    assert not {"PIP_CONSTRAINT", "UV_CONSTRAINT"} & set(free)
