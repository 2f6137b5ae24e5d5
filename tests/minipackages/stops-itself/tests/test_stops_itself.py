from mini_stops_itself import stop


def test_stop():
    stop()
