"""pytest's configuration, from whichever file pytest takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from labeille.projects.model import Project

Make = Callable[[Mapping[str, str]], Project]


@pytest.mark.parametrize(
    ("files", "place"),
    [
        (
            {"pytest.ini": "", "pyproject.toml": "[tool.pytest.ini_options]\naddopts='-q'"},
            "pytest.ini",
        ),
        ({"pytest.toml": "[pytest]\n", "pytest.ini": "[pytest]", "setup.py": ""}, "pytest.toml"),
        (
            {"pyproject.toml": "[tool.pytest.ini_options]\naddopts='-q'", "tox.ini": "[pytest]"},
            "pyproject.toml",
        ),
        ({"pyproject.toml": "[tool.pytest]\naddopts=['-q']"}, "pyproject.toml"),
        ({"tox.ini": "[pytest]\naddopts=-q", "setup.cfg": "[tool:pytest]"}, "tox.ini"),
        ({"setup.cfg": "[tool:pytest]\naddopts=-q"}, "setup.cfg"),
    ],
)
def test_which_file_counts(make_project: Make, files: Mapping[str, str], place: str) -> None:
    settings = make_project(files).pytest
    assert settings is not None
    assert settings.place == place


def test_none_is_none(make_project: Make) -> None:
    assert make_project({"setup.cfg": "[metadata]\nname=x", "tox.ini": "[tox]"}).pytest is None


INI = """\
    [pytest]
    minversion = 7.0
    testpaths = tests more
    addopts = -ra --cov=x -p no:xdist -p my.plugin
        -m "not slow" --strict-markers
    markers =
        slow: takes long
        net(host): needs a host
    filterwarnings =
        error
        # a comment
        ignore::foo.bar.Warn
    required_plugins = pytest-x>=1 pytest-y == 2.0
    pythonpath = src
    xfail_strict = true
"""
TOML = """\
    [tool.pytest.ini_options]
    minversion = "7.0"
    testpaths = ["tests", "more"]
    addopts = ["--cov=x", "-p", "no:xdist", "-pmy.plugin", "-m", "not slow", "--strict-markers"]
    markers = ["slow: takes long", "net(host): needs a host"]
    filterwarnings = ["error", "ignore::foo.bar.Warn"]
    required_plugins = "pytest-x>=1 pytest-y==2.0"
    pythonpath = "src"
    xfail_strict = true
"""


@pytest.mark.parametrize(
    "files", [{"pytest.ini": INI}, {"pyproject.toml": TOML}], ids=["ini", "toml"]
)
def test_settings(make_project: Make, files: Mapping[str, str]) -> None:
    settings = make_project(files).pytest
    assert settings is not None
    assert settings.minversion == "7.0"
    assert settings.testpaths == ("tests", "more")
    assert settings.addopts[-3:] == ("-m", "not slow", "--strict-markers")
    assert settings.plugins == ("my.plugin",)
    assert settings.markers == ("slow", "net")
    assert settings.filterwarnings == ("error", "ignore::foo.bar.Warn")
    assert [str(each) for each in settings.required_plugins] == ["pytest-x>=1", "pytest-y==2.0"]
    assert settings.pythonpath == ("src",)
    assert (settings.strict_markers, settings.strict_config) == (True, False)
    assert set(settings.options) >= {"xfail_strict", "addopts"}
