from mini_leaves_daemon import leave_daemon


def test_daemon():
    leave_daemon()
