"""Keeps one result for all callers, as code does that was written for one thread."""

import time

_result = []


def joined(words):
    _result.clear()
    for word in words:
        _result.append(word)
        time.sleep(0.001)
    return " ".join(_result)
