"""Fails when the JIT is on, and only then."""

import sys


def jit_is_on():
    return sys._jit.is_enabled()
