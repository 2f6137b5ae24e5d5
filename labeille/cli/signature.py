"""``labeille signature``: what a crash text from anywhere says."""

from __future__ import annotations

import sys
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click
import msgspec

from labeille.crashes.evidence import read_crash
from labeille.errors import UsageError

if TYPE_CHECKING:
    from labeille.results.model import Crash

MIB = 1024 * 1024
#: Of a longer log the first and the last bytes are read; the crash stands at its end, mostly.
HEAD = TAIL = 8 * MIB
_BLOCK = MIB


@click.command()
@click.argument("file", default="-", metavar="[FILE|-]")
@click.option(
    "--exit-code",
    type=int,
    metavar="N",
    help="The exit code of the process: as a shell gives it, or -N for signal N. "
    "Without it only a block that a crashing process wrote shows a crash.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def signature(file: str, exit_code: int | None, as_json: bool) -> None:
    """Print what a crash text says: kind, signal, signature, innermost frames.

    FILE is a log from anywhere, - (the default) standard input. The kind is null where the text
    shows no crash.
    """
    crash = read_crash(_read(file), exit_code=exit_code)
    click.echo(_json(crash) if as_json else _prose(crash))


def _read(file: str) -> str:
    try:
        if file == "-":
            return _bounded(sys.stdin.buffer)
        with Path(file).open("rb") as stream:
            return _bounded(stream)
    except OSError as error:
        raise UsageError(
            f"cannot read {file}: {error.strerror or error}",
            hint="give the path of a log, or - for standard input",
        ) from None


def _bounded(stream: BinaryIO) -> str:
    """The text of a stream of any length: its first HEAD and last TAIL bytes."""
    head = stream.read(HEAD)
    tail: deque[bytes] = deque(maxlen=TAIL // _BLOCK + 1)
    cut = False
    while block := stream.read(_BLOCK):
        cut = cut or len(tail) == tail.maxlen
        tail.append(block)
    data = head + (b"\n" if cut else b"") + b"".join(tail)
    return data.decode("utf-8-sig", errors="backslashreplace")


def _json(crash: Crash | None) -> str:
    facts = msgspec.to_builtins(crash) if crash else dict.fromkeys(_FIELDS)
    facts["in_child"] = bool(facts["in_child"])
    return msgspec.json.encode({name: facts[name] for name in _FIELDS}).decode()


_FIELDS = (
    *("kind", "signal", "signature", "python_top", "c_top", "in_child"),
    *("detail", "python_stack", "c_stack"),
)


def _prose(crash: Crash | None) -> str:
    if crash is None:
        return "no crash"
    rows = [
        ("kind", crash.kind),
        ("signal", crash.signal),
        ("signature", crash.signature),
        ("detail", crash.detail),
        ("python top", crash.python_top),
        ("C top", crash.c_top),
        ("in child", "yes, the process that crashed was a child" if crash.in_child else None),
    ]
    return "\n".join(f"{name + ':':<12}{value}" for name, value in rows if value)
