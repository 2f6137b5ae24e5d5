"""Prints a dot ten times a second, forever."""

import os
import time


def print_forever():
    while True:
        os.write(1, b".")
        time.sleep(0.1)
