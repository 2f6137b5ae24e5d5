import no_such_test_tool

from mini_needs_missing_tool import double


def test_double():
    assert double(21) == 42
