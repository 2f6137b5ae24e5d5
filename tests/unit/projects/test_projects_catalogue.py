"""The data files hold together."""

from __future__ import annotations

import sys

from packaging.utils import canonicalize_name

from labeille.projects.catalogue import (
    development_tools,
    known_modules,
    known_plugins,
    popular_packages,
)


def test_names_of_packages_are_normalised() -> None:
    packages = {known.package for known in known_modules().packages.values()}
    packages |= {name for known in known_modules().packages.values() for name in known.also}
    packages |= {plugin.package for plugin in known_plugins()} | popular_packages()
    packages |= {name for name in development_tools().reasons if "*" not in name}
    assert [name for name in sorted(packages) if canonicalize_name(name) != name] == []


def test_nothing_is_a_package_and_none() -> None:
    modules = known_modules()
    assert not modules.packages.keys() & modules.nothing.keys()
    assert not popular_packages() & {canonicalize_name(name) for name in modules.nothing}
    assert not modules.packages.keys() & modules.namespaces


def test_every_entry_has_its_source() -> None:
    assert all(known.source for known in known_modules().packages.values())
    assert all(known_modules().nothing.values())
    assert all(development_tools().reasons.values())


def test_the_standard_library_of_every_python_is_known() -> None:
    modules = known_modules()
    for name in ("StringIO", "imp", "compression", "asyncore", "Tkinter"):
        assert name in modules.nothing or modules.is_standard(name)
    # distutils went to setuptools, and is the one exception
    standard = sys.stdlib_module_names & modules.packages.keys()
    assert standard <= {"distutils"}


def test_what_one_thing_usually_means_is_one_package() -> None:
    usual: dict[str, str] = {}
    for plugin in known_plugins():
        assert plugin.usual <= plugin.fixtures | plugin.markers | set(plugin.options)
        for name in plugin.usual:
            assert usual.setdefault(name, plugin.package) == plugin.package
