"""Remembers which git hosts cannot be reached, so that not every package waits to learn it."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from labeille.errors import Interrupted
from labeille.sources.failure import NETWORK_HINT, GitError, TimedOutError, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labeille.supervision.cancellation import Cancellation

#: How long a host that never answered is left alone, and one that did: an outage may be short.
DOWN_SECONDS = 300.0
OUTAGE_SECONDS = 30.0
_POLL = 0.2  # seconds


class _Host:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.down_until = 0.0
        self.answered = False


class Hosts:
    """What is known of each host in this process; threads share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hosts: dict[str, _Host] = {}

    @contextmanager
    def contact(self, name: str | None, cancel: Cancellation | None) -> Iterator[bool]:
        """Note how an attempt to speak to a host ends; yields whether it has answered before.

        The first attempt has the host to itself, others wait for its end. Raises GitError at once
        for a host that could not be reached a short while ago. None is this machine.
        """
        if name is None:
            yield True
            return
        with self._lock:
            host = self._hosts.setdefault(name, _Host())
        if host.answered:
            _refuse_if_down(name, host)
            with _noting(host):
                yield True
            return
        while not host.lock.acquire(timeout=_POLL):
            if cancel is not None and cancel.cancelled:
                raise Interrupted("interrupted")
        try:
            _refuse_if_down(name, host)
            with _noting(host):
                yield host.answered
        finally:
            host.lock.release()

    def forget(self) -> None:
        """Begin anew, as a new process would."""
        with self._lock:
            self._hosts.clear()


def _refuse_if_down(name: str, host: _Host) -> None:
    if time.monotonic() < host.down_until:
        raise GitError(
            f"{name} could not be reached a short while ago",
            trouble=Trouble.NETWORK,
            hint=NETWORK_HINT,
        )


@contextmanager
def _noting(host: _Host) -> Iterator[None]:
    try:
        yield
    except TimedOutError:
        if not host.answered:  # else it is one repository that is too large for the limit
            host.down_until = time.monotonic() + DOWN_SECONDS
        raise
    except GitError as error:
        if error.trouble is Trouble.NETWORK:
            seconds = OUTAGE_SECONDS if host.answered else DOWN_SECONDS
            host.down_until = time.monotonic() + seconds
            host.answered = False
        else:
            host.answered = True
        raise
    else:
        host.answered = True


#: The hosts of this process. A module's state, since a run's packages are got one by one.
HOSTS = Hosts()
