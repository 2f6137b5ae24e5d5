import signal

from mini_child_crashes_passes import crash_in_child


def test_child():
    assert crash_in_child().returncode == -signal.SIGSEGV
