"""Has an extension that says nothing of the GIL."""

from mini_wants_gil._ext import answer

__all__ = ["answer"]
