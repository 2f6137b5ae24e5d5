"""Test commands, the per-test log, and the plugin that goes into the tested process."""
