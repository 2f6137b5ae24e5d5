"""The list of commands is fast, and says what the commands say."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from labeille.cli.group import COMMANDS, cli


@pytest.mark.parametrize("name", COMMANDS)
def test_help_lists_each_command_with_its_own_words(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    listed = CliRunner().invoke(cli, ["--help"], terminal_width=80).output
    line = next(line for line in listed.splitlines() if line.split()[:1] == [name])
    says = line.split(maxsplit=1)[1].removesuffix("...")
    assert command.get_short_help_str(limit=200).startswith(says)
    assert len(says) > 20


def test_help_imports_no_command() -> None:
    code = (
        "import sys\nfrom labeille.cli.group import cli\n"
        "cli.main(['--help'], standalone_mode=False)\n"
        "print(sorted(name for name in sys.modules if name.startswith('labeille.cli.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "['labeille.cli.group']"
