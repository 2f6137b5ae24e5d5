"""Writes bytes that are no UTF-8, no line end after them, and reads the null pointer."""

import ctypes
import os


def write_and_read_null():
    os.write(1, b"caf\xe9 \xff\xfe\x80")
    os.write(2, b"caf\xe9 \xff\xfe\x80 \xc3")
    ctypes.string_at(0)
