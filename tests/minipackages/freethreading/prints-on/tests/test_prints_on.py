from mini_prints_on import go_on


def test_goes_on():
    go_on()
