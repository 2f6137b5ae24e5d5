"""labeille: find bugs of a CPython build by running the test suites of PyPI packages on it."""

__version__ = "0.1.0"
