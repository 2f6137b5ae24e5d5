"""The differential: each suite with the JIT and without, compared test by test."""
