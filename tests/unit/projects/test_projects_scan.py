"""What a scan finds in small trees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from labeille.projects.dependencies import ScanOptions, scan_dependencies
from labeille.projects.model import Project
from labeille.projects.needs import Certainty, DependencyReport
from labeille.registry.model import TestFramework
from labeille.registry.store import Registry

Make = Callable[[Mapping[str, str]], Project]

#: A project called own, with a test file.
BASE = {
    "pyproject.toml": "[project]\nname = 'own'\ndependencies = ['idna']\n",
    "own/__init__.py": "import yarl\n",
}


def installed(report: DependencyReport) -> set[str]:
    return {str(need.requirement) for need in report.installable} - {"pytest"}


def guessed(report: DependencyReport) -> set[str]:
    return {need.package for need in report.guesses}


@pytest.mark.parametrize(
    ("test_file", "names", "guesses"),
    [
        pytest.param(
            "import yaml, bs4, cv2",
            {"pyyaml", "beautifulsoup4", "opencv-python-headless"},
            set(),
            id="known",
        ),
        pytest.param(
            "import google.protobuf.message\nfrom google import protobuf, auth\nimport google",
            {"protobuf", "google-auth"},
            set(),
            id="namespaces by the longest prefix",
        ),
        pytest.param(
            "import lxml.html\nimport lxml.html.clean",
            {"lxml", "lxml-html-clean"},
            set(),
            id="part of its own",
        ),
        pytest.param(
            "import json, os.path, tomllib, distutils.core",
            {"setuptools"},
            set(),
            id="standard library",
        ),
        pytest.param(
            "import StringIO, BaseHTTPServer, urllib2, Queue, cPickle, asyncore, mock",
            {"mock"},
            set(),
            id="Python 2 is no package",
        ),
        pytest.param(
            "import utils, helpers, config, tests.nothing, _private",
            set(),
            set(),
            id="no package's names",
        ),
        pytest.param("import sys, idna, own.part, own", set(), set(), id="own, and what it brings"),
        pytest.param(
            "from . import a\nfrom .b import c\nimport shapes\nimport sub.deep",
            set(),
            set(),
            id="beside it",
        ),
        pytest.param("import zzunknown", set(), {"zzunknown"}, id="guessed"),
        pytest.param(
            "import zzunknown  # noqa\nopen('zzunknown.py', 'w')",
            set(),
            set(),
            id="written by the test",
        ),
        pytest.param("import win32api, pywintypes", set(), set(), id="of another platform"),
        pytest.param(
            "try:\n import tomllib\nexcept ImportError:\n import tomli",
            set(),
            set(),
            id="fallback for what is there",
        ),
        pytest.param(
            "try:\n import ujson\nexcept ImportError:\n import simplejson",
            {"ujson"},
            set(),
            id="fallback for what may be missing",
        ),
        pytest.param(
            "try:\n import unittest2\nexcept ImportError:\n import unittest",
            set(),
            set(),
            id="the standard library does as well",
        ),
        pytest.param("if TYPE_CHECKING:\n import numpy", set(), set(), id="types alone"),
        pytest.param(
            "def test_x(mocker, requests_mock, tmp_path, testdir): ...",
            {"pytest-mock", "requests-mock"},
            set(),
            id="fixtures",
        ),
        pytest.param(
            "def test_x(benchmark, freezer): ...",
            {"pytest-benchmark", "pytest-freezer"},
            set(),
            id="fixtures of several",
        ),
        pytest.param(
            "def test_x(snapshot): ...", set(), {"syrupy"}, id="fixture of several, none usual"
        ),
        pytest.param(
            "import syrupy\ndef test_x(snapshot): ...", {"syrupy"}, set(), id="and one imported"
        ),
        pytest.param(
            "@pytest.fixture\ndef mocker(): ...\ndef test_x(mocker): ...",
            set(),
            set(),
            id="a fixture of its own",
        ),
        pytest.param(
            "pytestmark = pytest.mark.asyncio\n@pytest.mark.django_db\ndef test_y(): ...",
            {"pytest-asyncio", "pytest-django"},
            set(),
            id="markers",
        ),
        pytest.param(
            "pytest_plugins = ('pytester', 'xdist.plugin', 'sybil', 'own.plugin', '_pytest.x')",
            {"pytest-xdist", "sybil"},
            set(),
            id="plugins",
        ),
        pytest.param("import not_python(", set(), set(), id="broken file"),
    ],
)
def test_one_test_file(
    make_project: Make, test_file: str, names: set[str], guesses: set[str]
) -> None:
    project = make_project(
        BASE
        | {
            "tests/__init__.py": "",
            "tests/test_it.py": test_file,
            "tests/conftest.py": "import sys\nsys.path.insert(0, 'x')",
            "tests/fixtures_dir/shapes.py": "",
            "sub/deep.py": "",
        }
    )
    report = scan_dependencies(project)
    assert installed(report) == names
    assert guessed(report) == guesses


FILTERS = """\
filterwarnings = ["error", "error::trio.TrioWarning", "ignore:a:DeprecationWarning:numpy",
    "ignore::own.Warn", "ignore::pytest.PytestWarning"]
