from mini_hangs_silently import wait_forever


def test_before():
    pass


def test_wait():
    wait_forever()
