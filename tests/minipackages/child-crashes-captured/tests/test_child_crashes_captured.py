import sys

from mini_child_crashes_captured import crash_in_child


def test_child():
    child = crash_in_child()
    print(child.stderr, file=sys.stderr)
    assert child.returncode == 0