"""


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        (
            "addopts = ['--cov=x', '-n4', '--timeout', '5', '--tb=short', '-p', 'no:x']",
            {"pytest-cov", "pytest-xdist", "pytest-timeout"},
        ),
        (
            "addopts = '--doctest-plus --mypy --benchmark-disable'",
            {"pytest-doctestplus", "pytest-mypy", "pytest-benchmark"},
        ),
        ("addopts = ['-p', 'pytest_cov', '-p', 'warnings', '-p', 'own.plugin']", {"pytest-cov"}),
        ("addopts = '--own-option --reruns 2'", {"pytest-rerunfailures"}),
        (
            "asyncio_mode = 'auto'\nDJANGO_SETTINGS_MODULE = 'x'\nxfail_strict = true",
            {"pytest-asyncio", "pytest-django"},
        ),
        ("required_plugins = ['pytest-xyz>=2']", {"pytest-xyz>=2"}),
        (FILTERS, {"trio"}),
        ("markers = ['timeout: mine']", set()),
    ],
)
def test_settings(make_project: Make, settings: str, names: set[str]) -> None:
    project = make_project(
        BASE
        | {
            "pyproject.toml": BASE["pyproject.toml"] + "[tool.pytest.ini_options]\n" + settings,
            "tests/test_it.py": "@pytest.mark.timeout\ndef test_x(): ..."
            if "markers" in settings
            else "",
            "tests/conftest.py": "def pytest_addoption(parser):\n parser.addoption('--own-option')",
        }
    )
    assert installed(scan_dependencies(project)) == names


def groups(text: str) -> dict[str, str]:
    return {"pyproject.toml": f"[dependency-groups]\n{text}"}


def extras(text: str) -> dict[str, str]:
    return {"setup.py": f"setup(name='own', extras_require={{{text}}})"}


OWN_EXTRAS = """\
[project]
name = "own"
[project.optional-dependencies]
socks = ["pysocks>1"]
[dependency-groups]
test = ["own[socks]", "a; os_name=='nt'", "b>1; python_version>='3.15'", "b<9"]
"""
TOX = "[testenv]\ndeps=rare\ncommands=pytest\n[testenv:lint]\ndeps=other\ncommands=x"
TOOLS = {"test-requirements.txt": "rare"} | groups("test=['tox']")


@pytest.mark.parametrize(
    ("declared", "names"),
    [
        (groups("test=['x', 'coverage', 'pytest-xdist', 'ruff']\ndev=['rare']"), {"x"}),
        (groups("dev=['rare', 'mypy']"), {"rare"}),
        (TOOLS, {"rare"}),  # tools alone say nothing
        ({"tox.ini": TOX}, {"rare"}),
        (extras("'tests': ['rare'], 'cli': ['rich']"), {"rare"}),
        (extras("'cli': ['rich<9'], 'docs': ['sphinx']"), {"rich<9"}),  # nothing is said of tests
        ({"pyproject.toml": OWN_EXTRAS}, {"pysocks>1", "b<9,>1"}),
    ],
)
def test_declared(make_project: Make, declared: Mapping[str, str], names: set[str]) -> None:
    files = {"tests/test_it.py": "import pytest", **declared}
    assert installed(scan_dependencies(make_project(files))) == names


def test_what_is_not_for_this_python_stays_out(make_project: Make) -> None:
    project = make_project(
        {
            **groups("test=['pytest', \"memray; python_version<'3.15'\"]"),
            "tests/test_it.py": "import pytest\nmemray = pytest.importorskip('memray')",
        }
    )
    assert installed(scan_dependencies(project)) == set()
    assert installed(scan_dependencies(project, ScanOptions(python=(3, 14)))) == {"memray"}


def test_only_what_a_test_loads_counts(make_project: Make) -> None:
    project = make_project(
        BASE
        | {
            "tests/test_it.py": "from helper import x\nfrom tests.deep.more import y",
            "tests/helper.py": "import attrs",
            "tests/deep/more.py": "import trio",
            "tests/data/script.py": "import numpy",
        }
    )
    report = scan_dependencies(project)
    assert installed(report) == {"attrs", "trio"}
    assert {need.package: need.useful for need in report.needs}["numpy"] is False


def test_conditional_needs_can_be_left_out(make_project: Make) -> None:
    project = make_project(
        BASE | {"tests/test_it.py": "import trio\nnumpy = pytest.importorskip('numpy')"}
    )
    assert installed(scan_dependencies(project)) == {"trio", "numpy"}
    assert installed(scan_dependencies(project, ScanOptions(conditional=False))) == {"trio"}


def test_source_is_scanned_when_asked(make_project: Make) -> None:
    project = make_project(BASE | {"tests/test_it.py": ""})
    assert installed(scan_dependencies(project)) == set()
    assert installed(scan_dependencies(project, ScanOptions(scan_source=True))) == {"yarl"}


def test_other_test_dirs(make_project: Make) -> None:
    project = make_project(
        BASE | {"tests/test_it.py": "import trio", "more/test_b.py": "import attrs"}
    )
    assert installed(scan_dependencies(project, ScanOptions(test_dirs=("more",)))) == {"attrs"}


def test_a_registry_confirms_names(make_project: Make, tmp_path: Path) -> None:
    packages = tmp_path / "registry" / "packages"
    packages.mkdir(parents=True)
    (packages / "zzunknown.yaml").write_text("package: zzunknown\n")
    (packages / "zz-other.yaml").write_text("package: zz-other\nimport_name: zzmodule\n")
    (packages / "zzfalse.yaml").write_text("package: zzfalse\nimport_name: something\n")
    (packages / "broken.yaml").write_text("package: [\n")
    project = make_project(
        BASE | {"tests/test_it.py": "import zzunknown, zzmodule.part, zzfalse, zznever"}
    )
    report = scan_dependencies(project, registry=Registry(tmp_path / "registry"))
    assert installed(report) == {"zzunknown", "zz-other"}
    assert guessed(report) == {"zzfalse", "zznever"}


@pytest.mark.parametrize(
    ("test_file", "framework"),
    [
        ("def test_x(): ...", TestFramework.PYTEST),
        ("import pytest", TestFramework.PYTEST),
        ("class T(unittest.TestCase):\n def test_x(self): ...", TestFramework.UNITTEST),
        (
            "class Mixin:\n def test_x(self): ...\nclass T(Mixin, TestCase): ...",
            TestFramework.UNITTEST,
        ),
        ("class TestX:\n def test_x(self): ...", TestFramework.PYTEST),
        ("run()", TestFramework.CUSTOM),
    ],
)
def test_frameworks(make_project: Make, test_file: str, framework: TestFramework) -> None:
    report = scan_dependencies(make_project(BASE | {"tests/test_it.py": test_file}))
    assert report.framework is framework
    needed = [need.package for need in report.needs]
    assert ("pytest" in needed) is (framework is TestFramework.PYTEST)


def test_a_plugin_does_not_need_itself(make_project: Make) -> None:
    project = make_project(
        {
            "setup.py": "setup(name='pytest-mock')",
            "src/pytest_mock/__init__.py": "import pytest\n@pytest.fixture\ndef mocker(): ...",
            "tests/test_it.py": "import pytest_mock\ndef test_x(mocker, httpbin): ...",
        }
    )
    report = scan_dependencies(project)
    assert installed(report) == {"pytest-httpbin"}
    assert {need.certainty for need in report.needs} == {Certainty.KNOWN}
