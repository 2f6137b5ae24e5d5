"""Files that are copied into an environment and run in the tested process, never imported here."""
