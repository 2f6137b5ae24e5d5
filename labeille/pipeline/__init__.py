"""The one way in which a test suite gets run: job, trial, verdict, schedule."""
