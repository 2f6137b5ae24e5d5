"""A project's name, build, version, requirements and layout."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from labeille.projects.model import Project, ProjectError, VersionSource
from labeille.projects.read import read_project

Make = Callable[[Mapping[str, str]], Project]
MakeTree = Callable[[Mapping[str, str]], Path]


def test_the_facts_of_an_ordinary_project(make_project: Make) -> None:
    project = make_project(
        {
            "pyproject.toml": """\
                [build-system]
                requires = ["flit_core<4"]
                build-backend = "flit_core.buildapi"
                [project]
                name = "Some_Thing"
                version = "1"
                requires-python = ">=3.10"
                dependencies = ["attrs", "tomli; python_version < '3.11'"]
            """,
            "src/some_thing/__init__.py": "",
            "tests/test_it.py": "",
        }
    )
    assert project.name == "some-thing"
    assert project.build.backend == "flit_core.buildapi"
    assert [str(each) for each in project.build.requires] == ["flit_core<4"]
    assert project.version_source is VersionSource.STATIC
    assert project.requires_python == ">=3.10"
    assert [each.name for each in project.dependencies] == ["attrs", "tomli"]
    assert project.layout.modules == ("some_thing",)
    assert project.layout.test_dirs == ("tests",)
    assert project.problems == ()


@pytest.mark.parametrize(
    ("files", "source"),
    [
        ({"pyproject.toml": "[project]\nversion='1'\n[tool.setuptools_scm]"}, VersionSource.STATIC),
        ({"pyproject.toml": "[tool.setuptools_scm]"}, VersionSource.SETUPTOOLS_SCM),
        (
            {"pyproject.toml": "[build-system]\nrequires=['setuptools_scm[toml]>=8']\n"},
            VersionSource.SETUPTOOLS_SCM,
        ),
        ({"setup.py": "setup(use_scm_version=True)"}, VersionSource.SETUPTOOLS_SCM),
        (
            {
                "pyproject.toml": "[build-system]\nrequires=['setuptools-scm']\n",
                "setup.py": "setup(version='1')",
            },
            VersionSource.STATIC,
        ),
        ({"pyproject.toml": "[tool.hatch.version]\nsource='vcs'"}, VersionSource.HATCH_VCS),
        ({"pyproject.toml": "[tool.hatch.version]\npath='x.py'"}, VersionSource.FILE),
        (
            {"pyproject.toml": "[tool.hatch.version]\nsource='versioningit'"},
            VersionSource.VERSIONINGIT,
        ),
        ({"pyproject.toml": "[tool.versioningit]"}, VersionSource.VERSIONINGIT),
        ({"pyproject.toml": "[tool.pdm.version]\nsource='scm'"}, VersionSource.PDM_SCM),
        ({"pyproject.toml": "[tool.poetry]\nversion='1'"}, VersionSource.STATIC),
        (
            {"setup.py": "import versioneer\nsetup(version=versioneer.get_version())"},
            VersionSource.VERSIONEER,
        ),
        ({"setup.py": "setup(setup_requires=['pbr'], pbr=True)"}, VersionSource.PBR),
        ({"setup.cfg": "[metadata]\nversion = attr: x.__version__"}, VersionSource.FILE),
        ({"setup.py": "setup(version=compute())"}, VersionSource.SETUP_PY),
        ({"pyproject.toml": "[project]\nname='x'\ndynamic=['version']"}, VersionSource.FILE),
    ],
)
def test_version_sources(
    make_project: Make, files: Mapping[str, str], source: VersionSource
) -> None:
    found = make_project(files).version_source
    assert found is source
    assert found.needs_git is not (
        found in (VersionSource.STATIC, VersionSource.FILE, VersionSource.SETUP_PY)
    )


@pytest.mark.parametrize(
    ("files", "modules", "test_dirs"),
    [
        pytest.param(
            {
                "src/zope/x/__init__.py": "",
                "src/zope/x/tests/test_a.py": "",
                "setup.py": "setup(name='zope.x')",
            },
            ("zope.x",),
            ("src/zope/x/tests",),
            id="namespace, tests inside",
        ),
        pytest.param(
            {"six.py": "", "test_six.py": "", "setup.py": "setup(name='six', py_modules=['six'])"},
            ("six",),
            ("test_six.py",),
            id="one module",
        ),
        pytest.param(
            {
                "setup.py": "setup(name='PyYAML', package_dir={'': 'lib'})",
                "lib/yaml/__init__.py": "",
                "yaml/_yaml.pyx": "",
                "tests/a.py": "",
                "lib/PyYAML.egg-info/top_level.txt": "_yaml\nyaml\n",
            },
            ("yaml", "_yaml"),
            ("tests",),
            id="lib, and what top_level.txt adds",
        ),
        pytest.param(
            {
                "pkg/__init__.py": "",
                "pkg/test_a.py": "",
                "docs/conf.py": "",
                "setup.py": "setup(name='pkg')",
            },
            ("pkg",),
            ("pkg/test_a.py",),
            id="test files among the sources",
        ),
        pytest.param(
            {
                "pkg/__init__.py": "",
                "pkg/testing/__init__.py": "",
                "pkg/testing/suite/test_a.py": "",
                "test/test_b.py": "",
                "setup.py": "",
            },
            ("pkg",),
            ("test",),
            id="testing is a library below a package",
        ),
        pytest.param(
            {
                "conftest.py": "collect_ignore = ['docs', 'pkg/_other/']\n",
                "pkg/__init__.py": "",
                "pkg/_other/__init__.py": "",
                "pkg/_other/tests/test_a.py": "",
                "pkg/tests/test_b.py": "",
                "setup.py": "",
            },
            ("pkg",),
            ("pkg/tests",),
            id="what the conftest keeps from being collected",
        ),
        pytest.param(
            {
                "pyproject.toml": "[tool.pytest]\ntestpaths=['integration', 'unit*', '/etc', '..']",
                "unit_a/test_a.py": "",
                "integration/test_b.py": "",
                "tests/test_c.py": "",
            },
            (),
            ("integration", "unit_a"),
            id="testpaths, with patterns",
        ),
    ],
)
def test_layouts(
    make_project: Make,
    files: Mapping[str, str],
    modules: tuple[str, ...],
    test_dirs: tuple[str, ...],
) -> None:
    layout = make_project(files).layout
    assert (layout.modules, layout.test_dirs) == (modules, test_dirs)


def test_metadata_of_an_sdist_goes_before_an_unreadable_setup_py(make_project: Make) -> None:
    project = make_project(
        {
            "setup.py": "setup(name='x', install_requires=open('r.txt').read())",
            "PKG-INFO": "Name: x\nRequires-Python: >=3.9\nRequires-Dist: attrs>=1\n",
        }
    )
    assert [str(each) for each in project.dependencies] == ["attrs>=1"]
    assert project.requires_python == ">=3.9"


@pytest.mark.parametrize(
    "files", [{}, {"README.md": ""}, {"a/data.txt": ""}, {"a/b.py": "", "c.py": ""}]
)
def test_a_folder_that_is_no_project(make_tree: MakeTree, files: Mapping[str, str]) -> None:
    with pytest.raises(ProjectError, match="holds no Python project"):
        read_project(make_tree(files))


def test_the_folder_below_is_suggested(make_tree: MakeTree) -> None:
    root = make_tree({"x-1.0/pyproject.toml": ""})
    with pytest.raises(ProjectError) as caught:
        read_project(root)
    assert str(root / "x-1.0") in (caught.value.hint or "")


def test_no_folder_at_all(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="is no folder"):
        read_project(tmp_path / "nothing")
