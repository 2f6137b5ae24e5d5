"""Each mend on what a failed attempt left behind: uv's, pip's and pytest's own words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from enrichment_trees import PLAIN, PYPROJECT

from labeille.campaigns.enrichment.attempt import Stage
from labeille.campaigns.enrichment.mends import LAST_RESORTS, MENDS, mended
from labeille.campaigns.enrichment.model import Recipe
from labeille.campaigns.enrichment.rules import Plan, first_plan
from labeille.registry.model import TestFramework
from labeille.suites.model import TestLog, TestOutcome, TestResult
from labeille.supervision.model import Ending

if TYPE_CHECKING:
    from enrichment_trees import Attempts, FactsOf

    from labeille.campaigns.enrichment.attempt import Attempt
    from labeille.campaigns.enrichment.model import Facts

WITH_GROUP = PLAIN | {
    "pyproject.toml": PYPROJECT + '[dependency-groups]\ntests = ["pytest", "numpy", "pandas"]\n'
}
SCM = PYPROJECT.replace('["hatchling"]', '["hatchling", "hatch-vcs"]').replace(
    'version = "1.2"', 'dynamic = ["version"]\n[tool.hatch.version]\nsource = "vcs"'
)

UV_CANNOT_BUILD = """\
  × Failed to build `numpy==2.3.4`
  ├─▶ The build backend returned an error
  ╰─▶ Call to `mesonpy.build_wheel` failed (exit status: 1)
      ../meson.build:1:0: ERROR: Unknown compiler(s)
"""
UV_CANNOT_BUILD_OWN = """\
  × Failed to build `thing @ file:///build/thing`
  ├─▶ The build backend returned an error
  ╰─▶ Call to `setuptools.build_meta.build_editable` failed (exit status: 1)

      [stderr]
      thing.c:12:5: error: unknown type name 'PyGone'
      error: command '/usr/bin/gcc' failed with exit code 1
"""
UV_FINDS_NONE = """\
  × No solution found when resolving dependencies:
  ╰─▶ Because numpy was not found in the package registry and you require numpy, we can conclude
      that your requirements are unsatisfiable.
"""
PIP_CANNOT_BUILD = """\
error: failed-wheel-build-for-install

× Failed to build installable wheels for some pyproject.toml based projects
╰─> numpy
"""
PIP_CANNOT_BUILD_OWN = """\
      AttributeError: module 'ast' has no attribute 'Str'
ERROR: Failed to build 'file:///build/thing' when getting requirements to build editable
"""
UV_LACKS_BUILD_REQUIREMENT = """\
error: Failed to build `thing @ file:///build/thing`
  cause: Failed to resolve requirements from `build-system.requires`
  cause: No solution found when resolving: `hatch-vcs>=0.5`, `python-sbom[hatch]>=0.1.2`
  cause: Because only python-sbom[hatch]<0.1.2 is available and you require
         python-sbom[hatch]>=0.1.2, we can conclude that your requirements are unsatisfiable.
"""
PIP_LACKS_BUILD_REQUIREMENT = """\
  × installing build dependencies did not run successfully.
  ╰─> [2 lines of output]
      ERROR: Could not find a version that satisfies the requirement python-sbom>=0.1 (from versions: none)
      ERROR: No matching distribution found for python-sbom>=0.1
"""  # noqa: E501 - pip's own line
UV_HAS_NO_VERSION = """\
error: No solution found when resolving dependencies
  cause: Because there are no versions of python-sbom[hatch] and you require python-sbom[hatch], we
         can conclude that your requirements are unsatisfiable.
