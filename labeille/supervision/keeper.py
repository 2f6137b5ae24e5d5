# ruff: noqa: SIM105 - importing contextlib costs more than it is worth
"""The process that stands between labeille and a command: keeps its output, bounds it, ends it.

``supervise`` starts one for each command, so that a kill -9 of either side leaves nothing behind
and a suite's output never passes through labeille. It speaks marshal: a dict on stdin is the
request, a dict on stdout, behind MARK, the answer. The end of stdin says that the caller is gone.
(Both ends are the same interpreter; json would add 7 ms to each start.)
"""

from __future__ import annotations

import fcntl
import marshal
import os
import resource
import select
import signal
import sys
import time

from labeille.supervision.busyness import Busyness
from labeille.supervision.kept_stream import KeptStream
from labeille.supervision.launch import LaunchError, become_subreaper, launch
from labeille.supervision.process_tree import (
    catches,
    descendants,
    is_alive,
    kill_descendants,
    process_name,
    resident_bytes,
    signal_thread,
    threads,
)

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing itself would cost a keeper 5 ms
    from typing import Any

    Message = dict[str, Any]

MARK = b"\nlabeille keeper:"

#: Bytes that a pipe holds and that one read takes. As fast as 1 MiB (4.5 GB/s, measured), and a
#: user without privileges gets four times as many before pipe-user-pages-soft (64 MiB) is reached.
PIPE_SIZE = 256 * 1024

#: Seconds that what is left gets to end by itself once the main process is over: the rest of a pipe
#: line, multiprocessing's resource tracker.
SETTLE = 0.1

_DRAINED = 16 * PIPE_SIZE  # bytes; a suite may have made its pipe bigger
_LONGEST_WAIT = 1.0  # seconds; orphans that died are collected this often
_SHORTEST_LOOK = 0.05  # seconds between two looks at watched files
_MEMORY_LOOK = 0.25  # seconds between two sums over the tree: a process takes up to 2 GB a second
_ABORT_LOOK = 0.02
_STACKS_TIME = 0.8  # seconds in which threads may write their stacks, all together
_STACK_LOOK = 0.02  # seconds of silence after which a thread has done so
_SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "busybox"})


def main() -> None:
    """Serve one request."""
    try:
        request = marshal.load(sys.stdin.buffer)
    except EOFError:
        return  # the caller is gone already
    answer = MARK + marshal.dumps(serve(request))
    try:
        while answer:
            answer = answer[os.write(1, answer) :]
    except BrokenPipeError:
        pass
    os._exit(0)  # there is nothing to tidy up: saves 2 ms


def serve(request: Message) -> Message:
    """Run the command to its end and say what came of it, or why it could not be started."""
    subreaper = become_subreaper()
    streams: list[KeptStream] = []
    for key in ("stdout", "stderr"):
        try:
            streams.append(KeptStream(request[key], request["head"], request["tail"]))
        except OSError as error:
            return {"failed": key, "errno": error.errno}
    keeper = _Keeper(request, streams)
    try:
        return keeper.run() | {"subreaper": subreaper}
    except LaunchError as error:
        return {"failed": error.step, "errno": error.number}
    except BaseException:
        kill_descendants(keeper.reap)
        raise


