"""What the terminal says of a differential, and the command that repeats a finding."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from labeille.campaigns.campaign import Campaign, Places, Wishes
from labeille.campaigns.differential.command import repeat_command
from labeille.campaigns.differential.conditions import Conditions
from labeille.campaigns.differential.package import Compared
from labeille.campaigns.differential.plan import DifferentialPlan
from labeille.campaigns.differential.trials import Trials
from labeille.cli.diff import exit_code
from labeille.environments.model import Environment, EnvironmentSettings
from labeille.pipeline.job import Job, PipelineSettings
from labeille.pipeline.trial import Prepared
from labeille.registry.model import Package, SourceKind
from labeille.registry.selection import Chosen, Selected, Selection
from labeille.reports.differential import headline, package_line, summary_text
from labeille.reports.words import Verbosity
from labeille.results.differential import Differential, Finding, Scope
from labeille.results.differential import DifferentialVerdict as V
from labeille.results.directory import RunDirectory
from labeille.results.model import Record, Status, TestCounts
from labeille.sources.model import Checkout, SourceSettings
from labeille.supervision.cancellation import Cancellation
from labeille.targets.model import Condition, Target

TARGET = Target(
    python="/opt/python3.15",
    version="3.15.2",
    version_text="3.15.2 (main)",
    implementation="cpython",
    build="main",
    compiler="GCC",
    platform="linux",
    configure_args="",
    jit_available=True,
    jit_works=True,
    jit_default=False,
    jit_variables=(),
    free_threaded=False,
    gil_enabled=True,
    debug=False,
    sanitizers=(),
    has_ensurepip=True,
)
PACKAGES = ("alpha", "beta", "gamma", "delta")


def make_wishes(**fields: object) -> Wishes:
    plain: dict[str, object] = {
        "selection": Selection(),
        "places": Places.resolve(work_dir=Path("/w"), results_dir=Path("/r")),
    }
    return Wishes(**{**plain, **fields})  # type: ignore[arg-type]


def make_settings() -> PipelineSettings:
    return PipelineSettings(
        work_dir=Path("/w"),
        sources=SourceSettings(repos_dir=Path("/w/repos")),
        environments=EnvironmentSettings(venvs_dir=Path("/w/venvs")),
    )


def make_plan(results_dir: Path) -> DifferentialPlan:
    packages = [Package(name=name) for name in PACKAGES]
    condition = Condition(name="nojit")
    campaign = Campaign(
        wishes=make_wishes(),
        target=TARGET,
        selected=Selected(chosen=tuple(Chosen(package=package) for package in packages)),
        settings=make_settings(),
        slots=2,
        run=RunDirectory(results_dir, "diff_1"),
    )
    return DifferentialPlan(
        campaign=campaign,
        conditions=Conditions(
            every=(condition, Condition(name="jit")), without=frozenset({"nojit"})
        ),
        repeat=2,
        jobs=tuple(Job(package=p, target=TARGET, condition=condition) for p in packages),
        completed=0,
    )


def line(package: str, verdict: str = "same", **fields: object) -> Differential:
    plain = {
        "package": package,
        "conditions": ["nojit", "jit"],
        "repeat": 2,
        "verdict": verdict,
        "executors": {"nojit": 0, "jit": 7},
    }
    return msgspec.convert({**plain, **fields}, Differential)


FINDING = Finding(
    test="t.py::test_x",
    verdict=V.JIT_FAILURE,
    confirmed=True,
    scope=Scope.FILE,
    command="labeille run --packages alpha@1",
    exception="KeyError: 1 (t.py:3 in test_x)",
)
LINES = [
    line(
        "alpha",
        "jit_failure",
        tests={"t.py::test_x": "jit_failure", **{f"t.py::test_{n}": "flaky" for n in range(7)}},
        findings=[msgspec.to_builtins(FINDING)],
    ),
    line("beta", executors={"nojit": 0, "jit": 0}),
    line("gamma", executors={"nojit": None, "jit": None}),
]

SUMMARY = """\
package  version  verdict      tests     executors    remark
alpha    1.0      jit_failure  9 passed  jit 7        1 jit_failure, 7 flaky
beta              same                   jit 0
gamma             same                   jit unknown

3 of 4 packages: 1 jit_failure, 2 same

not compared:
  delta: install_error, no

alpha
  flaky: t.py::test_0
  flaky: t.py::test_1
  flaky: t.py::test_2
  flaky: t.py::test_3
  flaky: t.py::test_4
  flaky: … and 2 more (-v shows all)

jit_failure: alpha, t.py::test_x
  KeyError: 1 (t.py:3 in test_x)
  shows in its file, not in the test alone
  repeat: labeille run --packages alpha@1

beta: the JIT compiled nothing under jit: what passes there says little

