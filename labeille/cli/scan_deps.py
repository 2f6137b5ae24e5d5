"""``labeille scan-deps``: what a source tree's tests need to be installed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from labeille.errors import RegistryError, UsageError
from labeille.names import parse_package_name
from labeille.projects.dependencies import ScanOptions, scan_dependencies
from labeille.projects.install_commands import compare
from labeille.projects.read import read_project
from labeille.registry.location import find_registry
from labeille.registry.store import Registry
from labeille.reports.dependencies import human_text, json_text, pip_text

if TYPE_CHECKING:
    from labeille.projects.model import Project


@click.command("scan-deps")
@click.argument("repo", type=click.Path(path_type=Path))
@click.option("--package-name", metavar="NAME", help="The package in the registry.")
@click.option(
    "--test-dirs",
    metavar="DIR,DIR",
    multiple=True,
    help="Where the tests are, from REPO.  [default: as pytest finds them]",
)
@click.option("--scan-source", is_flag=True, help="Also what the package itself imports.")
@click.option(
    "--install-command",
    metavar="COMMAND",
    help="Say what this one leaves out.  [default: the package's in the registry]",
)
@click.option(
    "--registry-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="The registry, which confirms names of packages.",
)
@click.option(
    "--include-conditional/--no-conditional",
    default=True,
    show_default=True,
    help="Needs that the tests can do without: imports that may fail, importorskip.",
)
@click.option(
    "--format",
    "output",
    type=click.Choice(["human", "json", "pip"]),
    default="human",
    show_default=True,
    help="pip: requirement lines, without guesses.",
)
def scan_deps(
    repo: Path,
    package_name: str | None,
    test_dirs: tuple[str, ...],
    scan_source: bool,
    install_command: str | None,
    registry_dir: Path | None,
    include_conditional: bool,
    output: str,
) -> None:
    """Say what the tests in REPO, a source tree, need, and how that is known.

    Nothing of the tree is run. First comes what the project declares, then what its tests import,
    and the pytest plugins that they use.

    \b
    Exit codes: 0 scanned, whatever is missing; 2 usage, or no project.
    """
    project = read_project(repo)
    registry = _registry(registry_dir)
    notes: tuple[str, ...] = ()
    if package_name is not None:
        package_name = parse_package_name(package_name)
        project = replace(project, name=project.name or package_name)
        if install_command is None:
            install_command, notes = _registered_command(registry, package_name)
    options = ScanOptions(
        test_dirs=_test_dirs(project, test_dirs),
        scan_source=scan_source,
        conditional=include_conditional,
    )
    report = scan_dependencies(project, options, registry)
    report = replace(report, notes=(*report.notes, *notes))
    comparison = None
    if install_command is not None:
        comparison = compare(project, report, install_command, options.python)
    if output == "pip":
        text = pip_text(report)
        if text:
            click.echo(text)
    else:
        click.echo((json_text if output == "json" else human_text)(report, comparison))


def _registry(option: Path | None) -> Registry | None:
    """The registry; None where none is named and there is none to find."""
    try:
        return Registry(find_registry(option))
    except RegistryError:
        if option is not None:
            raise
        return None


def _registered_command(registry: Registry | None, name: str) -> tuple[str | None, tuple[str, ...]]:
    """The install command of a package's entry, or a note that there is none."""
    if registry is None or name not in registry:
        return None, (f"the registry has no package {name}: nothing to compare with",)
    command = registry.get(name).install_command.strip()
    if not command:
        return None, (f"{name} has no install command yet: nothing to compare with",)
    return command, ()


def _test_dirs(project: Project, options: tuple[str, ...]) -> tuple[str, ...] | None:
    """The folders of --test-dirs, from the project's root; None where it is not given."""
    names = [name.strip() for option in options for name in option.split(",") if name.strip()]
    if not names:
        return None
    found = []
    for name in names:
        path = (project.root / name).resolve()
        if not path.exists() or not path.is_relative_to(project.root):
            raise UsageError(
                f"--test-dirs {name}: there is no such folder in {project.root}",
                hint="folders are given as seen from REPO: --test-dirs tests,integration",
            )
        found.append(path.relative_to(project.root).as_posix())
    return tuple(dict.fromkeys(found))
