"""The first bad commit, release or interpreter."""
