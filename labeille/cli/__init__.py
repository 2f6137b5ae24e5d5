"""The command line: click commands, a module a group; thin: parse, call, print."""

from __future__ import annotations

import importlib
import sys
from typing import NoReturn

import click

from labeille import __version__
from labeille.errors import ExitCode, LabeilleError

#: Where each command lives; a module is imported when its command is used.
COMMANDS = {
    "run": "labeille.cli.run:run",
    "signature": "labeille.cli.signature:signature",
    "targets": "labeille.cli.targets:targets",
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are asked for: start-up stays fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, _, name = place.partition(":")
        command = getattr(importlib.import_module(module), name)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="labeille")
def cli() -> None:
    """Find bugs of a CPython build by running the test suites of PyPI packages on it.

    It runs other people's code: use a container or a virtual machine, and no root account.
    """


def main() -> NoReturn:
    """The ``labeille`` command: every error that a user can cause is one line and an exit code."""
    try:
        code = cli.main(standalone_mode=False, prog_name="labeille")
    except click.exceptions.Abort:
        code = ExitCode.INTERRUPTED
    except click.ClickException as error:
        error.show()
        code = ExitCode.USAGE
    except click.exceptions.Exit as error:
        code = error.exit_code
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
    except LabeilleError as error:
        print_error(error)
        code = error.exit_code
    except BrokenPipeError:
        # `labeille … | head`: the reader has had enough, and Python must not complain at exit.
        sys.stdout = None
        code = ExitCode.OK
    sys.exit(code if isinstance(code, int) else ExitCode.OK)


def print_error(error: LabeilleError) -> None:
    """Print an error as one line, and its hint as a second one."""
    click.echo(f"labeille: {error}", err=True)
    if error.hint:
        click.echo(f"  hint: {error.hint}", err=True)
