from mini_crashes_at_exit import crash_at_exit


def test_register():
    crash_at_exit()
