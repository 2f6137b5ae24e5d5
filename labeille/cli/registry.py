"""``labeille registry``: look at package files, edit, check and sync them."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from labeille.cli.options import registry_option
from labeille.errors import RegistryError, UsageError
from labeille.names import parse_package_name
from labeille.registry.edit import FieldEdit, Files, Operation, apply_edit, plan_edit
from labeille.registry.fields import Kind, default_value, parse_value
from labeille.registry.location import REGISTRY_DIR_VARIABLE, find_registry
from labeille.registry.store import Registry
from labeille.registry.where import parse_where

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Function = TypeVar("Function", bound="Callable[..., Any]")

#: What ``validate`` exits with where something is wrong: what was looked for is found.
_FOUND = 1


@click.group()
def registry() -> None:
    """Package files: look at them, edit one field of many, check them, keep a copy in step."""


def _edit_options(function: Function) -> Function:
    """Which files, and whether they are written."""
    for option in (
        click.option("-v", "--verbose", is_flag=True, help="Name each file that is written."),
        click.option(
            "--lenient", is_flag=True, help="Leave out files that cannot be edited, and say so."
        ),
        click.option("--apply", is_flag=True, help="Write the files.  [default: a dry run]"),
        click.option("--all", "everything", is_flag=True, help="All packages."),
        click.option(
            "--where",
            metavar="FIELD=VALUE",
            multiple=True,
            help="Only packages whose field has (FIELD=VALUE) or has not (FIELD!=VALUE) the value.",
        ),
        click.option("--packages", metavar="A,B", multiple=True, help="Only these packages."),
        registry_option,
    ):
        function = option(function)
    return function


_type_option = click.option(
    "--type",
    "declared",
    type=click.Choice([kind.value for kind in Kind]),
    help="What the value is, for a field that labeille does not know.",
)
_after_option = click.option(
    "--after",
    metavar="FIELD",
    help="Put a new field below this one.  [default: where the format has it, else last]",
)


@registry.command("add-field")
@click.argument("field")
@_type_option
@click.option("--default", metavar="VALUE", help="Its value.  [default: the type's empty value]")
@_after_option
@_edit_options
def add_field(
    field: str, declared: str | None, default: str | None, after: str | None, **options: Any
) -> None:
    """Add FIELD to the files that lack it; those that have it stay as they are."""
    kind = Kind(declared) if declared else None
    value = default_value(field, kind) if default is None else parse_value(field, default, kind)
    _edit(FieldEdit(operation=Operation.ADD, field=field, value=value, after=after), options)


@registry.command("remove-field")
@click.argument("field")
@_edit_options
def remove_field(field: str, **options: Any) -> None:
    """Remove FIELD, with all lines of its value."""
    _edit(FieldEdit(operation=Operation.REMOVE, field=field), options)


@registry.command("rename-field")
@click.argument("field")
@click.argument("new_name")
@_edit_options
def rename_field(field: str, new_name: str, **options: Any) -> None:
    """Give FIELD a NEW_NAME; its value stays as it is written."""
    _edit(FieldEdit(operation=Operation.RENAME, field=field, new_name=new_name), options)


@registry.command("set-field")
@click.argument("field")
@click.argument("value")
@_type_option
@_after_option
@_edit_options
def set_field(
    field: str, value: str, declared: str | None, after: str | None, **options: Any
) -> None:
    """Set FIELD to VALUE in the files that --packages, --where or --all names.

    VALUE is text as it is for fields of text, else YAML: null, true, 900, [a, b], {"3.15": why}.
    Files that lack the field get it.
    """
    if not (options["packages"] or options["where"] or options["everything"]):
        raise UsageError(
            "set-field: in which files?", hint="--packages A,B, --where FIELD=VALUE, or --all"
        )
    parsed = parse_value(field, value, Kind(declared) if declared else None)
    _edit(FieldEdit(operation=Operation.SET, field=field, value=parsed, after=after), options)


def _edit(edit: FieldEdit, options: Mapping[str, Any]) -> None:
    """Plan an edit, and write it where that is asked for."""
    from labeille.reports.registry_files import edit_text, problem_lines

    if options["everything"] and (options["packages"] or options["where"]):
        raise UsageError("--all does not go with --packages or --where", hint="leave --all out")
    files = Files(
        packages=_names(options["packages"]),
        where=tuple(parse_where(text) for text in options["where"]),
    )
    plan = plan_edit(_open(options["registry_dir"]), edit, files)
    if plan.problems:
        click.echo(problem_lines(plan.problems), err=True)
        if not options["lenient"]:
            broken = len({problem.path for problem in plan.problems})
            raise RegistryError(
                f"nothing was written: {broken} of {plan.total} files cannot be edited",
                hint="mend them, or leave them out with --lenient",
            )
    if not options["apply"]:
        click.echo(edit_text(plan, None))
        return
    written = 0
    for path in apply_edit(plan):
        written += 1
        if options["verbose"]:
            click.echo(path)
    click.echo(edit_text(plan, written))


@registry.command("validate")
@click.argument("packages", nargs=-1)
@registry_option
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def validate_registry(
    context: click.Context,
    packages: tuple[str, ...],
    registry_dir: Path | None,
    *,
    strict: bool,
    as_json: bool,
) -> None:
    """Check the files of PACKAGES; without names, all files and the index.

    \b
    Exit codes: 0 all is well, 1 errors (with --strict warnings too), 2 usage.
    """
    from labeille.registry.findings import Level
    from labeille.registry.validate import validate
    from labeille.reports.registry_files import validation_json, validation_text

    validation = validate(_open(registry_dir), _names(packages))
    click.echo(validation_json(validation) if as_json else validation_text(validation))
    if validation.count(Level.ERROR) or (strict and validation.findings):
        context.exit(_FOUND)


@registry.command("rebuild-index")
@registry_option
def rebuild_registry_index(registry_dir: Path | None) -> None:
    """Make index.yaml anew from the package files; download counts stay."""
    from labeille.registry.index import find_drift, rebuild_index, write_index
    from labeille.reports.registry_files import drift_text, problem_lines

    opened = _open(registry_dir)
    loaded = opened.load_all()
    old = opened.index()
    unreadable = set(opened.names()) - loaded.packages.keys()
    new = rebuild_index(loaded.packages.values(), old, now=datetime.now(UTC), unreadable=unreadable)
    drift = find_drift(old, new)
    if drift or not opened.index_path.exists():
        write_index(opened.index_path, new)
    if loaded.problems:
        click.echo(problem_lines(loaded.problems), err=True)
    click.echo(drift_text(drift, new))


@registry.command("show")
@click.argument("package")
@registry_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show_package(package: str, registry_dir: Path | None, *, as_json: bool) -> None:
    """Show what the registry says of PACKAGE."""
    from labeille.reports.registry import package_json, print_package

    opened = _open(registry_dir)
    path = opened.path(parse_package_name(package))
    found = opened.get(package)
    if as_json:
        click.echo(package_json(found, path))
    else:
        print_package(found, path)


@registry.command("schema")
def show_schema() -> None:
    """Print the JSON schema of package files, for editors."""
    from labeille.registry.schema import schema_text

    click.echo(schema_text(), nl=False)


@registry.command("sync")
@click.option("--repo-url", metavar="URL", required=True, help="The registry's git repository.")
@click.option(
    "--registry-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the clone lies.  [default: LABEILLE_REGISTRY_DIR, ./registry]",
)
def sync(repo_url: str, registry_dir: Path | None) -> None:
    """Clone a registry that is kept in git, or bring the clone up to date.

    Changes and commits of yours are never lost: where they are in the way, nothing is changed.
    """
    from labeille.reports.registry_files import sync_text
    from labeille.sources.registry_sync import sync_registry

    folder = registry_dir or Path(os.environ.get(REGISTRY_DIR_VARIABLE) or "registry")
    click.echo(sync_text(sync_registry(repo_url, folder.expanduser())))


def _open(option: Path | None) -> Registry:
    return Registry(find_registry(option))


def _names(values: Iterable[str]) -> tuple[str, ...]:
    """Package names from arguments and comma-separated options, each once."""
    parts = (part.strip() for value in values for part in value.split(","))
    names = tuple(dict.fromkeys(parse_package_name(part) for part in parts if part))
    if not names and tuple(values):
        raise UsageError("--packages names no package", hint="for example --packages click,six")
    return names
