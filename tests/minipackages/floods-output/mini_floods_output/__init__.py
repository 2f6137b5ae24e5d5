"""Writes 200 MB, partly no UTF-8."""

import os

MEGABYTE = 1_000_000
LINE = b"\xff\xfe caf\xe9 \xc3\xa9\n" * 7 + b"plain words, and no end of them\n" * 19


def flood(megabytes):
    block = memoryview((LINE * (MEGABYTE // len(LINE) + 1))[:MEGABYTE])
    for number in range(megabytes):
        rest = block
        while rest:
            rest = rest[os.write(1 + number % 2, rest) :]
