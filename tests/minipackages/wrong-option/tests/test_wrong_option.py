from mini_wrong_option import double


def test_double():
    assert double(21) == 42
