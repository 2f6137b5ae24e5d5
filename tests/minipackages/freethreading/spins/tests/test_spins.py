import threading

from mini_spins import Flag, wait_for


def test_waits():
    flag = Flag()
    thread = threading.Thread(target=wait_for, args=(flag,), daemon=True)
    thread.start()
    thread.join()
