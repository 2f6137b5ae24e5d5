"""Checkouts of a package's source, from git and from sdists."""
