# ruff: noqa: PTH110, PTH208 - importing pathlib costs more than it is worth
"""Look at a process's descendants in /proc, and kill them all.

Part of the keeper, which is started for every trial: nothing here imports more than it must.
"""

from __future__ import annotations

import os
import signal
import time

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing itself would cost a keeper 5 ms
    from collections.abc import Callable, Iterable, Iterator

#: Seconds until killing is given up. Only a process that hangs in the kernel takes that long.
KILL_SECONDS = 10.0

_PAGE = os.sysconf("SC_PAGESIZE")
_TICKS = os.sysconf("SC_CLK_TCK")
#: Where /proc/PID/stat has utime, stime, cutime and cstime, from the state on (proc(5)).
_CPU_FIELDS = slice(11, 15)


def descendants(root: int) -> Iterator[int]:
    """Pids of all descendants of a process, parents first, zombies among them."""
    todo = [root]
    # Walking down costs as much as the tree is big, a scan as much as the machine is busy.
    has_children_files = os.path.exists(f"/proc/self/task/{os.getpid()}/children")
    parents = {} if has_children_files else _parents()
    while todo:
        pid = todo.pop()
        found = _children(pid) if has_children_files else parents.get(pid, [])
        yield from found
        todo.extend(found)


def is_alive(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    stat = _stat(pid)
    if stat is None:
        return False
    return stat[0] not in (b"Z", b"X")


def process_name(pid: int) -> str:
    """The file name of a process's program, at most 15 bytes of it; "" when it is gone."""
    return os.fsdecode(_read(f"/proc/{pid}/comm").rstrip(b"\n"))


def catches(pid: int, number: int) -> bool:
    """Whether a process has a handler for a signal."""
    _, mark, rest = _read(f"/proc/{pid}/status").partition(b"\nSigCgt:")
    return bool(mark) and bool(int(rest.split(None, 1)[0], 16) >> (number - 1) & 1)


def resident_bytes(pids: Iterable[int]) -> int:
    """Sum of the resident sets of processes; memory that they share counts for each."""
    total = 0
    for pid in pids:
        fields = _read(f"/proc/{pid}/statm").split()
        if fields:
            total += int(fields[1]) * _PAGE
    return total


def threads(pid: int) -> list[int]:
    """The threads of a process, the main one first."""
    try:
        return sorted(map(int, os.listdir(f"/proc/{pid}/task")))
    except OSError:
        return []


def signal_thread(pid: int, thread: int, number: int) -> bool:
    """Send a signal to one thread of a process; returns whether that can be done here."""
    try:
        import ctypes  # here: few trials are ended, and a start need not wait for it

        send = ctypes.CDLL(None).tgkill
    except (ImportError, OSError, AttributeError):
        return False
    return bool(send(pid, thread, number) == 0)


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time of processes, and of the children that they have collected."""
    stats = (_stat(pid) for pid in pids)
    return sum(sum(map(int, stat[_CPU_FIELDS])) for stat in stats if stat is not None) / _TICKS


def kill_descendants(reap: Callable[[], bool]) -> None:
    """SIGKILL every descendant of this process, and those that they start meanwhile, to the last.

    ``reap`` collects dead children and says whether any are left. This process has to be a
    subreaper: what loses its parent becomes its child, so no children means no descendants.
    """
    seen: set[int] = set()
    deadline = time.monotonic() + KILL_SECONDS
    while reap() and time.monotonic() < deadline:
        found = set(descendants(os.getpid()))
        killable = _kill_all(found)
        if found and not killable:
            return  # set-user-id programs: nothing that we may do
        if found <= seen:
            time.sleep(0.001)  # all are dying; where new ones come up, there is no time to sleep
        seen |= found


def _kill_all(pids: Iterable[int]) -> bool:
    """Kill processes with their groups; returns whether any of them could be signalled."""
    done = {os.getpgid(0)}
    killable = False
    for pid in pids:
        try:
            # The kernel signals a group in one step: none of it can fork its way out.
            group = os.getpgid(pid)
            if group not in done:
                done.add(group)
                os.killpg(group, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            killable = True
        except PermissionError:
            continue
        else:
            killable = True
    return killable


def _children(pid: int) -> list[int]:
    """Children of a process: each thread has a list of those that it started."""
    found: list[int] = []
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return found
    for thread in threads:
        found += map(int, _read(f"/proc/{pid}/task/{thread}/children").split())
    return found


def _parents() -> dict[int, list[int]]:
    """Children by parent over the whole machine, for kernels without the ``children`` files."""
    parents: dict[int, list[int]] = {}
    try:
        names = os.listdir("/proc")
    except OSError:
        return parents
    for name in names:
        stat = _stat(int(name)) if name.isdigit() else None
        if stat is not None:
            parents.setdefault(int(stat[1]), []).append(int(name))
    return parents


def _stat(pid: int) -> list[bytes] | None:
    """The fields of /proc/PID/stat from the state on; a name may hold blanks and brackets."""
    _, mark, rest = _read(f"/proc/{pid}/stat").rpartition(b") ")
    return rest.split() if mark else None


def _read(path: str) -> bytes:
    """A file of /proc, b"" when its process is gone."""
    try:
        fd = os.open(path, os.O_RDONLY)
    except OSError:
        return b""
    parts = []
    try:
        while chunk := os.read(fd, 65536):
            parts.append(chunk)
    except OSError:
        return b""
    finally:
        os.close(fd)
    return b"".join(parts)