results: {run}"""


def test_the_summary(tmp_path: Path) -> None:
    plan = make_plan(tmp_path)
    plan.run.create()
    passed = TestCounts(passed=9, total=9)
    for record in (
        Record(
            package="alpha",
            status=Status.PASS,
            condition="nojit",
            tests=passed,
            package_version="1.0",
        ),
        Record(package="alpha", status=Status.FAIL, condition="jit"),
        Record(package="delta", status=Status.INSTALL_ERROR, reason="no"),
    ):
        plan.run.append(record)
    expected = SUMMARY.format(run=plan.run.path)
    assert summary_text(plan, LINES, Verbosity.NORMAL) == expected
    assert "flaky: t.py::test_6" in summary_text(plan, LINES, Verbosity.VERBOSE)
    assert "package  version" not in summary_text(plan, LINES, Verbosity.QUIET)


def test_the_headline(tmp_path: Path) -> None:
    assert headline(make_plan(tmp_path)) == (
        "4 packages on /opt/python3.15 (3.15.2, JIT), 2 times each under nojit, jit; "
        f"environments in /w/venvs; run {tmp_path / 'diff_1'}"
    )


def test_a_package_on_one_line() -> None:
    compared = Compared(package="alpha", records=(), differential=LINES[0], trials=16)
    assert package_line(compared) == (
        "alpha: jit_failure, 1 jit_failure, 7 flaky, executors: jit 7, 12 runs to confirm"
    )
    record = Record(package="delta", status=Status.INSTALL_ERROR, reason="no")
    assert package_line(Compared(package="delta", records=(record,))) == "delta: install_error, no"


def test_exit_codes() -> None:
    doubtful = msgspec.structs.replace(FINDING, confirmed=False)
    assert exit_code(LINES) == 1
    assert exit_code(LINES[1:]) == 0
    assert exit_code([line("alpha", findings=[msgspec.to_builtins(doubtful)])]) == 0


def make_trials(tmp_path: Path, package: Package, *, revision: str | None = None) -> Trials:
    return Trials(
        prepared=Prepared(
            job=Job(package=package, target=TARGET, condition=Condition(name="nojit")),
            checkout=Checkout(
                path=tmp_path,
                kind=SourceKind.GIT if revision else SourceKind.SDIST,
                origin="x",
                key="k",
                revision=revision,
                version=None if revision else "2.1",
            ),
            environment=Environment(
                path=tmp_path,
                python=tmp_path,
                bin_dir=tmp_path,
                site_packages=tmp_path,
                key="k",
                backend="uv",
            ),
        ),
        settings=make_settings(),
        run=RunDirectory(tmp_path, "r"),
        cancel=Cancellation(),
    )


ALPHA = Package(name="alpha", test_command="pytest", env={"TZ": "Asia/Tokyo"})
SHARED = (
    "--target-python /opt/python3.15 --condition jit --env PYTHONHASHSEED=0 --env LC_ALL=C.UTF-8 "
)
OPTIONS = "--env 'PYTEST_ADDOPTS=-p no:randomly' --work-dir /w"


@pytest.mark.parametrize(
    ("wishes", "narrowed", "rest"),
    [
        ({}, None, f"{SHARED}{OPTIONS}"),
        (
            {},
            "pytest 'a b'",
            f"{SHARED}{OPTIONS} --test-command-override 'pytest '\"'\"'a b'\"'\"''",
        ),
        (
            {"env": {"A": "1"}, "timeout": 7.0, "extra_deps": ("x",)},
            None,
            f"{SHARED}--env A=1 {OPTIONS} --timeout 7 --extra-deps x",
        ),
        (
            {"test_command_suffix": "-k a", "test_command_override": "pytest b"},
            None,
            f"{SHARED}{OPTIONS} --test-command-override 'pytest b' --test-command-suffix '-k a'",
        ),
        (
            {"test_command_suffix": "-k a", "test_command_override": "pytest b"},
            "pytest c -k a",
            f"{SHARED}{OPTIONS} --test-command-override 'pytest c -k a'",
        ),
        (
            {"selection": Selection(force_run=True, include_unenriched=True)},
            None,
            f"{SHARED}{OPTIONS} --force-run --include-unenriched",
        ),
    ],
)
def test_the_command_that_repeats_it(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    wishes: dict[str, object],
    narrowed: str | None,
    rest: str,
) -> None:
    monkeypatch.delenv("LABEILLE_REGISTRY_DIR", raising=False)
    monkeypatch.delenv("LABEILLE_CACHE_DIR", raising=False)
    command = repeat_command(make_wishes(**wishes), make_trials(tmp_path, ALPHA), "jit", narrowed)
    assert command == f"labeille run --packages alpha@2.1 --source sdist {rest}"
    assert shlex.split(command)


def test_the_command_names_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = tmp_path / "registry"
    (registry / "packages").mkdir(parents=True)
    monkeypatch.setenv("LABEILLE_REGISTRY_DIR", str(registry))
    trials = make_trials(tmp_path, ALPHA, revision="abc")
    wishes = make_wishes(repo_overrides={"alpha": "/up/alpha", "beta": "/up/beta"})
    places = replace(wishes.places, repos_dir=Path("/elsewhere"))
    command = repeat_command(replace(wishes, places=places), trials, "jit", None)
    assert "--packages alpha@abc --source git" in command
    assert f"--registry-dir {registry} --repo-override alpha=/up/alpha" in command
    assert command.endswith("--work-dir /w --repos-dir /elsewhere")
