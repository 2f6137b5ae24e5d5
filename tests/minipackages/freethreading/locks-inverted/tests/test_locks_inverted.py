import threading

from mini_locks_inverted import Account, transfer


def test_before():
    assert Account().balance == 100


def test_transfers_both_ways():
    one, other, meet = Account(), Account(), threading.Barrier(2)
    threads = [
        threading.Thread(target=transfer, args=(source, target, meet), daemon=True)
        for source, target in ((one, other), (other, one))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
