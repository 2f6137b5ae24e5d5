"""How free-threaded runs look: one run, its flaky tests, its extension modules, two compared."""
