from mini_gets_killed import get_killed


def test_before():
    pass


def test_get_killed():
    get_killed()