class _Keeper:
    def __init__(self, request: Message, streams: list[KeptStream]) -> None:
        self._request = request
        self._streams = streams
        self._open: dict[int, KeptStream] = {}
        self._buffer = bytearray(PIPE_SIZE)
        self._poll = select.poll()
        self._callers = {0, *request["cancel_fds"]}
        self._cancelled = False
        self._main = 0
        self._look_often = False
        self._busyness = Busyness()
        self._silent_share: float | None = None
        self._status: int | None = None
        self._started = self._life = self._ended = 0.0

    def run(self) -> Message:
        for fd in self._callers:
            os.set_inheritable(fd, False)
            self._poll.register(fd, select.POLLIN)
        self._pump(0)
        ending = "cancelled"
        if not self._cancelled:
            self._start()
            ending = self._watch()
            if ending == "exited":
                self._settle()
            elif ending in ("limit", "stall"):
                self._abort()
        leftovers = sum(pid != self._main and is_alive(pid) for pid in descendants(os.getpid()))
        kill_descendants(self.reap)
        for fd in list(self._open):
            self._drain(fd)
        for stream in self._streams:
            stream.close()
        return self._answer(ending, leftovers)

    def reap(self) -> bool:
        """Collect the children that died; returns whether any are left."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == self._main and self._status is None:
                self._status = status
                self._ended = time.monotonic()

    def _start(self) -> None:
        pipes = [os.pipe() for _ in self._streams]
        for reading, _ in pipes:
            try:
                fcntl.fcntl(reading, fcntl.F_SETPIPE_SZ, PIPE_SIZE)
            except (AttributeError, OSError):
                pass  # no Linux, or the user's share of pipe memory is used up
        request = self._request
        self._main = launch(
            request["argv"], request["env"], request["cwd"], *(writing for _, writing in pipes)
        )
        self._started = self._life = self._ended = time.monotonic()
        for (reading, writing), stream in zip(pipes, self._streams):  # noqa: B905 - a pipe each
            os.close(writing)
            os.set_blocking(reading, False)
            self._open[reading] = stream
            self._poll.register(reading, select.POLLIN)
        try:
            self._poll.register(os.pidfd_open(self._main), select.POLLIN)
        except (AttributeError, OSError):
            self._look_often = True  # before Linux 5.3: nothing says that it has ended

    def _watch(self) -> str:
        """Follow the command to its end, or to the bound that it breaks; returns the ending."""
        timeout, stall = self._request["timeout"], self._request["stall_threshold"]
        memory = self._request["memory"]
        files = _Growth(self._request["watched"])
        look_every = _LONGEST_WAIT if stall is None else stall / 8
        look_every = min(max(look_every, _SHORTEST_LOOK), _LONGEST_WAIT)
        next_look = next_sum = self._started
        longest = _SHORTEST_LOOK if self._look_often else _LONGEST_WAIT
        while True:
            now = time.monotonic()
            wait = longest
            if stall is not None:
                wait = min(wait, self._life + stall - now, next_look - now)
            if timeout is not None:
                wait = min(wait, self._started + timeout - now)
            if memory is not None:
                wait = min(wait, next_sum - now)
            self._pump(wait)
            now = time.monotonic()
            if self._status is not None:
                return "exited"
            if self._cancelled:
                return "cancelled"
            if timeout is not None and now >= self._started + timeout:
                return "limit"
            if stall is not None:
                due = now >= self._life + stall
                if due or now >= next_look:
                    if files.grew():
                        self._life = now
                    elif due:
                        self._silent_share = self._busyness.share(now)
                        return "stall"
                    self._busyness.sample(now, self._life)
                    next_look = now + look_every
            if memory is not None and now >= next_sum:
                if resident_bytes(descendants(os.getpid())) > memory:
                    return "memory"
                # Looking may take 2 % of the time, however many processes there are.
                next_sum = now + max(_MEMORY_LOOK, 50 * (time.monotonic() - now))

    def _settle(self) -> None:
        """Let what outlives the main process end by itself, for a moment."""
        deadline = time.monotonic() + SETTLE
        while self.reap() and not self._cancelled and (now := time.monotonic()) < deadline:
            self._pump(min(0.005, deadline - now))

    def _abort(self) -> None:
        """SIGABRT to the test process, and the grace for faulthandler to write what it knows."""
        targets = self._abort_targets()
        self._ask_threads(targets)
        for pid in targets:
            for number in (signal.SIGABRT, signal.SIGCONT):
                try:
                    os.kill(pid, number)
                except OSError:
                    break
        deadline = time.monotonic() + self._request["grace"]
        while not self._cancelled and (now := time.monotonic()) < deadline:
            if not any(map(is_alive, targets)):
                self.reap()
                if self._status is not None:
                    return
                deadline = min(deadline, now + SETTLE)  # a shell passes the end on
            self._pump(min(_ABORT_LOOK, deadline - now))

    def _ask_threads(self, targets: list[int]) -> None:
        """Have each thread write its own stack, one after the other: two at once drop one."""
        number = self._request["stack_signal"]
        if number is None:
            return
        deadline = time.monotonic() + _STACKS_TIME
        for pid in targets:
            if not catches(pid, number):
                continue  # it would die of it
            for thread in threads(pid):
                written = -1
                while time.monotonic() < deadline and written != self._written():
                    if written < 0 and not signal_thread(pid, thread, number):
                        break
                    written = self._written()
                    self._pump(_STACK_LOOK)

    def _written(self) -> int:
        return sum(stream.total for stream in self._streams)

    def _abort_targets(self) -> list[int]:
        """Whom to abort: the logged test process; else whoever has a word to say on SIGABRT."""
        living = [pid for pid in descendants(os.getpid()) if is_alive(pid)]
        logged = logged_pid(self._request["pid_log"])
        if logged in living:
            return [logged]
        programs = [pid for pid in living if process_name(pid) not in _SHELLS]
        # faulthandler is a handler. What has none dies without a word, and may be the `tee` that
        # the words go through.
        handlers = [pid for pid in programs if catches(pid, signal.SIGABRT)]
        return handlers or programs or [self._main]

    def _pump(self, seconds: float) -> None:
        """Wait up to ``seconds`` for news; take in output, see who died, hear the caller."""
        for fd, _ in self._poll.poll(max(0.0, seconds) * 1000):
            if fd in self._open:
                self._take(fd)
            else:
                self._poll.unregister(fd)
                if fd in self._callers:
                    self._cancelled = True
        self.reap()

    def _take(self, fd: int) -> int:
        """Read once; returns how many bytes came, 0 at the end or where there is nothing."""
        try:
            size = os.readv(fd, [self._buffer])
        except BlockingIOError:
            return 0
        if size:
            self._life = time.monotonic()
            self._open[fd].feed(memoryview(self._buffer)[:size])
        else:
            self._poll.unregister(fd)
            del self._open[fd]
            os.close(fd)
        return size

    def _drain(self, fd: int) -> None:
        """Take what a pipe holds, bounded: somebody unrelated may still write to it."""
        taken = 0
        while taken <= _DRAINED:
            size = self._take(fd)
            if not size:
                return
            taken += size

    def _answer(self, ending: str, leftovers: int) -> Message:
        if self._main and ending != "exited":
            self._ended = time.monotonic()
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        killed = -int(signal.SIGKILL)
        return {
            "ending": ending,
            "exit_code": (
                killed if self._status is None else os.waitstatus_to_exitcode(self._status)
            ),
            "duration": self._ended - self._started,
            "cpu": usage.ru_utime + usage.ru_stime,
            "max_rss": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
            "leftovers": leftovers,
            "silent_share": self._silent_share,
            "totals": [stream.total for stream in self._streams],
            "errors": [stream.error for stream in self._streams],
        }


class _Growth:
    """Notices when one of some files, which need not exist yet, changes its size."""

    def __init__(self, paths: list[bytes]) -> None:
        self._paths = paths
        self._sizes = self._look()

    def grew(self) -> bool:
        before, self._sizes = self._sizes, self._look()
        return before != self._sizes

    def _look(self) -> list[int]:
        sizes = []
        for path in self._paths:
            try:
                sizes.append(os.stat(path).st_size)
            except OSError:
                sizes.append(-1)
        return sizes


def logged_pid(path: bytes | None) -> int | None:
    """The pid in the first line of a per-test log, a JSON object; None if there is none."""
    if path is None:
        return None
    import json  # here: few trials are ended, and a start need not wait for it

    try:
        with open(path, "rb") as file:
            pid = json.loads(file.readline(4096))["pid"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return pid if isinstance(pid, int) else None
