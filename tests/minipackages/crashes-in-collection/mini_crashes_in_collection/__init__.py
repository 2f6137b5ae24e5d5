"""Crashes while its tests are collected."""

import ctypes


def read_null():
    ctypes.string_at(0)
