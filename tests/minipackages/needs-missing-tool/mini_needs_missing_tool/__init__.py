"""Has tests that import a tool which is not installed."""

def double(number):
    return 2 * number
