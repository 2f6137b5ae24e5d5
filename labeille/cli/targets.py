"""labeille targets: list, probe and get interpreters to test."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from labeille.errors import TargetError
from labeille.targets.discover import discover
from labeille.targets.model import TargetKind
from labeille.targets.probe import probe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from labeille.targets.model import Target

_COLUMNS = ("VERSION", "JIT", "GIL", "BUILD", "PYTHON")


@click.group()
def targets() -> None:
    """Interpreters under test: which there are, what they can do, and how to get one."""


@targets.command("list")
def list_targets() -> None:
    """List the interpreters of this machine, the newest first."""
    found = discover()
    if not found:
        raise TargetError(
            "no interpreter was found on PATH, of pyenv, of uv, or fetched by labeille",
            hint="'labeille targets get jit' fetches one",
        )
    _print_table([_row(target) for target in found])


@targets.command("probe")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def probe_target(path: Path, as_json: bool) -> None:
    """Ask the interpreter at PATH what it is and what it can do."""
    target = probe(path.expanduser())
    facts = {"target_id": target.target_id, **msgspec.to_builtins(target)}
    if as_json:
        click.echo(json.dumps(facts, indent=2))
        return
    width = max(map(len, facts))
    for name, value in facts.items():
        click.echo(f"{name:<{width}}  {_text(value)}")


@targets.command("get")
@click.argument("kind", type=click.Choice([kind.value for kind in TargetKind]))
def get_target(kind: str) -> None:
    """Fetch an interpreter of a KIND, unless labeille fetched one before; print its path."""
    from labeille.targets.provide import provide

    for target in provide(TargetKind(kind), lambda line: click.echo(line, err=True)):
        click.echo(target.python)


def _row(target: Target) -> tuple[str, ...]:
    if not target.jit_available:
        jit = "-"
    elif not target.jit_works:
        jit = "broken"
    else:
        jit = "yes, on" if target.jit_default else "yes, off"
    gil = "yes"
    if target.free_threaded:
        gil = "optional, on" if target.gil_enabled else "optional, off"
    build = [*(["debug"] if target.debug else []), *target.sanitizers]
    version = target.version
    if target.implementation != "cpython":
        version = f"{version} {target.implementation}"
    return version, jit, gil, ", ".join(build) or "release", target.python


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return " ".join(map(str, value)) or "-"
    return str(value) or "-"


def _print_table(rows: Iterable[tuple[str, ...]]) -> None:
    """A rich table on a terminal, aligned text elsewhere: easy to grep, never cut off."""
    rows = list(rows)
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.table import Table

        table = Table(*_COLUMNS, box=None, caption="JIT and GIL: on or off with nothing set")
        for row in rows:
            table.add_row(*row)
        Console().print(table)
        return
    lines = [_COLUMNS, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(cells).rstrip())