"""
PIP_FINDS_NONE = "ERROR: No matching distribution found for numpy\n"


def mend(facts: Facts, attempt: Attempt) -> Plan | None:
    return mended(Plan(recipe=attempt.recipe), facts, attempt)


def test_every_mend_says_what_it_is_for() -> None:
    assert all(each.__doc__ for each in (*MENDS, *LAST_RESORTS))


@pytest.mark.parametrize(
    "output", [UV_CANNOT_BUILD, UV_FINDS_NONE, PIP_CANNOT_BUILD, PIP_FINDS_NONE]
)
def test_a_requirement_of_the_tests_that_cannot_be_had_is_left_out(
    output: str, facts_of: FactsOf, attempts: Attempts
) -> None:
    facts = facts_of(WITH_GROUP)
    plan = mend(facts, attempts.install(output, first_plan(facts).recipe))
    assert plan is not None
    assert plan.recipe.install_command == "pip install -e . && pip install pandas pytest"
    assert "numpy" in plan.choices[-1].reason


def test_after_a_second_one_only_what_the_suite_shows_is_left(
    facts_of: FactsOf, attempts: Attempts
) -> None:
    facts = facts_of(WITH_GROUP)
    recipe = replace(Recipe(), requirements=("pandas", "pytest"), left_out=("numpy",))
    plan = mend(facts, attempts.install(UV_CANNOT_BUILD.replace("numpy", "pandas"), recipe))
    assert plan is not None
    assert plan.recipe.install_command == "pip install -e . && pip install pytest"


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (UV_CANNOT_BUILD_OWN, "thing.c:12:5: error: unknown type name 'PyGone'"),
        (PIP_CANNOT_BUILD_OWN, "AttributeError: module 'ast' has no attribute 'Str'"),
    ],
)
def test_a_build_that_fails_is_tried_as_a_plain_one_then_skipped(
    output: str, reason: str, facts_of: FactsOf, attempts: Attempts
) -> None:
    facts = facts_of(PLAIN)
    plan = mend(facts, attempts.install(output))
    assert plan is not None
    assert not plan.recipe.editable
    plan = mend(facts, attempts.install(output, plan.recipe))
    assert plan is not None
    assert plan.recipe.skip_version == f"install fails: {reason}"


def test_a_build_requirement_that_the_index_has_not_in_that_version(
    facts_of: FactsOf, attempts: Attempts
) -> None:
    build = '["hatch-vcs>=0.5", "python-sbom[hatch]>=0.1.2"]'
    facts = facts_of(PLAIN | {"pyproject.toml": PYPROJECT.replace('["hatchling"]', build)})
    plan = mend(facts, attempts.install(UV_LACKS_BUILD_REQUIREMENT))
    assert plan is not None
    assert plan.recipe.install_command == (
        "pip install 'hatch-vcs>=0.5' 'python-sbom[hatch]' editables"
        " && pip install --no-build-isolation -e ."
    )


@pytest.mark.parametrize(
    ("backend", "words", "env"),
    [
        ("hatchling.build", " editables", {"HATCH_BUILD_NO_HOOKS": "true"}),
        ("flit_core.buildapi", "", {}),
    ],
)
def test_a_build_requirement_that_the_index_has_not_at_all(
    backend: str, words: str, env: dict[str, str], facts_of: FactsOf, attempts: Attempts
) -> None:
    build = '["hatch-vcs>=0.5", "python-sbom[hatch]>=0.1"]'
    text = PYPROJECT.replace('["hatchling"]', build).replace("hatchling.build", backend)
    facts = facts_of(PLAIN | {"pyproject.toml": text})
    loosened = Recipe(isolated=False, build_requirements=("hatch-vcs>=0.5", "python-sbom[hatch]"))
    for attempt in (
        attempts.install(UV_LACKS_BUILD_REQUIREMENT + PIP_LACKS_BUILD_REQUIREMENT),
        attempts.install(UV_HAS_NO_VERSION, loosened),
    ):
        plan = mend(facts, attempt)
        assert plan is not None
        assert plan.recipe.install_command == (
            f"pip install 'hatch-vcs>=0.5'{words} && pip install --no-build-isolation -e ."
        )
        assert plan.recipe.env == env


def test_what_takes_too_long_is_not_built_a_second_time(
    facts_of: FactsOf, attempts: Attempts
) -> None:
    failed = attempts.install("compiling\nthe install command took longer than 900 s")
    assert mend(facts_of(PLAIN), failed) is None


@pytest.mark.parametrize(
    "line",
    [
        "[6] Could not resolve hostname (Could not resolve host: index.example.org)",
        "thing.c:1:10: fatal error: ffi.h: No such file or directory",
        "error: [Errno 2] No such file or directory: 'cargo'",
        "/bin/sh: 1: cmake: command not found",
    ],
)
def test_what_the_machine_lacks_is_no_fault_of_this_python(
    line: str, facts_of: FactsOf, attempts: Attempts
) -> None:
    assert mend(facts_of(PLAIN), attempts.install(f"{UV_CANNOT_BUILD_OWN}{line}\n")) is None


def test_a_version_that_git_would_tell(facts_of: FactsOf, attempts: Attempts) -> None:
    facts = facts_of(PLAIN | {"pyproject.toml": SCM})
    output = "LookupError: setuptools-scm was unable to detect version for /build/thing.\n"
    plan = mend(facts, attempts.install(output))
    assert plan is not None
    assert plan.recipe.env == {"SETUPTOOLS_SCM_PRETEND_VERSION": "1.2"}


def test_a_build_that_imports_what_it_does_not_require(
    facts_of: FactsOf, attempts: Attempts
) -> None:
    output = "      ModuleNotFoundError: No module named 'pkg_resources'\n"
    plan = mend(facts_of(PLAIN), attempts.install(output))
    assert plan is not None
    assert plan.recipe.install_command == (
        "pip install hatchling wheel 'setuptools<81' editables"
        " && pip install --no-build-isolation -e ."
    )


def test_imports_of_what_nobody_requires(facts_of: FactsOf, attempts: Attempts) -> None:
    facts = facts_of(PLAIN)
    failed = attempts.install("ModuleNotFoundError: No module named 'yaml'", stage=Stage.IMPORT)
    plan = mend(facts, failed)
    assert plan is not None
    assert plan.recipe.requirements == ("pyyaml",)
    unknown = attempts.install("No module named 'nobodyknowsthis'", stage=Stage.IMPORT)
    plan = mend(facts, unknown)
    assert plan is not None
    assert plan.recipe.skip_version
    own = attempts.install("No module named 'thing.version'", stage=Stage.IMPORT)
    assert mend(facts, own) is None  # the build's doing


CONFIGURED = PLAIN | {
    "pyproject.toml": PYPROJECT
    + """
