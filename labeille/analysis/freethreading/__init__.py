"""What free-threaded runs mean: flaky tests, what the GIL has to do with it, two runs compared."""
