from mini_ignores_sigterm import ignore_and_wait


def test_wait():
    ignore_and_wait()
