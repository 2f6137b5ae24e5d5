"""Requirement sets of pyproject.toml, setup.py, setup.cfg, tox, nox and finished metadata."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from labeille.projects.model import Project, SetKind
from labeille.projects.tox import applies, expand_braces, newest_only

Make = Callable[[Mapping[str, str]], Project]

SETUP_PY = """\
    import os
    from setuptools import setup
    tests = ["pytest>=3"]
    if os.name == "nt":
        tests += ["colorama"]
    extras = {"test": tests, "docs": read("docs.txt")}
    extras["all"] = extras["test"] + ["six"]
    arguments = dict(install_requires=["attrs"])
    setup(name="Some.Thing", extras_require=extras, tests_require=tests + more(), **arguments)
"""


@pytest.mark.parametrize(
    ("files", "kind", "sets"),
    [
        pytest.param(
            {
                "pyproject.toml": """\
                    [dependency-groups]
                    Test_Base = ["pytest"]
                    tests = [{include-group = "test-base"}, "hypothesis; python_version > '3'"]
                    loop = [{include-group = "loop"}]
                """
            },
            SetKind.GROUP,
            {
                "test-base": ["pytest"],
                "tests": ["pytest", 'hypothesis; python_version > "3"'],
                "loop": [],
            },
            id="PEP 735",
        ),
        pytest.param(
            {"pyproject.toml": "[project.optional-dependencies]\nTest=['a', 'b c']\n"},
            SetKind.EXTRA,
            {"test": ["a"]},
            id="extras, one of them broken",
        ),
        pytest.param(
            {
                "pyproject.toml": """\
                    [tool.poetry]
                    name = "x"
                    [tool.poetry.dependencies]
                    python = "^3.9"
                    attrs = "^22.1"
                    rich = {version = "~1.2.3", optional = true, extras = ["jupyter"]}
                    [tool.poetry.extras]
                    pretty = ["rich"]
                    [tool.poetry.group.test.dependencies]
                    pytest = ">= 7, <9"
                    zero = "^0.2.3"
                    here = {path = "../here"}
                    old = [{version = "1.*", python = "<3.8"}, {version = "2", platform = "x"}]
                    [tool.poetry.dev-dependencies]
                    mypy = "*"
                """
            },
            SetKind.TOOL_GROUP,
            {
                "test": [
                    "pytest<9,>=7",
                    "zero<0.3,>=0.2.3",
                    'old==1.*; python_version < "3.8"',
                    'old==2; sys_platform == "x"',
                ],
                "dev": ["mypy"],
            },
            id="poetry",
        ),
        pytest.param(
            {
                "pyproject.toml": """\
                    [tool.hatch.envs.default]
                    dependencies = ["pytest"]
                    features = ["cli"]
                    [tool.hatch.envs.default.scripts]
                    test = "pytest {args}"
                    [tool.hatch.envs.lint]
                    extra-dependencies = ["ruff"]
                """
            },
            SetKind.HATCH,
            {"default": ["pytest"], "lint": ["pytest", "ruff"]},
            id="hatch, with what an environment takes over",
        ),
        pytest.param(
            {"setup.py": SETUP_PY},
            SetKind.EXTRA,
            {"test": ["pytest>=3", "colorama"], "all": ["pytest>=3", "colorama", "six"]},
            id="setup.py as far as it can be told",
        ),
        pytest.param(
            {"setup.py": SETUP_PY},
            SetKind.TESTS_REQUIRE,
            {"tests": ["pytest>=3", "colorama"]},
            id="tests_require",
        ),
        pytest.param(
            {
                "setup.cfg": """\
                    [metadata]
                    name = x
                    [options.extras_require]
                    test =
                        pytest  # runs them
                        six; python_version < "3"
                """
            },
            SetKind.EXTRA,
            {"test": ["pytest", 'six; python_version < "3"']},
            id="setup.cfg",
        ),
        pytest.param(
            {
                "setup.py": "setup(extras_require=computed())",
                "PKG-INFO": (
                    "Name: x\nRequires-Dist: attrs\nProvides-Extra: test\n"
                    "Requires-Dist: pytest>=7; (python_version > '3') and extra == 'test'\n"
                    "Requires-Dist: six; extra == 'test'\n\nRequires-Dist: prose\n"
                ),
            },
            SetKind.EXTRA,
            {"test": ['pytest>=7; python_version > "3"', "six"]},
            id="PKG-INFO",
        ),
        pytest.param(
            {
                "setup.py": "setup()",
                "x.egg-info/requires.txt": "attrs\n[test]\npytest\n[test:os_name == 'x']\nsix\n",
            },
            SetKind.EXTRA,
            {"test": ["pytest", 'six; os_name == "x"']},
            id="requires.txt",
        ),
        pytest.param(
            {
                "tox.ini": """\
                    [tox]
                    envlist = py3{8-13}-{unit,doctest}, pypy3-unit, lint
                    [base]
                    deps = attrs
                    [testenv]
                    deps =
                        {[base]deps}
                        unit: pytest
                        !unit: sphinx
                        # none: this
                    commands =
                        unit: pytest {posargs:tests}
                    [testenv:lint]
                    deps = ruff
                """
            },
            SetKind.TOX,
            {
                "testenv": ["attrs", "sphinx"],
                "py313-unit": ["attrs", "pytest"],
                "py313-doctest": ["attrs", "sphinx"],
                "lint": ["ruff"],
            },
            id="tox.ini, for the newest Python of each kind",
        ),
        pytest.param(
            {
                "pyproject.toml": """\
                    [tool.tox]
                    env_list = ["3.13", "3.14"]
                    [tool.tox.env_run_base]
                    deps = ["pytest"]
                    commands = [["pytest", {replace = "posargs", default = ["tests"]}]]
                    [tool.tox.env.cov]
                    deps = [{replace = "ref", of = ["env_run_base", "deps"]}, "coverage"]
                """
            },
            SetKind.TOX,
            {"testenv": ["pytest"], "3.14": ["pytest"], "cov": ["pytest", "coverage"]},
            id="tox 4's TOML",
        ),
        pytest.param(
            {
                "noxfile.py": """\
                    import nox
                    DEPS = ["pytest", "six"]
                    @nox.session(python=["3.12"], name="unit-tests")
                    def tests(session):
                        _install(session)
                        session.run("pytest", *session.posargs)
                    def _install(session: nox.Session) -> None:
                        session.install("-e", ".[test]", *DEPS, get())
                        session.install(*nox.project.dependency_groups(PYPROJECT, "dev"))
                    @nox.session
                    def lint(s):
                        s.run("python", "-m", "pip", "install", "ruff")
                """
            },
            SetKind.NOX,
            {"unit-tests": ["pytest", "six"], "lint": ["ruff"]},
            id="noxfile, through functions",
        ),
    ],
)
def test_sets(
    make_project: Make, files: Mapping[str, str], kind: SetKind, sets: dict[str, list[str]]
) -> None:
    found = make_project(files).named(kind)
    assert {name: [str(req) for req in each.asks.requirements] for name, each in found.items()} | {
        "docs": []
    } == sets | {"docs": []}


def test_sets_keep_what_they_ask_for_besides(make_project: Make) -> None:
    project = make_project(
        {
            "noxfile.py": (
                "import nox\n@nox.session\ndef t(s):\n"
                " s.install('.[a]', '--group', 'b', '-r', 'r.txt')\n s.run('pytest', '-q x')\n"
            ),
            "r.txt": "attrs",
        }
    )
    session = project.named(SetKind.NOX)["t"]
    assert (session.asks.extras, session.asks.groups, session.asks.files) == (
        ("a",),
        ("b",),
        ("r.txt",),
    )
    assert session.commands == ("pytest '-q x'",)


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"pyproject.toml": "[project\n"}, "pyproject.toml is no TOML"),
        ({"setup.py": "print 'hello'"}, "setup.py does not parse"),
        ({"setup.cfg": "no section", "setup.py": ""}, "setup.cfg is no INI file"),
        ({"pyproject.toml": "[dependency-groups]\na = [{include-group='b'}]"}, "a includes"),
    ],
)
def test_a_broken_file_is_noted(make_project: Make, files: Mapping[str, str], problem: str) -> None:
    assert any(problem in each for each in make_project(files).problems)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("py{39,310}-{a,b}", ["py39-a", "py39-b", "py310-a", "py310-b"]),
        ("py3{9-11}", ["py39", "py310", "py311"]),
        ("plain", ["plain"]),
        ("x{,-y}", ["x", "x-y"]),
    ],
)
def test_generative_names(text: str, names: list[str]) -> None:
    assert expand_braces(text) == names


def test_generative_names_are_bounded() -> None:
    assert len(expand_braces("{1-999999}-{1-999999}-{1-999999}")) <= 500


@pytest.mark.parametrize(
    ("expression", "factors", "holds"),
    [
        ("a", "py39-a", True),
        ("a,b", "py39-b", True),
        ("!a", "py39-a", False),
        ("py39-!a", "py39-b", True),
        ("py{38,39}", "py39-b", True),
    ],
)
def test_conditional_settings(expression: str, factors: str, holds: bool) -> None:
    assert applies(expression, factors.split("-")) is holds


def test_newest_python_of_each_environment() -> None:
    names = ["py38", "py310", "py310-django42", "py27-django42", "pypy3", "3.9-x", "py313t", "lint"]
    assert newest_only(names) == ["py310", "py310-django42", "3.9-x", "py313t", "lint"]
