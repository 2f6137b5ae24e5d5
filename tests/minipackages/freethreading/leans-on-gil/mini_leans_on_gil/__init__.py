"""Keeps one table in C, and leans on the GIL to guard it."""

from mini_leans_on_gil._ext import use

__all__ = ["use"]
