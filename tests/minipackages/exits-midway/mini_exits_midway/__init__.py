"""Leaves with exit code 0 in the middle of its tests."""

import os


def leave():
    os._exit(0)
