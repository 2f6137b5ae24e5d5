"""Run one command under a keeper: the door for whatever may run long or runs foreign code."""

from __future__ import annotations

import contextlib
import errno
import marshal
import os
import select
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import labeille
from labeille.supervision.cancellation import Cancellation
from labeille.supervision.keeper import MARK
from labeille.supervision.marked import MARK_VARIABLE, kill_marked
from labeille.supervision.model import (
    Command,
    Ending,
    Outcome,
    Output,
    SupervisionError,
    exit_signal,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Cancellation", "supervise"]

#: Seconds beyond all of a command's limits after which its keeper counts as stuck: stopped by a
#: suite that signals its parent, say. The keeper itself needs up to KILL_SECONDS at worst.
PATIENCE = 15.0

_LONGEST_POLL = 2.0**31 - 1  # milliseconds, 24 days: poll(2) takes no more

_ROOT = Path(labeille.__file__).resolve().parent.parent
# Imported, not run by its path: so it is compiled once, which saves 8 ms a start.
_KEEPER = (
    "import sys; sys.path.append(sys.argv[1]); from labeille.supervision.keeper import main; main()"
)


def supervise(command: Command, *, cancel: Cancellation | None = None) -> Outcome:
    """Run a command to its end, within its limits; when this returns, no process of it is alive.

    Any number of threads may do so at once. ``cancel`` ends the command, as does an exception in
    this thread (KeyboardInterrupt) and the death of this process. A command that is cancelled
    before it has started is not started.

    Raises SupervisionError when the command cannot be started or an output file not be opened,
    and when the keeper was killed.
    """
    token = uuid.uuid4().hex
    request = marshal.dumps(_request(command, token, cancel))
    keeper = _start_keeper(cancel)
    answer: dict[str, Any] | None = None
    said = b""
    try:
        _send(keeper, request)
        said = _listen(keeper, command, cancel)
        answer = _parse(said)
    finally:
        _dismiss(keeper)
        if answer is None or not answer.get("subreaper", True):
            kill_marked(token)
    if answer is None:
        _refuse_silence(command, keeper, said)
    if "failed" in answer:
        _refuse_start(command, answer["failed"], answer["errno"])
    return _outcome(command, answer)


def _start_keeper(cancel: Cancellation | None) -> subprocess.Popen[bytes]:
    try:
        # A session of its own: Ctrl-C on the terminal is not for it.
        return subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _KEEPER, str(_ROOT)],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            start_new_session=True,
            pass_fds=() if cancel is None else (cancel.fileno(),),
        )
    except OSError as error:
        raise SupervisionError(
            f"no process can be started: {error.strerror}",
            hint="are the machine's memory or its processes used up?",
        ) from None


def _request(command: Command, token: str, cancel: Cancellation | None) -> dict[str, Any]:
    limits = command.limits
    if not command.argv:
        raise SupervisionError("there is no command to start")
    return {
        "argv": _encoded(command.argv),
        "env": {
            os.fsencode(name): os.fsencode(value)
            for name, value in {**command.env, MARK_VARIABLE: token}.items()
        },
        "cwd": _absolute(command.cwd),
        "stdout": _absolute(command.stdout),
        "stderr": _absolute(command.stderr),
        "watched": [_absolute(path) for path in command.watched],
        "pid_log": command.pid_log and _absolute(command.pid_log),
        "stack_signal": command.stack_signal,
        "timeout": limits.timeout,
        "stall_threshold": limits.stall_threshold,
        "memory": limits.memory,
        "grace": limits.grace,
        "head": limits.head,
        "tail": limits.tail,
        "cancel_fds": [] if cancel is None else [cancel.fileno()],
    }


def _encoded(values: Iterable[str]) -> list[bytes]:
    return [os.fsencode(value) for value in values]


def _absolute(path: Path) -> bytes:
    return os.fsencode(path.absolute())


