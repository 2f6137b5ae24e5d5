"""Calls pytest with an option that it does not know."""

def double(number):
    return 2 * number
