"""Is wrong with the GIL and without."""


def double(number):
    return number * 3
