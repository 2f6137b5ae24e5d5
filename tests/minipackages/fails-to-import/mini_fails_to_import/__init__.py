"""Cannot be imported."""

raise ImportError("mini_fails_to_import needs a module that nobody has")
