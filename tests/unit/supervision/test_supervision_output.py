from __future__ import annotations

import os
import resource
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from labeille.supervision.kept_stream import KeptStream, marker
from labeille.supervision.model import MIB, Limits
from labeille.supervision.run import supervise

if TYPE_CHECKING:
    from supervision_sandbox import Sandbox

pytest_plugins = ["supervision_sandbox"]

DATA = bytes(range(ord("a"), ord("z") + 1))


@pytest.mark.parametrize(
    ("head", "tail", "size", "kept"),
    [
        (4, 3, 0, b""),
        (4, 3, 3, b"abc"),
        (4, 3, 4, b"abcd"),
        (4, 3, 5, b"abcde"),
        (4, 3, 7, b"abcdefg"),
        (4, 3, 8, b"abcd" + marker(1) + b"fgh"),
        (4, 3, 26, b"abcd" + marker(19) + b"xyz"),
        (4, 0, 26, b"abcd" + marker(22)),
        (0, 3, 26, marker(23) + b"xyz"),
        (0, 0, 26, marker(26)),
        (100, 100, 26, DATA),
    ],
)
@pytest.mark.parametrize("chunk", [1, 3, 5, 26])
def test_head_and_tail_are_exact(
    tmp_path: Path, head: int, tail: int, size: int, kept: bytes, chunk: int
) -> None:
    path = tmp_path / "kept"
    stream = KeptStream(os.fsencode(path), head, tail)
    for start in range(0, size, chunk):
        stream.feed(memoryview(DATA)[start : min(size, start + chunk)])
    stream.close()
    assert path.read_bytes() == kept
    assert (stream.total, stream.error) == (size, None)


def test_a_flood_costs_neither_memory_nor_disk(sandbox: Sandbox) -> None:
    code = """
import os
block = (b"x" * 1000 + b"\\xff\\xfe\\x00\\n") * 1000
for _ in range(200):
    os.write(1, block)
    os.write(2, b"e" * 100)
os.write(1, b"the end")
"""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcome = supervise(sandbox.python(code, limits=Limits(head=MIB, tail=2 * MIB)))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 10 * 1024
    assert outcome.max_rss_bytes < 30 * MIB
    assert (outcome.stdout.total, outcome.stderr.total) == (200_800_007, 20_000)
    kept = outcome.stdout.path.read_bytes()
    left_out = marker(200_800_007 - 3 * MIB)
    assert len(kept) == 3 * MIB + len(left_out)
    assert kept[MIB : MIB + len(left_out)] == left_out
    assert outcome.stdout.tail(12) == "x\\xff\\xfe\x00\nthe end"
    assert outcome.stderr.read() == "e" * 20_000


def test_output_that_is_no_utf8_is_kept_as_it_is(sandbox: Sandbox) -> None:
    outcome = supervise(sandbox.shell(r"printf 'a\xff\303\244\n'"))
    assert outcome.stdout.path.read_bytes() == b"a\xff\xc3\xa4\n"
    assert outcome.stdout.read() == "a\\xffä\n"


def test_a_full_disk_is_said_and_stops_nothing(sandbox: Sandbox) -> None:
    command = replace(
        sandbox.shell("head -c 20000000 /dev/zero; echo end >&2; exit 3"),
        stdout=Path("/dev/full"),
    )
    outcome = supervise(command)
    assert outcome.exit_code == 3
    assert (outcome.stdout.error, outcome.stdout.total) == ("No space left on device", 20_000_000)
    assert (outcome.stderr.error, outcome.stderr.read()) == (None, "end\n")


def test_a_disk_that_fills_up_on_the_way(sandbox: Sandbox) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, hard))
    try:
        outcome = supervise(sandbox.shell("head -c 4000000 /dev/zero; ulimit -f; exit 3"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert outcome.exit_code == 3
    assert outcome.stdout.error == "File too large"
    assert outcome.stdout.total > 4_000_000
    assert outcome.stdout.path.stat().st_size == 5000
