"""The package index: which one is configured, and what it says of a package."""
