"""Two accounts, each with a lock, and transfers that take the locks in the order of the call."""

import threading


class Account:
    def __init__(self):
        self.lock = threading.Lock()
        self.balance = 100


def transfer(source, target, meet):
    with source.lock:
        meet.wait()
        take_second(target)


def take_second(target):
    with target.lock:
        target.balance += 1
