"""Is killed in its tests, as by a kernel without memory."""
