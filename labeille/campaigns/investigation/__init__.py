"""Strategies that begin with one crash: repeat it, make it small, say whom it belongs to."""
