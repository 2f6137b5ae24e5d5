"""Reads the null pointer in its second test."""

import ctypes


def read_null():
    ctypes.string_at(0)
