"""Venvs of the target with a checkout installed."""
