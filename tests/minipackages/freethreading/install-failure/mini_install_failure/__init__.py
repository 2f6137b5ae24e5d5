"""Cannot be built."""
