"""Fails in about half of the runs without the GIL, on a calm machine as on a busy one: how likely
an attempt is to race is measured first, and then as many are made as come out even."""

import math
import random
import threading

from mini_races import Seat

RACES = 3
MOST = 300


def both_sit():
    """Two threads at one seat; whether both took it."""
    seat, meet = Seat(), threading.Barrier(2)

    def sit(who):
        meet.wait()
        seat.take(who)

    threads = [threading.Thread(target=sit, args=(who,)) for who in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(seat.taken_by) > 1


def attempts_for_an_even_chance():
    attempts = races = 0
    while races < RACES and attempts < MOST:
        races += both_sit()
        attempts += 1
    rate = min(max(races, 1) / attempts, 0.95)
    if rate > 0.5:
        return 1 if random.random() < 0.5 / rate else 0
    return round(math.log(0.5) / math.log(1 - rate))


def test_before():
    assert Seat().taken_by == []


def test_one_seat_is_taken_once():
    attempts = attempts_for_an_even_chance()
    assert sum(both_sit() for _ in range(attempts)) == 0
