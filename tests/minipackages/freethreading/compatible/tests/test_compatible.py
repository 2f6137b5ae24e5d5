import threading

from mini_compatible import Counter


def test_counts():
    counter = Counter()
    threads = [
        threading.Thread(target=lambda: [counter.add() for _ in range(1000)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counter.value == 4000
