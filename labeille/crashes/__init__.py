"""From crash evidence to a signature; skip lists and patterns as data files."""
