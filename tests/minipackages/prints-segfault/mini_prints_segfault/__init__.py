"""Fails, and only writes of crashes."""

import sys

WORDS = (
    "Segmentation fault",
    "Segmentation fault (core dumped)",
    "Fatal Python error: Segmentation fault",
    "Aborted",
    "bash: line 1:  4711 Segmentation fault      (core dumped) python -m pytest",
)


def write_of_crashes():
    for words in WORDS:
        print(words)
        print(words, file=sys.stderr)
    return "\n".join(WORDS)
