"""What a record says of how its trial was made: ours, and the original's, which says less."""

from __future__ import annotations

from pathlib import Path

import pytest

from labeille.campaigns.investigation.recorded import (
    Recorded,
    find_recorded,
    pins,
    recorded_package,
    version_differences,
)
from labeille.campaigns.investigation.reduce import Suspects, suspects
from labeille.errors import UsageError
from labeille.registry.model import Package, TestFramework
from labeille.results.directory import RunDirectory
from labeille.results.model import Record, RunMeta, Status
from labeille.suites.model import TestLog, TestOutcome, TestResult

VERSIONS = {"Click": "8.5.1", "pytest": "9.2.0", "odd name": "1", "broken": "n/a", "pip": "26.3"}


def make(tmp_path: Path, record: Record, **meta: object) -> Recorded:
    return Recorded(
        run=RunDirectory(tmp_path, "r"),
        meta=RunMeta(run_id="r", started_at="", **meta),  # type: ignore[arg-type]
        record=record,
    )


def crashed(**fields: object) -> Record:
    return Record(package="click", status=Status.CRASH, **fields)  # type: ignore[arg-type]


def test_versions_become_pins_but_for_the_package_itself(tmp_path: Path) -> None:
    recorded = make(tmp_path, crashed(installed_dependencies=VERSIONS))
    assert pins(recorded) == ("pip==26.3", "pytest==9.2.0")


@pytest.mark.parametrize(
    ("installed", "sentences"),
    [
        (VERSIONS, ()),
        ({"click": "8.5.1", **{k: v for k, v in VERSIONS.items() if k != "Click"}}, ()),
        (VERSIONS | {"pytest": "9.3.0"}, ("pytest is 9.3.0 and was 9.2.0",)),
        (VERSIONS | {"idna": "3.9"}, ("idna 3.9 is installed and was not",)),
        (
            {k: v for k, v in VERSIONS.items() if k != "pytest"},
            ("pytest 9.2.0 was installed and is not",),
        ),
        (VERSIONS | {"Click": "8.6"}, ("click is 8.6 and was 8.5.1",)),
    ],
)
def test_every_difference_is_named(
    tmp_path: Path, installed: dict[str, str], sentences: tuple[str, ...]
) -> None:
    recorded = make(tmp_path, crashed(installed_dependencies=VERSIONS))
    assert version_differences(recorded, installed) == sentences


def test_no_versions_on_record(tmp_path: Path) -> None:
    (sentence,) = version_differences(make(tmp_path, crashed()), VERSIONS)
    assert "names no installed versions" in sentence


@pytest.mark.parametrize(
    ("record", "meta", "name", "env"),
    [
        (
            crashed(condition="jit-eager:2", env_overrides={"PYTHON_JIT": "1", "A": "b"}),
            {"condition": "jit", "env_overrides": {"X": "y"}},
            "jit-eager:2",
            {"PYTHON_JIT": "1", "A": "b"},
        ),
        (
            crashed(),
            {"jit_enabled": True, "env_overrides": {"A": "b"}},
            "jit",
            {"A": "b", "PYTHON_JIT": "1"},
        ),
        (crashed(), {"jit_enabled": False}, "nojit", {"PYTHON_JIT": "0"}),
        (crashed(), {}, "jit", {}),
    ],
)
def test_conditions(
    tmp_path: Path, record: Record, meta: dict[str, object], name: str, env: dict[str, str]
) -> None:
    recorded = make(tmp_path, record, **meta)
    assert (recorded.condition_name, recorded.env) == (name, env)


ENTRY = Package(
    name="click",
    repo="https://example.org/new",
    install_command="pip install .",
    test_command="pytest new",
    test_framework=TestFramework.PYTEST,
    env={"NEW": "1"},
    import_name="new",
    clone_depth=50,
    skip=True,
)


def test_the_record_goes_before_the_registry(tmp_path: Path) -> None:
    record = crashed(
        repo="https://example.org/old",
        install_command="pip install -e .",
        test_command="pytest old",
        package_env={"OLD": "1"},
        test_framework="custom",
    )
    package = recorded_package(make(tmp_path, record), ENTRY)
    assert (package.repo, package.install_command) == (
        "https://example.org/old",
        "pip install -e .",
    )
    assert (package.test_command, package.env) == ("pytest old", {"OLD": "1"})
    assert (package.test_framework, package.import_name) == (TestFramework.CUSTOM, None)
    assert (package.clone_depth, package.skip) == (50, False)


def test_what_the_original_does_not_record_is_the_registrys(tmp_path: Path) -> None:
    package = recorded_package(make(tmp_path, crashed(test_command="pytest old")), ENTRY)
    assert (package.test_command, package.install_command) == ("pytest old", "pip install .")
    assert (package.env, package.import_name) == ({"NEW": "1"}, "new")


def test_without_a_registry(tmp_path: Path) -> None:
    record = crashed(test_command="pytest old", install_command="pip install -e .")
    package = recorded_package(make(tmp_path, record), None)
    assert (package.name, package.test_command) == ("click", "pytest old")


def test_records_by_any_spelling(tmp_path: Path) -> None:
    records = {"Ruamel.YAML": Record(package="Ruamel.YAML", status=Status.PASS), "click": crashed()}
    run, meta = RunDirectory(tmp_path, "r"), RunMeta(run_id="r", started_at="")
    assert find_recorded(run, meta, records, "ruamel_yaml").name == "Ruamel.YAML"
    with pytest.raises(UsageError) as caught:
        find_recorded(run, meta, records, "toolz")
    assert caught.value.hint == "crashed in it: click"


def test_what_can_have_to_do_with_a_crash() -> None:
    """A test is running, files are being collected, or all is over."""
    done = TestResult(id="a.py::x", outcome=TestOutcome.PASSED)
    log = TestLog(pid=1, results=(done,), started=("a.py::x", "a.py::y"), running_test="a.py::y")
    assert suspects(log) == Suspects(before=("a.py::x",), pinned="a.py::y")
    log = TestLog(pid=1, collecting=True, collecting_path="b.py", files=("a.py", "b.py"))
    assert suspects(log) == Suspects(before=("a.py",), pinned="b.py", files_only=True)
    log = TestLog(pid=1, started=("a.py::x", "a.py::y"), finished=True)
    assert suspects(log) == Suspects(before=("a.py::x", "a.py::y"), pinned=None)
