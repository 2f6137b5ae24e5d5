"""Stress iterations: each test in several threads at once, by pytest-run-parallel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labeille.registry.model import TestFramework

if TYPE_CHECKING:
    from labeille.registry.model import Package

#: Installed with every environment of the run.
_REQUIREMENT = "pytest-run-parallel"
_PLUGIN = "run-parallel"  # its entry point's name


def stress_requirements(threads: int | None) -> tuple[str, ...]:
    """What environments need beyond their package's own, for stress iterations in them."""
    return (_REQUIREMENT,) if threads else ()


def plain_options(threads: int | None) -> tuple[str, ...]:
    """pytest's options that keep the plugin out of the plain iterations."""
    return ("-p", f"no:{_PLUGIN}") if threads else ()


def stress_options(threads: int) -> tuple[str, ...]:
    """pytest's options for a stress iteration."""
    return (f"--parallel-threads={threads}",)


def cannot_be_stressed(package: Package) -> str | None:
    """Why a package's tests cannot be run in several threads at once, None where they can."""
    if package.test_framework is TestFramework.PYTEST:
        return None
    return f"pytest-run-parallel needs pytest, and the suite is run by {package.test_framework}"
