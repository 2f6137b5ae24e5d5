"""Waits in a loop for a flag that nobody sets."""


class Flag:
    up = False


def wait_for(flag):
    while not flag.up:
        pass