def _send(keeper: subprocess.Popen[bytes], data: bytes) -> None:
    assert keeper.stdin is not None
    with contextlib.suppress(BrokenPipeError):  # it is dead: there will be no answer
        while data:
            data = data[os.write(keeper.stdin.fileno(), data) :]


def _listen(
    keeper: subprocess.Popen[bytes], command: Command, cancel: Cancellation | None
) -> bytes:
    """Whatever the keeper says until it ends; one that is stuck is killed."""
    assert keeper.stdout is not None
    said = keeper.stdout.fileno()
    poller = select.poll()
    poller.register(said, select.POLLIN)
    if cancel is not None:
        poller.register(cancel.fileno(), select.POLLIN)
    deadline = None
    if command.limits.timeout is not None:
        deadline = time.monotonic() + command.limits.timeout + command.limits.grace + PATIENCE
    data = b""
    while True:
        wait = None
        if deadline is not None:
            wait = min(max(0.0, deadline - time.monotonic()) * 1000, _LONGEST_POLL)
        events = [fd for fd, _ in poller.poll(wait)]
        if said in events:
            chunk = os.read(said, 65536)
            if not chunk:
                return data
            data += chunk
        elif events:
            assert cancel is not None
            poller.unregister(cancel.fileno())
            deadline = min(deadline or float("inf"), time.monotonic() + PATIENCE)
        else:
            keeper.kill()
            return b""


def _parse(said: bytes) -> dict[str, Any] | None:
    """The keeper's answer, None if there is no whole one."""
    _, mark, data = said.rpartition(MARK)
    if not mark:
        return None
    try:
        answer = marshal.loads(data)
    except (EOFError, ValueError, TypeError):
        return None
    return answer if isinstance(answer, dict) else None


def _dismiss(keeper: subprocess.Popen[bytes]) -> None:
    """Close the keeper's stdin, which makes it end everything, and see it end."""
    assert keeper.stdin is not None
    assert keeper.stdout is not None
    keeper.stdin.close()
    try:
        keeper.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        keeper.kill()
        keeper.wait()
    finally:
        keeper.stdout.close()


def _refuse_silence(command: Command, keeper: subprocess.Popen[bytes], said: bytes) -> NoReturn:
    if keeper.returncode < 0:
        number = exit_signal(keeper.returncode)
        reason = f"was killed by {number.name if number else 'a signal'}"
    else:
        lines = said.decode(errors="backslashreplace").splitlines() or ["it said nothing"]
        reason = f"failed: {lines[-1]}"
    raise SupervisionError(
        f"the process that watched over {command.argv[0]} {reason}",
        hint="a suite that signals its parent process, or a machine out of memory, can do that",
    )


def _refuse_start(command: Command, step: str, number: int) -> NoReturn:
    reason = os.strerror(number) if number else "its arguments or its environment are not valid"
    hint = None
    if step == "cwd":
        message = f"cannot run {command.argv[0]} in {command.cwd}: {reason}"
        hint = "it must be a folder that exists"
    elif step == "start":
        message = f"cannot start {command.argv[0]}: {reason}"
        if number in (errno.ENOENT, errno.EACCES, errno.ENOEXEC):
            hint = "is it installed, executable and on PATH?"
    else:
        path = command.stdout if step == "stdout" else command.stderr
        message = f"cannot write {path}: {reason}"
    raise SupervisionError(message, hint=hint)


def _outcome(command: Command, answer: dict[str, Any]) -> Outcome:
    outputs = [
        Output(path=path, total=total, error=None if error is None else os.strerror(error))
        for path, total, error in zip(
            (command.stdout, command.stderr), answer["totals"], answer["errors"], strict=True
        )
    ]
    return Outcome(
        exit_code=answer["exit_code"],
        ending=Ending(answer["ending"]),
        duration_seconds=answer["duration"],
        cpu_seconds=answer["cpu"],
        max_rss_bytes=answer["max_rss"],
        leftovers=answer["leftovers"],
        silent_cpu_share=answer["silent_share"],
        stdout=outputs[0],
        stderr=outputs[1],
    )
