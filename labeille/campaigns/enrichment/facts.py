"""What is known of a package before anything of it is run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from labeille.campaigns.enrichment.model import Facts
from labeille.projects.dependencies import ScanOptions, scan_dependencies
from labeille.projects.read import read_project

if TYPE_CHECKING:
    from labeille.registry.model import Package
    from labeille.registry.store import Registry
    from labeille.sources.model import Checkout

# What `labeille resolve` notes of a monorepo.
_MONOREPO = re.compile(r"monorepo: the package is in (?P<folder>[\w./+-]+)")


def read_facts(
    package: Package, checkout: Checkout, python_version: str, registry: Registry | None = None
) -> Facts:
    """Read a checkout for a target's version ("3.15").

    Raises ProjectError where it holds no Python project.
    """
    folder = "."
    noted = _MONOREPO.search(package.notes)
    if noted is not None and not (noted["folder"].startswith("/") or ".." in noted["folder"]):
        inner = noted["folder"].rstrip("./")
        if inner and (checkout.path / inner).is_dir():
            folder = inner
    major, minor = python_version.split(".")
    python = (int(major), int(minor))
    project = read_project(checkout.path / folder)
    return Facts(
        package=package,
        source=checkout.kind,
        version=checkout.version,
        python=python,
        folder=folder,
        project=project,
        needs=scan_dependencies(project, ScanOptions(python=python), registry),
    )
