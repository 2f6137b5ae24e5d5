"""Environments built for real, by uv and by pip: tiny projects, with this Python as the target."""

from __future__ import annotations

import dataclasses
import json
import shutil
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import msgspec
import pytest

from labeille.environments import build
from labeille.environments.build import get_environment
from labeille.environments.examine import examine
from labeille.environments.key import environment_key, environment_path
from labeille.environments.marker import read_marker
from labeille.environments.model import InstallerChoice, InstallError, Phase
from labeille.environments.steps import Runner
from labeille.errors import Interrupted
from labeille.supervision.capture import capture
from labeille.supervision.model import Ending
from labeille.supervision.run import Cancellation

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from labeille.environments.model import EnvironmentRequest

    MakeRequest = Callable[..., EnvironmentRequest]
    MakeProject = Callable[..., Path]

replace = dataclasses.replace

#: Installs the project as a person could, without a build: most of what is tested here needs none.
COPY = 'cp -r src/* "$VIRTUAL_ENV"/lib/python*/site-packages/'


def fails(request: EnvironmentRequest) -> InstallError:
    """The InstallError that building ends with; what is left behind is never reused."""
    with pytest.raises(InstallError) as caught:
        get_environment(request)
    key = environment_key(request)
    assert read_marker(request, environment_path(request, key), key) is None
    return caught.value


def test_an_environment_by_uv_and_its_reuse(
    make_project: MakeProject, make_request: MakeRequest, tmp_path: Path
) -> None:
    extra = make_project("extra-dep", {"extra_dep.py": ""})
    command = "git fetch --tags --depth 1 && python -c 'import sys; print(sys.prefix)'"
    request = make_request(
        make_project(),
        install_command=f"{command} && python -m pip install -e .",
        settings={"extra_deps": (f"extra-dep @ {extra.as_uri()}",)},
    )
    made = get_environment(request)

    assert made.backend == "uv"
    assert not made.reused
    assert made.install_seconds > 0
    assert (made.import_name, made.package_version) == ("demo", "1.0")
    assert {name: made.installed[name] for name in ("demo", "extra-dep")} == {
        "demo": "1.0",
        "extra-dep": "1.0",
    }
    assert "pip" in made.installed
    assert made.path == tmp_path / "venvs" / "demo" / made.key
    said = (request.log_dir / "install-uv.stdout.log").read_text()
    assert said.splitlines()[0] == str(made.path)  # python is the environment's own
    asked = "import demo, sysconfig; print(demo.ANSWER, sysconfig.get_path('purelib'))"
    answer = capture((str(made.python), "-c", asked)).stdout.decode()
    assert answer.split() == ["42", str(made.site_packages)]
    assert not (made.path.parent.parent / ".tmp" / made.key).exists()

    again = get_environment(replace(request, log_dir=tmp_path / "unused"))
    assert again == replace(made, reused=True, install_seconds=0.0)
    assert not (tmp_path / "unused").exists()

    # Not reused: without its checkout, without its interpreter, or under another key.
    gone = replace(request.checkout, path=tmp_path / "gone")
    assert read_marker(replace(request, checkout=gone), made.path, made.key) is None
    assert read_marker(request, made.path, "other") is None
    (made.bin_dir / "python").unlink()
    assert read_marker(request, made.path, made.key) is None


def test_uv_fails_and_pip_does_it_from_nothing(
    make_project: MakeProject, make_request: MakeRequest
) -> None:
    served_by_uv = 'case "$(command -v pip)" in */shims/*) touch "$VIRTUAL_ENV/uv"; exit 3;; esac'
    request = make_request(
        make_project(), install_command=f"{served_by_uv}; command -v pip && {COPY}"
    )
    made = get_environment(request)
    assert made.backend == "pip"
    assert made.import_name == "demo"
    assert not (made.path / "uv").exists()
    said = (request.log_dir / "install-pip.stdout.log").read_text()
    assert said.strip() == str(made.bin_dir / "pip")
    assert (request.log_dir / "install-uv.stderr.log").exists()


@pytest.mark.parametrize(
    ("command", "exit_code", "message"),
    [
        ("echo 'error: no luck' >&2; exit 3", 3, "exited with 3: error: no luck"),
        ("bash -c 'kill -SEGV $$' | cat", 139, "was killed by SIGSEGV"),
        ("pip install demo-nowhere", 1, "error: No solution found when resolving dependencies: "),
    ],
)
def test_an_install_that_fails(
    make_project: MakeProject,
    make_request: MakeRequest,
    command: str,
    exit_code: int,
    message: str,
) -> None:
    request = make_request(make_project(), install_command=command, installer=InstallerChoice.UV)
    error = fails(request)
    assert message in str(error)
    assert error.phase is Phase.INSTALL
    assert error.outcome is not None
    assert error.outcome.exit_code == exit_code
    assert str(request.log_dir) in str(error.hint)


def test_a_crash_of_a_build_is_in_the_output(
    make_project: MakeProject, make_request: MakeRequest
) -> None:
    crash = "import ctypes; ctypes.string_at(0)"
    project = make_project(build=crash)
    error = fails(
        make_request(project, install_command="pip install .", installer=InstallerChoice.UV)
    )
    assert error.outcome is not None
    output = error.outcome.stderr.read()
    assert "Fatal Python error: Segmentation fault" in output
    assert "backend.py" in output


