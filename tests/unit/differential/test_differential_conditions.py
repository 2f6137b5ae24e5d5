"""Conditions and their sides, the order of runs, and the seeds that all share."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from labeille.campaigns.differential.conditions import parse_conditions, split_conditions
from labeille.campaigns.differential.seeds import (
    as_variables,
    seed_options,
    seed_variables,
    seeded_job,
)
from labeille.environments.model import Environment
from labeille.errors import LabeilleError, TargetError, UsageError
from labeille.pipeline.job import Job
from labeille.pipeline.trial import Prepared
from labeille.registry.model import Package, SourceKind
from labeille.sources.model import Checkout
from labeille.targets.model import Condition, Target

THRESHOLD = "PYTHON_JIT_LOOP_INITIAL_VALUE"
JIT = Target(
    python="/python",
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
    jit_variables=("PYTHON_JIT", THRESHOLD),
    free_threaded=False,
    gil_enabled=True,
    debug=False,
    sanitizers=(),
    has_ensurepip=True,
)
OLD = msgspec.structs.replace(JIT, jit_variables=("PYTHON_JIT",))
PLAIN = msgspec.structs.replace(JIT, jit_available=False, jit_works=False, jit_variables=())
ON = msgspec.structs.replace(JIT, jit_default=True)


@pytest.mark.parametrize(
    ("target", "given", "names", "without"),
    [
        (JIT, "", ["nojit", "jit", "jit-eager:63"], {"nojit"}),
        (OLD, "", ["nojit", "jit"], {"nojit"}),
        (JIT, "jit,nojit", ["jit", "nojit"], {"nojit"}),
        (JIT, " jit , gil ,", ["jit", "gil"], {"gil"}),
        (ON, "gil,nojit", ["gil", "nojit"], {"nojit"}),
        (JIT, "nojit,jit-eager:063,jit-eager", ["nojit", "jit-eager:63", "jit-eager"], {"nojit"}),
    ],
)
def test_conditions(target: Target, given: str, names: list[str], without: set[str]) -> None:
    conditions = parse_conditions(split_conditions([given]), target, {})
    assert list(conditions.names) == names
    assert conditions.without == without
    assert conditions.base().name in without
    assert conditions.named(None) == conditions.base()
    assert [conditions.named(name).name for name in names] == names


@pytest.mark.parametrize(
    ("target", "given", "env", "error", "message"),
    [
        (JIT, "jit", {}, UsageError, "--conditions jit: there is none without the JIT"),
        (JIT, "nojit,gil", {}, UsageError, "--conditions nojit,gil: there is none with the JIT"),
        (JIT, "nojit,jit", {"PYTHON_JIT": "0"}, UsageError, "there is none with the JIT"),
        (JIT, "nojit,jit,jit", {}, UsageError, "--conditions names jit twice"),
        (JIT, "nojit,jit-eager,jit-eager:1", {}, UsageError, "names jit-eager twice"),
        (JIT, "nojit,jti", {}, UsageError, "there is no condition 'jti'"),
        (OLD, "nojit,jit-eager:63", {}, TargetError, "does not know PYTHON_JIT_"),
        (PLAIN, "", {}, TargetError, "has no JIT compiled in"),
    ],
)
def test_what_cannot_be_compared(
    target: Target, given: str, env: dict[str, str], error: type[LabeilleError], message: str
) -> None:
    with pytest.raises(error) as caught:
        parse_conditions(split_conditions([given]), target, env)
    assert message in str(caught.value)
    assert caught.value.hint


def test_the_order_of_runs() -> None:
    conditions = parse_conditions((), JIT, {})
    assert [(condition.name, number) for condition, number in conditions.rounds(2)] == [
        ("nojit", 1),
        ("jit", 1),
        ("jit-eager:63", 1),
        ("jit-eager:63", 2),
        ("jit", 2),
        ("nojit", 2),
    ]
    counts = Counter(condition.name for condition, _ in conditions.rounds(5))
    assert set(counts.values()) == {5}


@pytest.mark.parametrize("names", [("nojit", "jit"), ()])
@pytest.mark.parametrize("repeat", [2, 3, 4])
def test_what_fails_every_second_time_fails_under_no_condition_alone(
    names: tuple[str, ...], repeat: int
) -> None:
    conditions = parse_conditions(names, JIT, {})
    for fails_at in (0, 1):
        failed: dict[str, list[bool]] = {}
        for turn, (condition, _) in enumerate(conditions.rounds(repeat)):
            failed.setdefault(condition.name, []).append(turn % 2 == fails_at)
        assert not (all(failed["jit"]) and not any(failed["nojit"]))


def prepared(
    root: Path, *, installed: tuple[str, ...] = (), package: Package | None = None
) -> Prepared:
    package = package or Package(name="x")
    return Prepared(
        job=Job(package=package, target=JIT, condition=Condition(name="nojit")),
        checkout=Checkout(path=root, kind=SourceKind.SDIST, origin="x", key="k", version="1"),
        environment=Environment(
            path=root,
            python=root,
            bin_dir=root,
            site_packages=root,
            key="k",
            backend="uv",
            installed=dict.fromkeys(installed, "1"),
        ),
    )


@pytest.mark.parametrize(
    ("command", "config", "installed", "options"),
    [
        ("pytest", "", (), "-p no:randomly"),
        ("pytest", "", ("hypothesis",), "-p no:randomly --hypothesis-seed=0"),
        ("pytest -p no:hypothesispytest", "", ("hypothesis",), "-p no:randomly"),
        ("pytest -pno:hypothesispytest", "", ("hypothesis",), "-p no:randomly"),
        ("pytest --randomly-seed=7", "", ("pytest-randomly",), "--randomly-seed=0"),
        ("pytest", "--randomly-dont-reorganize", (), "--randomly-seed=0"),
        ("pytest", "-p no:hypothesispytest", ("hypothesis",), "-p no:randomly"),
        ("pytest 'torn", "", (), "-p no:randomly"),
    ],
)
def test_options(
    tmp_path: Path, command: str, config: str, installed: tuple[str, ...], options: str
) -> None:
    (tmp_path / "pytest.ini").write_text(f"[pytest]\naddopts = {config}\n")
    assert " ".join(seed_options(prepared(tmp_path, installed=installed), command)) == options


SEEDS = {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8"}


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({}, SEEDS),
        ({"TZ": "Asia/Tokyo"}, {"PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8"}),
        ({"LANG": "de_DE.UTF-8"}, {"PYTHONHASHSEED": "0", "TZ": "UTC"}),
        ({"LC_TIME": "C"}, {"PYTHONHASHSEED": "0", "TZ": "UTC"}),
        ({"PYTHONHASHSEED": "random", "X": "1"}, {"TZ": "UTC", "LC_ALL": "C.UTF-8"}),
    ],
)
def test_a_package_knows_better(own: dict[str, str], expected: dict[str, str]) -> None:
    assert seed_variables(Package(name="x", env=own)) == expected


def test_a_condition_goes_before_the_seeds(tmp_path: Path) -> None:
    condition = Condition(name="jit", env={"PYTHON_JIT": "1", "TZ": "Asia/Tokyo"})
    job = seeded_job(prepared(tmp_path).job, condition)
    assert job.condition.name == "jit"
    assert job.condition.env == {**SEEDS, "PYTHON_JIT": "1", "TZ": "Asia/Tokyo"}


@pytest.mark.parametrize(
    ("own", "env", "expected"),
    [
        ({}, {}, "-p no:randomly"),
        ({"PYTEST_ADDOPTS": "-k a"}, {}, "-p no:randomly -k a"),
        ({"PYTEST_ADDOPTS": "-k a"}, {"PYTEST_ADDOPTS": "-k b"}, "-p no:randomly -k b"),
    ],
)
def test_options_for_a_person(own: dict[str, str], env: dict[str, str], expected: str) -> None:
    package = Package(name="x", env=own)
    assert as_variables(("-p", "no:randomly"), package, env) == expected


def test_the_locale_is_there() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import locale; print(locale.setlocale(locale.LC_ALL, ''))"],
        env=os.environ | SEEDS,
        stdout=subprocess.PIPE,
        check=True,
    )
    assert done.stdout.decode().strip() == "C.UTF-8"
