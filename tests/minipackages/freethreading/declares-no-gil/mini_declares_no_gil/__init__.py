"""Has an extension that declares that it needs no GIL."""

from mini_declares_no_gil._ext import answer

__all__ = ["answer"]
