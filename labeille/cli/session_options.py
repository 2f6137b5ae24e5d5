"""A command's options in the nox session of one package, behind ``--``."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from labeille.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Options by which any command chooses among packages or runs several, and what they are in the
#: session of one package.
BATCH_OPTIONS: Mapping[str, Any] = {
    "top": None,
    "skip_extensions": False,
    "where": (),
    "shard": None,
    "workers": 1,
}

#: Set where nox selects by tags: its sessions are one shard of them already, and each gets the
#: ``--shard`` that says so.
SHARD_VARIABLE = "LABEILLE_NOX_SHARD"


@dataclass(frozen=True, kw_only=True)
class PackageCommand:
    """``command`` as the sessions ``<family>-<package>`` take it: for one package.

    ``batch_only`` are the options that make no sense there, each with its value.
    """

    family: str
    command: click.Command
    batch_only: Mapping[str, Any]

    def parse(self, package: str, posargs: Sequence[str]) -> dict[str, Any]:
        """The command's options, from what stands behind ``--`` of ``package``'s session.

        Raises UsageError for an option that is unknown or belongs to a batch. For --help, prints it
        and raises click's Exit.
        """
        revision = click.Option(["--revision"], metavar="REV", help="A git ref or version.")
        left_out = {"packages", *self.batch_only}
        if SHARD_VARIABLE in os.environ:
            left_out -= {"shard"}
        command = click.Command(
            "session",
            params=[revision, *(p for p in self.command.params if p.name not in left_out)],
            context_settings={"help_option_names": ["-h", "--help"]},
        )
        name = f"nox -s {self.family}-{package} --"
        try:
            # Not main(), which makes click's Abort of an interrupt, and that is an error to nox.
            with command.make_context(name, list(posargs)) as context:
                options = dict(context.params)
        except click.ClickException as error:
            raise self._usage_error(error) from None
        rev = options.pop("revision")
        return {**options, **self.batch_only, "packages": (f"{package}@{rev}" if rev else package,)}

    def _usage_error(self, error: click.ClickException) -> UsageError:
        if isinstance(error, click.NoSuchOption):
            name = error.option_name.lstrip("-").replace("-", "_")
            if name in self.batch_only or name == "packages":
                return UsageError(
                    f"{error.option_name} is for batches, and a session of nox runs one package",
                    hint=f"`labeille {self.command.name}` has it; several sessions at a time: "
                    "nox -j N",
                )
        return UsageError(
            error.format_message().rstrip("."),
            hint=f"options after -- are those of `labeille {self.command.name}`; "
            "`-- --help` shows them",
        )