[project.optional-dependencies]
forms = ["python-multipart"]
[tool.pytest.ini_options]
addopts = "-ra --strict-markers --strict-config --gone=3"
filterwarnings = ["error"]
markers = ["slow: takes long"]
testpaths = ["tests"]
"""
}


@pytest.mark.parametrize(
    ("output", "command"),
    [
        pytest.param(
            "E   ModuleNotFoundError: No module named 'yaml'",
            "pip install -e . && pip install pyyaml",
            id="module",
        ),
        pytest.param(
            "ImportError: Error importing plugin \"pytest_mock\": No module named 'pytest_mock'",
            "pip install -e . && pip install pytest-mock",
            id="plugin-module",
        ),
        pytest.param(
            "E   ModuleNotFoundError: No module named 'flask'",
            "pip install -e . && pip install flask",
            id="well-known-name",
        ),
        pytest.param(
            'E   RuntimeError: Form data requires "python-multipart" to be installed.\n'
            "E   You can install it with: pip install python-multipart, or pip install nobodys",
            "pip install -e . && pip install python-multipart",
            id="asked-for",
        ),
        pytest.param(
            "E       fixture 'mocker' not found",
            "pip install -e . && pip install pytest-mock",
            id="fixture",
        ),
        pytest.param(
            "'httpx_mock' not found in `markers` configuration option",
            "pip install -e . && pip install pytest-httpx",
            id="marker",
        ),
        pytest.param(
            "__main__.py: error: unrecognized arguments: --timeout=30",
            "pip install -e . && pip install pytest-timeout",
            id="option",
        ),
        pytest.param(
            "ERROR: Unknown config option: asyncio_mode",
            "pip install -e . && pip install pytest-asyncio",
            id="setting",
        ),
        pytest.param(
            "ERROR: Missing required plugins: pytest-timeout>=2, pytest-mock",
            "pip install -e . && pip install pytest-timeout pytest-mock",
            id="required-plugins",
        ),
    ],
)
def test_what_a_suite_shows_that_it_needs(
    output: str, command: str, facts_of: FactsOf, attempts: Attempts
) -> None:
    plan = mend(facts_of(CONFIGURED), attempts.test(output, exit_code=4))
    assert plan is not None
    assert plan.recipe.install_command == command


@pytest.mark.parametrize(
    ("output", "words"),
    [
        pytest.param(
            "'mystery' not found in `markers` configuration option",
            "-o 'addopts=-ra --strict-config --gone=3'",
            id="marker-of-nobody",
        ),
        pytest.param(
            "__main__.py: error: unrecognized arguments: --gone=3",
            "-o 'addopts=-ra --strict-markers --strict-config'",
            id="option-of-nobody",
        ),
        pytest.param(
            "ERROR: Unknown config option: mystery_setting",
            "-o 'addopts=-ra --strict-markers --gone=3'",
            id="setting-of-nobody",
        ),
        pytest.param(
            "INTERNALERROR> pytest.PytestDeprecationWarning: the option is unset.",
            "-W default::pytest.PytestWarning",
            id="warning-of-pytest",
        ),
        pytest.param(
            "E   DeprecationWarning: 'asyncio.iscoroutinefunction' is deprecated",
            "-W default::DeprecationWarning",
            id="deprecation",
        ),
        pytest.param(
            "ERROR: x.toml: config option 'verbosity' expects one of int | 'auto', got str: '0'",
            "-o verbosity=0",
            id="type-of-a-setting",
        ),
        pytest.param(
            "INTERNALERROR> Failed: Timeout (>0.1s) from pytest-timeout.",
            "-o timeout_func_only=true",
            id="alarm-in-pytest",
        ),
        pytest.param(
            "import file mismatch:\nimported module 'test_a' has this __file__ attribute:",
            "--import-mode=importlib",
            id="mismatch",
        ),
    ],
)
def test_options_that_get_a_suite_to_run(
    output: str, words: str, facts_of: FactsOf, attempts: Attempts
) -> None:
    plan = mend(facts_of(CONFIGURED), attempts.test(output, exit_code=3))
    assert plan is not None
    assert plan.recipe.test_command == f"python -m pytest {words}"


def test_a_plugin_that_breaks_pytest_is_left_out(facts_of: FactsOf, attempts: Attempts) -> None:
    facts = facts_of(PLAIN | {"tests/test_more.py": "def test(mocker): pass\n"})
    frame = 'INTERNALERROR>   File "/venv/lib/python3.15/site-packages/%s/x.py", line 1, in f\n'
    output = "".join(frame % name for name in ("_pytest", "pluggy", "pytest_mock"))
    plan = mend(facts, attempts.test(output, first_plan(facts).recipe, exit_code=3))
    assert plan is not None
    assert plan.recipe.install_command == "pip install -e . && pip install pytest"
    assert "--continue-on-collection-errors" in plan.recipe.test_command


def test_an_alarm_does_not_make_its_plugin_a_broken_one(
    facts_of: FactsOf, attempts: Attempts
) -> None:
    marked = "import pytest\n\n@pytest.mark.timeout(1)\ndef test_it(): pass\n"
    facts = facts_of(PLAIN | {"tests/test_more.py": marked})
    output = (
        'INTERNALERROR>   File "/venv/lib/python3.15/site-packages/pytest_timeout.py", line 1\n'
        "INTERNALERROR> Failed: Timeout (>1.0s) from pytest-timeout.\n"
    )
    plan = mend(facts, attempts.test(output, first_plan(facts).recipe, exit_code=3))
    assert plan is not None
    assert "pytest-timeout" in plan.recipe.install_command
    assert "-o timeout_func_only=true" in plan.recipe.test_command


def test_a_warning_as_an_error_does_not_make_a_plugin_a_broken_one(
    facts_of: FactsOf, attempts: Attempts
) -> None:
    facts = facts_of(CONFIGURED | {"tests/test_more.py": "def test_it(mocker): pass\n"})
    output = (
        'INTERNALERROR>   File "/venv/lib/python3.15/site-packages/pytest_mock/x.py", line 1\n'
        "INTERNALERROR> pytest.PytestDeprecationWarning: the option is unset.\n"
    )
    plan = mend(facts, attempts.test(output, first_plan(facts).recipe, exit_code=3))
    assert plan is not None
    assert "pytest-mock" in plan.recipe.install_command
    assert "-W default::pytest.PytestWarning" in plan.recipe.test_command


def test_files_that_cannot_be_collected_stay_visible(facts_of: FactsOf, attempts: Attempts) -> None:
    broken = TestResult(id="tests/test_a.py", outcome=TestOutcome.ERROR, message="ImportError: x")
    log = TestLog(pid=1, collect_errors=(broken,), finished=True)
    plan = mend(facts_of(PLAIN), attempts.test("", log=log))
    assert plan is not None
    assert "--continue-on-collection-errors" in plan.recipe.test_command


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (
            "ImportError: cannot import name 'thing_of' from 'tests' (unknown location)",
            "the sdist lacks part of its tests: tests:thing_of",
        ),
        (
            "ModuleNotFoundError: No module named 'tests.tools'",
            "the sdist lacks part of its tests: tests.tools",
        ),
        ("ModuleNotFoundError: No module named 'nobodyknowsthis.tools'", None),
        ("ImportError: cannot import name 'gone' from 'thing' (/build/thing/thing.py)", None),
    ],
)
def test_an_sdist_that_lacks_part_of_its_tests_is_skipped(
    message: str, reason: str | None, facts_of: FactsOf, attempts: Attempts
) -> None:
    broken = TestResult(id="tests/test_a.py", outcome=TestOutcome.ERROR, message=message)
    log = TestLog(pid=1, collect_errors=(broken,), finished=True)
    recipe = Recipe(options=("--continue-on-collection-errors",))
    plan = mend(facts_of(PLAIN), attempts.test("", recipe, log=log))
    assert (plan and plan.recipe.skip_reason) == reason


def result(number: int, duration: float = 0.1) -> TestResult:
    return TestResult(
        id=f"tests/test_a.py::test_{number}", outcome=TestOutcome.PASSED, duration=duration
    )


@pytest.mark.parametrize(
    ("log", "ending", "recipe", "words"),
    [
        pytest.param(
            TestLog(pid=1, running_test="tests/test_a.py::test_b[1]"),
            Ending.STALL,
            Recipe(),
            "--deselect=tests/test_a.py::test_b",
            id="test",
        ),
        pytest.param(
            TestLog(pid=1, running_test="tests/test_a.py::test_c"),
            Ending.STALL,
            Recipe(deselected=("tests/test_a.py::test_b",)),
            "--ignore=tests/test_a.py",
            id="file-of-several",
        ),
        pytest.param(
            TestLog(pid=1, collecting=True, collecting_path="tests/test_a.py"),
            Ending.STALL,
            Recipe(),
            "--ignore=tests/test_a.py",
            id="collection",
        ),
        pytest.param(
            TestLog(pid=1, running_test="tests/test_a.py::test_b", results=(result(1),)),
            Ending.LIMIT,
            Recipe(),
            "--deselect=tests/test_a.py::test_b",
            id="one-takes-it-all",
        ),
    ],
)
def test_what_hangs_is_left_out_by_name(
    log: TestLog, ending: Ending, recipe: Recipe, words: str, attempts: Attempts, facts_of: FactsOf
) -> None:
    attempt = attempts.test(recipe=recipe, log=log, ending=ending, exit_code=-9)
    plan = mend(facts_of(PLAIN), attempt)
    assert plan is not None
    assert words in plan.recipe.test_command


def test_one_of_many_parameters_is_not_what_takes_the_time(
    facts_of: FactsOf, attempts: Attempts
) -> None:
    ended = TestResult(id="tests/test_a.py::test_b[1]", outcome=TestOutcome.PASSED, duration=1.0)
    log = TestLog(pid=1, running_test="tests/test_a.py::test_b[2]", results=(ended,))
    plan = mend(facts_of(PLAIN), attempts.test(log=log, ending=Ending.LIMIT, exit_code=-9))
    assert plan is not None
    assert plan.recipe.deselected == ()


def test_a_suite_that_gets_on_gets_more_time(facts_of: FactsOf, attempts: Attempts) -> None:
    log = TestLog(pid=1, results=tuple(result(number, 1.0) for number in range(300)))
    facts = facts_of(PLAIN)
    plan = mend(facts, attempts.test(log=log, ending=Ending.LIMIT, exit_code=-9, seconds=300))
    assert plan is not None
    assert plan.recipe.timeout == 900
    slow = replace(facts, project=facts_of(CONFIGURED).project)
    plan = mend(slow, attempts.test(log=log, ending=Ending.LIMIT, exit_code=-9, seconds=300))
    assert plan is not None
    assert plan.recipe.test_command == "python -m pytest -m 'not slow'"


@pytest.mark.parametrize(
    ("collected", "timeout", "paths"),
    [
        (600, 900, ()),
        (1200, 1800, ()),
        (3400, 3600, ()),
        (90_000, None, ("tests/unit",)),
    ],
)
def test_more_time_is_what_the_tests_that_are_left_may_take(
    collected: int,
    timeout: float | None,
    paths: tuple[str, ...],
    facts_of: FactsOf,
    attempts: Attempts,
) -> None:
    results = tuple(result(number, 1.0) for number in range(300))
    log = TestLog(pid=1, collected=collected, results=results)
    facts = facts_of(PLAIN | {"tests/unit/test_more.py": "def test_it(): pass\n"})
    plan = mend(facts, attempts.test(log=log, ending=Ending.LIMIT, exit_code=-9, seconds=300))
    assert plan is not None
    assert (plan.recipe.timeout, plan.recipe.paths) == (timeout, paths)


def test_a_suite_that_would_take_hours_is_given_up(facts_of: FactsOf, attempts: Attempts) -> None:
    log = TestLog(pid=1, collected=90_000, results=(result(1, 300.0),))
    attempt = attempts.test(log=log, ending=Ending.LIMIT, exit_code=-9, seconds=300)
    assert mend(facts_of(PLAIN), attempt) is None


def test_pytest_finds_what_unittest_does_not(facts_of: FactsOf, attempts: Attempts) -> None:
    recipe = Recipe(framework=TestFramework.UNITTEST, command="python -m unittest")
    plan = mend(facts_of(PLAIN), attempts.test("Ran 0 tests in 0.000s\n", recipe, exit_code=5))
    assert plan is not None
    assert plan.recipe.test_command == "python -m pytest --rootdir . tests"
    assert "pytest" in plan.recipe.install_command


def test_a_suite_that_ran_is_mended_only_for_what_many_tests_miss(
    facts_of: FactsOf, attempts: Attempts
) -> None:
    facts = facts_of(PLAIN)
    missing = replace_message(result(0), "ModuleNotFoundError: No module named 'yaml'")
    ran = [result(number) for number in range(1, 20)]
    few = TestLog(pid=1, finished=True, results=(missing, *ran, *ran, *ran))
    many = TestLog(pid=1, finished=True, results=(missing, missing, *ran))
    assert mend(facts, attempts.test(log=few, exit_code=1)) is None
    plan = mend(facts, attempts.test(log=many, exit_code=1))
    assert plan is not None
    assert plan.recipe.requirements == ("pyyaml",)


def replace_message(test: TestResult, message: str) -> TestResult:
    return TestResult(id=test.id, outcome=TestOutcome.FAILED, message=message)


@pytest.mark.parametrize(
    ("log", "exit_code", "ran"),
    [
        (TestLog(pid=1, finished=True, results=(result(1),)), 0, True),
        (TestLog(pid=1, finished=True, results=(result(1),)), 1, True),
        (TestLog(pid=1, finished=True, results=(result(1),)), 2, False),
        (TestLog(pid=1, finished=True), 5, False),
        (TestLog(pid=1, finished=True), 0, False),
        (TestLog(pid=1, running_test="tests/test_a.py::test_b"), -11, True),
        (TestLog(pid=1, collecting=True), -11, False),
    ],
)
def test_when_a_suite_really_ran(
    log: TestLog, exit_code: int, ran: bool, attempts: Attempts
) -> None:
    assert attempts.test(log=log, exit_code=exit_code).ran is ran
