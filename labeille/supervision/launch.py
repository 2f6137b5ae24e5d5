# ruff: noqa: SIM105 - importing contextlib costs more than it is worth
"""Start a command below the keeper, in a session of its own.

Part of the keeper, which is started for every trial: nothing here imports more than it must.
"""

from __future__ import annotations

import os
import resource
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing itself would cost a keeper 5 ms
    from collections.abc import Callable

#: Makes the kernel's OOM killer take a suite before it takes anything else: as if the suite used
#: half the machine's memory more than it does.
OOM_SCORE = b"500"

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


class LaunchError(Exception):
    """A command could not be started: ``step`` is "cwd" or "start", ``number`` an errno."""

    def __init__(self, step: str, number: int) -> None:
        super().__init__(step, number)
        self.step = step
        self.number = number


def become_subreaper() -> bool:
    """Let every descendant that loses its parent become this process's child (prctl(2), Linux)."""
    prctl = _prctl()
    return prctl is not None and prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0


def die_with_parent(number: int) -> bool:
    """Have the kernel send this process a signal when its parent dies (prctl(2), Linux)."""
    prctl = _prctl()
    return prctl is not None and prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0) == 0


def launch(argv: list[bytes], env: dict[bytes, bytes], cwd: bytes, stdout: int, stderr: int) -> int:
    """Start a command and return its pid; raises LaunchError if it could not be executed.

    ``stdout`` and ``stderr`` are file descriptors, its stdin is empty.
    """
    keeper = os.getpid()
    prctl = _prctl()
    reading, writing = os.pipe()  # the end of file says that the command has been executed
    try:
        pid = os.fork()
    except OSError as error:
        raise LaunchError("start", error.errno or 0) from None
    if pid == 0:
        step = "start"
        try:
            os.setsid()
            if prctl is not None:
                prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
                if os.getppid() != keeper:
                    return os._exit(127)
            _set_up(stdout, stderr)
            step = "cwd"
            os.chdir(cwd)
            step = "start"
            os.execvpe(argv[0], argv, env)
        except BaseException as error:  # noqa: BLE001 - this is a copy of the keeper, it must end here
            os.write(writing, b"%s %d" % (step.encode(), getattr(error, "errno", None) or 0))
        finally:
            os._exit(127)
    os.close(writing)
    answer = os.read(reading, 100)
    os.close(reading)
    if answer:
        os.waitpid(pid, 0)
        failed, number = answer.decode().split()
        raise LaunchError(failed, int(number))
    return pid


def _set_up(stdout: int, stderr: int) -> None:
    """In the new process: streams, limits, signals as a login shell would leave them."""
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(stdout, 1)
    os.dup2(stderr, 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    try:
        fd = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
        os.write(fd, OOM_SCORE)
        os.close(fd)
    except OSError:
        pass  # no Linux, or labeille's own is higher already
    # What labeille itself ignores (under nohup, in the background of a script) and what Python
    # ignores (SIGPIPE, SIGXFSZ) would stay ignored in the suite.
    for number in signal.valid_signals():
        try:
            signal.signal(number, signal.SIG_DFL)
        except (OSError, ValueError):
            pass  # SIGKILL, SIGSTOP
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def _prctl() -> Callable[..., int] | None:
    try:
        import ctypes

        function: Callable[..., int] = ctypes.CDLL(None).prctl
    except (ImportError, OSError, AttributeError):
        return None  # no Linux, or a Python without libffi
    return function
