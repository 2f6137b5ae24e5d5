"""The group of all commands, and what becomes of their errors."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys

import click

from labeille import __version__
from labeille.errors import ExitCode, Interrupted, LabeilleError, UsageError
from labeille.supervision.interrupts import signals_interrupt

#: Where each command lives; a module is imported when its command is used.
COMMANDS = {
    "analyze": "labeille.cli.analyze:analyze",
    "bisect": "labeille.cli.bisect:bisect",
    "diff": "labeille.cli.diff:diff",
    "enrich": "labeille.cli.enrich:enrich_command",
    "ft": "labeille.cli.ft:ft",
    "merge": "labeille.cli.merge:merge",
    "reduce": "labeille.cli.reduce:reduce",
    "registry": "labeille.cli.registry:registry",
    "report": "labeille.cli.report:report",
    "reproduce": "labeille.cli.reproduce:reproduce",
    "resolve": "labeille.cli.resolve:resolve",
    "run": "labeille.cli.run:run",
    "scan-deps": "labeille.cli.scan_deps:scan_deps",
    "signature": "labeille.cli.signature:signature",
    "targets": "labeille.cli.targets:targets",
    "triage": "labeille.cli.triage:triage",
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
        signals_interrupt()  # from here on there may be something to tidy up
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands with what they say of themselves; none of them is imported for it."""
        names = self.list_commands(ctx)
        limit = formatter.width - 6 - max(map(len, names))
        with formatter.section("Commands"):
            formatter.write_dl([(name, _short_help(COMMANDS[name], limit)) for name in names])

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; click itself would answer an interrupt with an empty line."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise Interrupted("interrupted") from None


def _short_help(place: str, limit: int) -> str:
    """The first sentence of a command's docstring, read from its module's source.

    Importing all commands takes half a second, parsing them 0.03 s.
    """
    import ast
    import pkgutil

    module, _, function = place.rpartition(":")
    package, _, name = module.rpartition(".")
    source = pkgutil.get_data(package, f"{name}.py") or b""
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            return click.Command(name, help=ast.get_docstring(node)).get_short_help_str(limit)
    return ""


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="labeille")
def cli() -> None:
    """Find bugs of a CPython build by running the test suites of PyPI packages on it.

    It runs other people's code: use a container or a virtual machine, and no root account.
    """


def run_command() -> int:
    """Run what the command line asks for and return its exit code.

    Every error that a user can cause becomes one line on standard error, and a hint.
    """
    code: object = ExitCode.OK
    try:
        code = cli.main(standalone_mode=False, prog_name="labeille")
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = print_error(Interrupted("interrupted"))
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        code = ExitCode.USAGE
    except click.ClickException as error:
        code = print_error(_usage_error(error))
    except click.exceptions.Exit as error:
        code = error.exit_code
    except LabeilleError as error:
        code = print_error(error)
    except BrokenPipeError:
        _drop_output()  # `labeille … | head`: the reader has had enough
    except OSError as error:
        _drop_output()
        code = print_error(LabeilleError(_describe(error)))
    return code if isinstance(code, int) else ExitCode.OK


def print_error(error: LabeilleError) -> ExitCode:
    """Print an error as one line, and its hint as a second one; returns its exit code."""
    with contextlib.suppress(OSError):  # the terminal is gone
        click.echo(f"labeille: {error}", err=True)
        if error.hint:
            click.echo(f"  hint: {error.hint}", err=True)
    return error.exit_code


def _usage_error(error: click.ClickException) -> UsageError:
    """click's complaint as one line instead of its four."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "labeille"
    return UsageError(
        " ".join(error.format_message().split()).rstrip("."),
        hint=f"'{command} --help' shows what there is",
    )


def _describe(error: OSError) -> str:
    """What the system would not do, and to what."""
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason}" if error.filename else reason


def _drop_output() -> None:
    """Let standard output go nowhere: what is buffered would only fail again at exit."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
