"""``labeille resolve``: build a registry from what the package index says."""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from labeille.campaigns.resolve import DEFAULT_WORKERS, Resolved, Resolving
from labeille.campaigns.wanted import NameSources, WantedList, read_wanted
from labeille.errors import UsageError
from labeille.pypi.client import IndexClient
from labeille.pypi.settings import index_settings
from labeille.registry.location import registry_to_write
from labeille.registry.store import Registry
from labeille.reports.resolving import resolved_text, resolving_summary
from labeille.reports.words import Verbosity
from labeille.results.directory import timestamp
from labeille.supervision.cancellation import Cancellation
from labeille.supervision.interrupts import interruptible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_FILE = click.Path(dir_okay=False, path_type=Path, allow_dash=True)
_MAX_WORKERS = 64


@click.command()
@click.argument("packages", nargs=-1, metavar="[PACKAGES]...")
@click.option("--from-file", type=_FILE, help="A list: a name a line, # begins a comment.")
@click.option(
    "--from-json", type=_FILE, help='A download list: {"rows": [{"project", "download_count"}]}.'
)
@click.option(
    "--top", type=click.IntRange(1), metavar="N", help="Of the lists, the N most downloaded."
)
@click.option(
    "--workers",
    type=click.IntRange(1, _MAX_WORKERS),
    default=DEFAULT_WORKERS,
    show_default=True,
    metavar="N",
    help="Packages asked for at a time.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="Of silence of the index.  [default: pip's or uv's setting]",
)
@click.option(
    "--registry-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="The registry to write.  [default: LABEILLE_REGISTRY_DIR, ./registry]",
)
@click.option("--dry-run", is_flag=True, help="Say what would be written; -v shows whole files.")
@click.option("-v", "--verbose", is_flag=True, help="Also say what was left alone or not asked.")
@click.option("-q", "--quiet", is_flag=True, help="Only the summary.")
@click.option(
    "--log-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Append every line to this file, with the time.",
)
def resolve(**options: Any) -> None:
    """Look packages up on the index and write a skeleton file of each into the registry.

    The index is the one that pip or uv is configured to use. Enriched files are never changed,
    other existing ones only where they are empty.

    \b
    Exit codes: 0 what could be resolved is, 2 nothing could be, 130 interrupted.
    """
    registry = Registry(registry_to_write(options["registry_dir"]))
    settings = index_settings()
    if not settings.indexes and not settings.find_links:
        raise UsageError(
            "no package index is configured", hint="take no-index out of pip's or uv's settings"
        )
    if options["timeout"]:
        settings = dataclasses.replace(settings, timeout=options["timeout"])
    with IndexClient(settings) as client, _log(options["log_file"]) as log:
        resolving = Resolving(
            registry, client, workers=options["workers"], dry_run=options["dry_run"]
        )
        counts = resolving.index.counts if resolving.index else {}
        wanted = read_wanted(_sources(options), counts)
        results = _run(resolving, wanted, options, log)
    if not any(resolved.outcome.is_resolved for resolved in results):
        raise UsageError("nothing was resolved", hint="the lines above say why")


def _sources(options: Mapping[str, Any]) -> NameSources:
    return NameSources(
        names=options["packages"],
        text_file=options["from_file"],
        json_file=options["from_json"],
        top=options["top"],
    )


def _run(
    resolving: Resolving,
    wanted: WantedList,
    options: Mapping[str, Any],
    log: Callable[[str], None],
) -> list[Resolved]:
    """Resolve with a line for each package, and the summary however it ends."""
    verbosity = Verbosity.parse(verbose=options["verbose"], quiet=options["quiet"])
    dry_run = options["dry_run"]
    results: list[Resolved] = []
    for text in wanted.invalid:
        log(text)
        if verbosity > Verbosity.QUIET:
            click.echo(text)
    with interruptible(Cancellation()):
        try:
            with contextlib.closing(resolving.run(wanted.packages)) as round_:
                for resolved in round_:
                    results.append(resolved)
                    log(resolved_text(resolved, Verbosity.VERBOSE) + resolved.traceback)
                    text = resolved_text(resolved, verbosity, dry_run=dry_run)
                    if text:
                        click.echo(text)
        finally:
            summary = resolving_summary(wanted, results, resolving, dry_run=dry_run)
            click.echo(summary)
            log(summary)
    return results


@contextlib.contextmanager
def _log(path: Path | None) -> Iterator[Callable[[str], None]]:
    """What appends lines to a file; raises UsageError for one that cannot be written."""
    if path is None:
        yield lambda _: None
        return
    try:
        file = path.open("a", encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise UsageError(f"--log-file: {path} cannot be written: {error.strerror}") from None
    with file:
        yield lambda text: print(timestamp(), text, file=file)
