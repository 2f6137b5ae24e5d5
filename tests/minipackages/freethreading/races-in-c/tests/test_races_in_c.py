import threading

from mini_races_in_c import count, total


def test_counts():
    meet = threading.Barrier(2)

    def count_many():
        meet.wait()
        count(20_000_000)

    threads = [threading.Thread(target=count_many) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert total() > 0
