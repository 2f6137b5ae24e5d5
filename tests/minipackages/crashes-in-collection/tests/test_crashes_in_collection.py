from mini_crashes_in_collection import read_null

read_null()


def test_never_collected():
    pass
