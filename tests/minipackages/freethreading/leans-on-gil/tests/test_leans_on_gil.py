import threading

from mini_leans_on_gil import use

THREADS = 4


def test_once():
    use(1)


def test_in_threads():
    meet = threading.Barrier(THREADS)

    def use_often():
        meet.wait()
        use(5_000_000)

    threads = [threading.Thread(target=use_often) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
