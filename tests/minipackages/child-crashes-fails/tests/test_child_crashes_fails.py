from mini_child_crashes_fails import crash_in_child


def test_child():
    assert crash_in_child().returncode == 0


def test_after():
    pass
