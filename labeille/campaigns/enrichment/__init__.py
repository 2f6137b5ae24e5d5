"""Enrichment: finds out by itself how a package is installed and tested, and writes it down."""
