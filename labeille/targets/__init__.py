"""Find, probe and provide interpreters under test; conditions."""