IMPORTS = [
    ("import not_there\n", None, "`import demo` fails: ModuleNotFoundError: No module named", None),
    ("raise SystemExit(0)\n", None, "`import demo` fails: SystemExit: 0", None),
    ("", "demo.part", "`import demo.part` fails: ModuleNotFoundError", None),
    ("import ctypes; ctypes.string_at(0)", None, "was killed by SIGSEGV", signal.SIGSEGV),
]


def test_an_import_that_fails(make_project: MakeProject, make_request: MakeRequest) -> None:
    request = make_request(make_project(), install_command="false", installer=InstallerChoice.UV)
    path = environment_path(request, environment_key(request))
    fails(request)  # but the venv stands, and serves all the cases
    (site_packages,) = path.glob("lib/python*/site-packages")
    env = {"PATH": "/usr/bin:/bin", "PYTHONFAULTHANDLER": "1"}
    runner = Runner(env=env, log_dir=request.log_dir)
    for source, import_name, message, ended_by in IMPORTS:
        (site_packages / "demo.py").write_text(source)
        package = msgspec.structs.replace(request.package, import_name=import_name)
        with pytest.raises(InstallError) as caught:
            examine(replace(request, package=package), path, runner)
        error = caught.value
        assert message in str(error)
        assert error.phase is Phase.IMPORT
        assert error.outcome is not None
        assert error.outcome.signal is ended_by
        said = error.outcome.stderr.read()
        assert ("Fatal Python error: Segmentation fault" in said) is bool(ended_by)
        assert "Traceback (most recent call last)" in said or ended_by


def test_an_environment_that_cannot_import_is_not_complete(
    make_project: MakeProject, make_request: MakeRequest
) -> None:
    project = make_project(files={"demo.py": "1 / 0"})
    error = fails(make_request(project, installer=InstallerChoice.UV))
    assert str(error).endswith("`import demo` fails: ZeroDivisionError: division by zero")


def test_a_package_without_a_module(make_project: MakeProject, make_request: MakeRequest) -> None:
    project = make_project("types-demo", {"demo-stubs/__init__.pyi": ""})
    request = make_request(
        project, "types-demo", install_command="pip install .", installer=InstallerChoice.UV
    )
    made = get_environment(request)
    assert (made.import_name, made.package_version) == (None, "1.0")


def test_an_install_that_takes_too_long_is_not_tried_again(
    make_project: MakeProject, make_request: MakeRequest
) -> None:
    request = make_request(make_project(), install_command="sleep 60", settings={"timeout": 0.2})
    error = fails(request)
    assert error.outcome is not None
    assert error.outcome.ending is Ending.LIMIT
    assert "took longer than 0.2 s" in str(error)
    assert not list(request.log_dir.glob("install-pip*"))


def test_two_at_once_build_one_in_place_of_what_is_incomplete(
    make_project: MakeProject, make_request: MakeRequest
) -> None:
    request = make_request(make_project(), installer=InstallerChoice.UV)
    path = environment_path(request, environment_key(request))
    (path / "lib").mkdir(parents=True)
    (path / "rest").write_text("of a build that was killed")
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(get_environment, [request, request]))
    assert sorted(environment.reused for environment in made) == [False, True]
    assert not (path / "rest").exists()

    (path / "rest").write_text("of the complete one")
    fresh = replace(request, settings=replace(request.settings, refresh=True))
    assert not get_environment(fresh).reused
    assert not (path / "rest").exists()

    marker = path / "labeille" / "complete.json"
    assert json.loads(marker.read_text())["recipe"]["install_command"] == COPY
    marker.write_text("{")
    assert read_marker(request, path, made[0].key) is None


def test_a_cancelled_build_ends_at_once(
    make_project: MakeProject, make_request: MakeRequest
) -> None:
    request = make_request(make_project(), install_command="sleep 60")
    cancel = Cancellation()
    threading.Timer(0.2, cancel.cancel).start()
    started = time.monotonic()
    with pytest.raises(Interrupted):
        get_environment(request, cancel=cancel)
    assert time.monotonic() - started < 10


def test_uv_asked_for_where_there_is_none(
    make_project: MakeProject, make_request: MakeRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "find_uv", lambda: None)
    error = fails(make_request(make_project(), installer=InstallerChoice.UV))
    assert (str(error), error.phase) == ("uv is asked for and cannot be found", Phase.VENV)


def test_a_broken_configuration_of_pip(
    make_project: MakeProject,
    make_request: MakeRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "pip.conf").write_text("index-url = nowhere")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    error = fails(make_request(make_project()))
    assert "pip's configuration cannot be read" in str(error)


def test_a_folder_that_cannot_be_made(
    make_project: MakeProject, make_request: MakeRequest, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    error = fails(make_request(make_project(), settings={"venvs_dir": tmp_path / "file" / "venvs"}))
    assert "Not a directory" in str(error)
    assert isinstance(error.__cause__, OSError)


def test_a_target_that_is_no_python(
    make_project: MakeProject, make_request: MakeRequest, tmp_path: Path
) -> None:
    request = make_request(make_project())
    broken = shutil.copy("/bin/false", tmp_path / "python")
    target = msgspec.structs.replace(request.target, python=str(broken))
    error = fails(replace(request, target=target))
    assert error.phase is Phase.VENV
