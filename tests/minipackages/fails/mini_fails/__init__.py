"""Fails one test and one test's set-up."""

def double(number):
    return number
