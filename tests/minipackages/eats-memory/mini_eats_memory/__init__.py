"""Takes memory in steps, and stops by itself at 3 GB."""

import os

STEP = 64 * 1024 * 1024
STEPS = 48


def eat():
    eaten = []
    for number in range(STEPS):
        eaten.append(bytes([1 + number]) * STEP)  # written to, so that it is resident
        os.write(1, b"*")
    return len(eaten)
