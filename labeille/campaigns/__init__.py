"""Strategies over the pipeline."""
