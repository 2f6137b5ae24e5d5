"""Each rule on a small tree: what it chooses, and that it says nothing elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from enrichment_trees import PLAIN, PYPROJECT

from labeille.campaigns.enrichment.rules import RULES, first_plan
from labeille.campaigns.enrichment.suite_rules import split_options
from labeille.registry.model import ExtensionType, SourceKind, TestFramework

if TYPE_CHECKING:
    from collections.abc import Mapping

    from enrichment_trees import FactsOf

UNITTEST = (
    "import unittest\n\nclass TestIt(unittest.TestCase):\n    def test(self):\n        pass\n"
)
OPTIONAL = "try:\n    import numpy\nexcept ImportError:\n    numpy = None\n"


def with_pyproject(text: str, **files: str) -> dict[str, str]:
    named = {name.replace("__", "/") + ".py": body for name, body in files.items()}
    return {**PLAIN, "pyproject.toml": PYPROJECT + text, **named}


def test_every_rule_says_what_it_is_for() -> None:
    names = [rule.__name__ for rule in RULES]
    assert len(set(names)) == len(names)
    assert all(rule.__doc__ for rule in RULES)


@pytest.mark.parametrize(
    ("files", "command"),
    [
        pytest.param(PLAIN, "pip install -e . && pip install pytest", id="plain"),
        pytest.param(
            with_pyproject('[project.optional-dependencies]\ntest = ["pytest", "mock"]\n'),
            "pip install -e '.[test]'",
            id="extra",
        ),
        pytest.param(
            with_pyproject('[dependency-groups]\ntests = ["pytest", "mock"]\n'),
            "pip install -e . && pip install --group tests",
            id="group",
        ),
        pytest.param(
            with_pyproject('[dependency-groups]\ntests = ["pytest>=8", "mock", "pytest-cov"]\n'),
            "pip install -e . && pip install mock 'pytest>=8'",
            id="group-with-tools-is-expanded",
        ),
        pytest.param(
            with_pyproject('[dependency-groups]\ndocs = ["sphinx"]\ntests = ["pytest"]\n'),
            "pip install -e . && pip install --group tests",
            id="no-documents",
        ),
        pytest.param(
            with_pyproject("") | {"requirements-test.txt": "pytest>=7\nmock\n"},
            "pip install -e . && pip install mock 'pytest>=7'",
            id="requirements-file",
        ),
        pytest.param(
            with_pyproject("", tests__test_yaml="import yaml\n"),
            "pip install -e . && pip install pytest pyyaml",
            id="scanned-import",
        ),
        pytest.param(
            with_pyproject("", tests__test_odd="import StringIO, nobodyknowsthis\n"),
            "pip install -e . && pip install pytest",
            id="never-a-guess",
        ),
        pytest.param(
            with_pyproject(
                "",
                tests__test_odd=OPTIONAL,
            ),
            "pip install -e . && pip install pytest",
            id="optional-imports-stay-out",
        ),
        pytest.param(
            with_pyproject("", tests__test_mock="def test(mocker):\n    pass\n"),
            "pip install -e . && pip install pytest pytest-mock",
            id="fixture",
        ),
        pytest.param(
            with_pyproject(
                '[tool.pytest.ini_options]\nfilterwarnings = "ignore::trio.TrioWarning"\n'
            ),
            "pip install -e . && pip install pytest trio",
            id="filterwarnings",
        ),
        pytest.param(
            {**PLAIN, "pyproject.toml": PYPROJECT.replace("hatchling.build", "mesonpy")},
            "pip install . && pip install pytest",
            id="meson-is-plain",
        ),
    ],
)
def test_install_commands(files: Mapping[str, str], command: str, facts_of: FactsOf) -> None:
    plan = first_plan(facts_of(files))
    assert plan.recipe.install_command == command
    assert all(choice.reason for choice in plan.choices)


@pytest.mark.parametrize(
    ("files", "command"),
    [
        pytest.param(PLAIN, "python -m pytest --rootdir . tests", id="no-configuration"),
        pytest.param(
            with_pyproject('[tool.pytest.ini_options]\ntestpaths = ["tests"]\n'),
            "python -m pytest",
            id="testpaths",
        ),
        pytest.param(
            with_pyproject("[tool.pytest.ini_options]\nxfail_strict = true\n"),
            "python -m pytest tests",
            id="configuration-without-testpaths",
        ),
        pytest.param(
            with_pyproject(
                '[tool.pytest.ini_options]\ntestpaths = "tests"\naddopts = "-n 2 -ra --dist no"\n'
            ),
            "python -m pytest -p no:xdist -o addopts=-ra",
            id="xdist-in-addopts",
        ),
        pytest.param(
            with_pyproject(
                '[tool.pytest.ini_options]\ntestpaths = "tests"\n'
                'addopts = "--cov=thing --cov-report term --strict-markers -x"\n'
            ),
            "python -m pytest -o addopts=--strict-markers",
            id="coverage-in-addopts",
        ),
        pytest.param(
            with_pyproject(
                '[tool.pytest.ini_options]\ntestpaths = "tests"\naddopts = "--cov thing"\n'
            ),
            "python -m pytest -o addopts=",
            id="nothing-but-coverage",
        ),
        pytest.param(
            with_pyproject(
                '[tool.pytest.ini_options]\ntestpaths = "tests"\nmarkers = ["network: wants it"]\n'
            ),
            "python -m pytest -m 'not network'",
            id="network-marker",
        ),
        pytest.param(
            {**PLAIN, "tests/benchmarks/test_speed.py": "def test(): pass\n"},
            "python -m pytest --rootdir . --ignore=tests/benchmarks tests",
            id="benchmarks",
        ),
        pytest.param(
            {**PLAIN, "tests/test_thing.py": UNITTEST},
            "python -m unittest discover -v -s tests",
            id="unittest",
        ),
        pytest.param(
            {**PLAIN, "tests/test_thing.py": UNITTEST, "tests/__init__.py": ""},
            "python -m unittest discover -v -s tests -t .",
            id="unittest-package",
        ),
        pytest.param(
            {"pyproject.toml": PYPROJECT, "thing.py": "", "test_thing.py": UNITTEST},
            "python -m unittest -v test_thing.py",
            id="unittest-file",
        ),
        pytest.param(
            {
                "pyproject.toml": PYPROJECT,
                "thing/__init__.py": "",
                "thing/tests/__init__.py": "",
                "thing/tests/test_it.py": "def test(): pass\n",
            },
            "python -m pytest --rootdir . thing/tests",
            id="shipped-tests",
        ),
        pytest.param(
            {
                "pyproject.toml": PYPROJECT,
                "thing/__init__.py": "",
                "tests/check.py": "print('fine')\n",
                "runtests.py": "import tests.check\n",
            },
            "python runtests.py",
            id="custom",
        ),
    ],
)
def test_test_commands(files: Mapping[str, str], command: str, facts_of: FactsOf) -> None:
    assert first_plan(facts_of(files)).recipe.test_command == command


def test_shipped_tests_of_a_compiled_package_are_the_installed_ones(facts_of: FactsOf) -> None:
    files = {
        "pyproject.toml": PYPROJECT.replace("hatchling.build", "mesonpy"),
        "thing/__init__.py": "",
        "thing/tests/__init__.py": "",
        "thing/tests/test_it.py": "def test(): pass\n",
    }
    facts = facts_of(files, extension_type=ExtensionType.EXTENSIONS)
    command = first_plan(facts).recipe.test_command
    assert command == "pytest --rootdir . --pyargs thing.tests"


def test_xdist_is_noted_in_the_file(facts_of: FactsOf) -> None:
    facts = facts_of(with_pyproject('[dependency-groups]\ntests = ["pytest", "pytest-xdist"]\n'))
    recipe = first_plan(facts).recipe
    assert recipe.on(facts.package).uses_xdist
    assert "-p no:xdist" in recipe.test_command
    assert "xdist" not in recipe.install_command


@pytest.mark.parametrize(
    ("build", "depth"),
    [('["setuptools-scm"]', 200), ('["hatch-vcs"]', 200), ('["hatchling"]', None)],
)
def test_versions_from_tags_want_a_deeper_clone(
    build: str, depth: int | None, facts_of: FactsOf
) -> None:
    text = PYPROJECT.replace('["hatchling"]', build).replace(
        'version = "1.2"', 'dynamic = ["version"]'
    )
    assert first_plan(facts_of({**PLAIN, "pyproject.toml": text})).recipe.clone_depth == depth


def test_a_monorepo_is_entered(facts_of: FactsOf) -> None:
    files = {f"python/thing/{name}": text for name, text in PLAIN.items()}
    facts = facts_of(files, kind=SourceKind.GIT, notes="monorepo: the package is in python/thing")
    recipe = first_plan(facts).recipe
    assert recipe.install_command.startswith("cd python/thing && pip install -e .")
    assert recipe.test_command.startswith("cd python/thing && python -m pytest")


@pytest.mark.parametrize(
    ("files", "package", "reason"),
    [
        ({**PLAIN, "tests/test_thing.py": None}, {}, "the sdist has no tests"),
        (PLAIN, {"name": "types-thing"}, "type stubs: there is nothing to run"),
        (PLAIN, {"name": "nvidia-thing"}, "needs a GPU"),
        (
            {"pyproject.toml": PYPROJECT + 'dependencies = ["six"]\n'},
            {},
            "a meta package: it has no modules and no tests",
        ),
        (
            {
                "pyproject.toml": PYPROJECT,
                "thing/__init__.py": "",
                "thing/_vendor/other/tests/test_it.py": "def test(): pass\n",
            },
            {},
            "the sdist has no tests",
        ),
    ],
)
def test_packages_that_are_not_to_be_run(
    files: Mapping[str, str | None], package: dict[str, Any], reason: str, facts_of: FactsOf
) -> None:
    tree = {name: text for name, text in files.items() if text is not None}
    recipe = first_plan(facts_of(tree, **package)).recipe
    assert recipe.skip_reason == reason
    assert recipe.is_final


@pytest.mark.parametrize(
    ("requires", "skipped"),
    [("<3.15", True), (">=3.15", False), (">=3.9", False), ("~=3.12.0", True)],
)
def test_projects_that_refuse_the_target(requires: str, skipped: bool, facts_of: FactsOf) -> None:
    text = PYPROJECT + f'requires-python = "{requires}"\n'
    recipe = first_plan(facts_of({**PLAIN, "pyproject.toml": text})).recipe
    assert (recipe.skip_version is not None) is skipped


@pytest.mark.parametrize(
    ("words", "kept", "dropped"),
    [
        ("-ra -q", "-ra -q", ""),
        ("-n auto -q", "-q", "-n auto"),
        ("-n4 -q", "-q", "-n4"),
        ("-xvs", "-vs", "-x"),
        ("-x", "", "-x"),
        ("--maxfail=3 -rx", "-rx", "--maxfail=3"),
        ("--maxfail 3 tests", "tests", "--maxfail 3"),
        (
            "--cov pkg --cov-report=term-missing tests",
            "tests",
            "--cov pkg --cov-report=term-missing",
        ),
        ("--no-cov-on-fail tests", "tests", "--no-cov-on-fail"),
        ("-m slow -p no:cacheprovider -x", "-m slow -p no:cacheprovider", "-x"),
        ("-p pytest_cov --cov -p pytester", "-p pytester", "-p pytest_cov --cov"),
        ("-pxdist -p cov -pno:doctest", "-pno:doctest", "-pxdist -p cov"),
    ],
)
def test_splitting_addopts(words: str, kept: str, dropped: str) -> None:
    found = split_options(words.split(), ["pytest-cov", "pytest-xdist"])
    assert found == (kept.split(), dropped.split())


def test_markers_of_xdist_are_minded_no_more(facts_of: FactsOf) -> None:
    marked = "import pytest\n\n@pytest.mark.xdist_group('a')\ndef test_it():\n    pass\n"
    files = {
        **PLAIN,
        "tests/test_more.py": marked,
        "pytest.ini": "[pytest]\naddopts = -ra --strict-markers\nfilterwarnings =\n  error\n",
    }
    recipe = first_plan(facts_of(files)).recipe
    assert recipe.test_command == (
        "python -m pytest -p no:xdist -W default::pytest.PytestUnknownMarkWarning"
        " -o addopts=-ra tests"
    )


def test_files_that_nothing_runs_are_no_tests(facts_of: FactsOf) -> None:
    tree = {**PLAIN, "tests/test_thing.py": "", "tests/integrate.py": "import subprocess\n"}
    assert first_plan(facts_of(tree)).recipe.skip_reason == "the sdist has no tests"
    recipe = first_plan(facts_of({**tree, "tests/run.py": "print('ok')\n"})).recipe
    assert recipe.command == "python tests/run.py"


def test_what_only_left_out_folders_need_is_left_out(facts_of: FactsOf) -> None:
    files = {
        **PLAIN,
        "tests/benchmarks/test_speed.py": "import yaml\n\ndef test_it(benchmark):\n    pass\n",
    }
    recipe = first_plan(facts_of(files)).recipe
    assert recipe.install_command == "pip install -e . && pip install pytest"
    assert recipe.ignored == ("tests/benchmarks",)


def test_coverage_that_the_configuration_loads_by_its_module_is_left_out(
    facts_of: FactsOf,
) -> None:
    files = {
        **PLAIN,
        "pyproject.toml": PYPROJECT + '[dependency-groups]\ntest = ["pytest", "pytest-cov"]\n',
        "pytest.ini": "[pytest]\naddopts =\n  -ra\n  -p pytest_cov\n  --cov\n",
    }
    recipe = first_plan(facts_of(files)).recipe
    assert recipe.install_command == "pip install -e . && pip install pytest"
    assert recipe.addopts == ("-ra",)


def test_frameworks(facts_of: FactsOf) -> None:
    recipe = first_plan(facts_of({**PLAIN, "tests/test_thing.py": UNITTEST})).recipe
    assert recipe.framework is TestFramework.UNITTEST
    assert "pytest" not in recipe.install_command
