"""Counts in C, from several threads, without a lock."""

from mini_races_in_c._ext import count, total

__all__ = ["count", "total"]
