"""``labeille analyze``: what the stored results and the registry say."""

from __future__ import annotations

from pathlib import Path

import click

from labeille.cli.options import registry_option
from labeille.errors import UsageError
from labeille.registry.location import find_registry
from labeille.registry.store import Registry
from labeille.registry.where import parse_where

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def analyze() -> None:
    """Read what is stored, and say what it means; nothing is run."""


@analyze.command("registry")
@registry_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["summary", "table", "detail", "counts"]),
    default="summary",
    show_default=True,
    help="How much is cared for, a row a package, all fields, or how often each value occurs.",
)
@click.option(
    "--where",
    metavar="FIELD=VALUE",
    multiple=True,
    help="Only packages whose field has (FIELD=VALUE) or has not (FIELD!=VALUE) the value.",
)
@click.option("--export-markdown", type=_FILE, metavar="FILE", help="Write it in markdown too.")
@click.option("-o", "--output", type=_FILE, metavar="FILE", help="Write to FILE, not to stdout.")
def analyze_registry(
    registry_dir: Path | None,
    form: str,
    where: tuple[str, ...],
    export_markdown: Path | None,
    output: Path | None,
) -> None:
    """Say what the registry holds."""
    from labeille.analysis.registry import read_registry
    from labeille.reports.registry import RegistryFormat, registry_markdown, registry_text

    conditions = [parse_where(text) for text in where]
    facts = read_registry(Registry(find_registry(registry_dir)), conditions)
    shape = RegistryFormat(form)
    if export_markdown is not None:
        _write(export_markdown, registry_markdown(facts, shape))
    text = registry_text(facts, shape)
    if output is None:
        click.echo(text)
    else:
        _write(output, f"{text}\n")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from None
