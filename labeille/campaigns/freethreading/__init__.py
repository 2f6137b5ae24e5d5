"""Free threading: suites run many times without the GIL, and what that says."""
