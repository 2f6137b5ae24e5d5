from mini_fails_without_gil import double, guarded


def test_is_guarded():
    assert guarded()


def test_doubles():
    assert double(2) == 4
