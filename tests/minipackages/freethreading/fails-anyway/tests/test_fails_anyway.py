from mini_fails_anyway import double


def test_nothing():
    assert double(0) == 0


def test_doubles():
    assert double(2) == 4
