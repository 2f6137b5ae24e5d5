"""Reads the per-test log that the evidence plugin wrote, whole or torn off by a crash.

A line is a JSON object; its ``event`` says which:

===============  ==========================================================================
session          pid, python, pytest: a pytest process has loaded the plugin
collect-start    rootdir, invocation_dir, configured: whether a configuration file was found
collect          path: this file is collected next
collect-error    test (the file's node id), message, exception, frame, line
collect-end      tests: how many were collected
start            test (a node id)
end              test, outcome (null: it was only set up), duration (seconds); of a failure also
                 message, exception (the type's full name), frame (file:function, the innermost
                 that is no test framework's) and line, where an exception was raised. One
                 without a start: a module that skips itself
finish           exit_status, seconds: the session reached its end
jit              enabled, executors: after ``finish``, so that counting cannot cost that line
gil              enabled: at the same time, from Python 3.13 on
plugin-error     message: something in the plugin failed, the suite was not disturbed
===============  ==========================================================================
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from labeille.results.model import JitEvidence
from labeille.suites.model import Invocation, TestLog, TestOutcome, TestResult

if TYPE_CHECKING:
    from pathlib import Path


class _Event(msgspec.Struct):
    event: str
    pid: int | None = None
    path: str | None = None
    test: str | None = None
    tests: int | None = None
    outcome: TestOutcome | None = None
    duration: float = 0.0
    message: str | None = None
    exception: str | None = None
    frame: str | None = None
    line: int | None = None
    exit_status: int | None = None
    enabled: bool = False
    executors: int | None = None
    rootdir: str | None = None
    invocation_dir: str | None = None
    configured: bool = False


@dataclass
class _Reading:
    """What has been read so far: results of every session, and the state of the last one."""

    results: list[TestResult] = field(default_factory=list)
    collect_errors: list[TestResult] = field(default_factory=list)
    jit: JitEvidence | None = None
    gil_enabled: bool | None = None
    pid: int | None = None
    collected: int | None = None
    running: dict[str, None] = field(default_factory=dict)  # a set that keeps the order
    collecting: bool = False
    collecting_path: str | None = None
    finished: bool = False
    exit_status: int | None = None
    invocation: Invocation | None = None
    started: dict[str, None] = field(default_factory=dict)
    files: dict[str, None] = field(default_factory=dict)

    def take(self, event: _Event) -> None:
        match event:
            case _Event(event="start", test=str(test)):
                self.running[test] = self.started[test] = None
            case _Event(event="end", test=str(test)):
                self.running.pop(test, None)
                if event.outcome is not None:
                    self.results.append(_result(event, test, event.outcome))
            case _Event(event="session"):
                self._begin(event.pid)
            case _Event(event="collect-start" | "collect" | "collect-end"):
                self.collecting = event.event != "collect-end"
                self.collecting_path = event.path
                self.collected = event.tests if event.tests is not None else self.collected
                if event.path is not None:
                    self.files[event.path] = None
                if event.rootdir and event.invocation_dir:
                    self.invocation = Invocation(
                        rootdir=event.rootdir,
                        directory=event.invocation_dir,
                        configured=event.configured,
                    )
            case _Event(event="collect-error", test=str(test)):
                self.collect_errors.append(_result(event, test, TestOutcome.ERROR))
            case _Event(event="finish"):
                self.finished, self.exit_status = True, event.exit_status
                self.collecting, self.collecting_path = False, None
            case _Event(event="gil"):
                self.gil_enabled = event.enabled
            case _Event(event="jit"):
                self._add_jit(event)

    def _begin(self, pid: int | None) -> None:
        self.pid = pid
        self.collected = None
        for of_session in (self.running, self.started, self.files):
            of_session.clear()
        self.collecting, self.collecting_path = False, None
        self.finished, self.exit_status = False, None

    def _add_jit(self, event: _Event) -> None:
        executors = event.executors
        if self.jit is not None and self.jit.executors is not None:
            executors = self.jit.executors + (executors or 0)
        enabled = event.enabled or (self.jit is not None and self.jit.enabled)
        self.jit = JitEvidence(enabled=enabled, executors=executors)


def read_test_log(path: Path, *, first: int | None = None) -> TestLog:
    """Read a log; a missing one is empty, and a line that makes no sense is passed over.

    Of its ``first`` lines alone if that is given: where pytest ran stands at the beginning.
    """
    reading = _Reading()
    decode = msgspec.json.Decoder(_Event).decode
    try:
        with path.open("rb") as file:
            for line in islice(file, first):
                try:
                    reading.take(decode(line))
                except msgspec.DecodeError:
                    continue
    except FileNotFoundError:
        return TestLog()
    return TestLog(
        pid=reading.pid,
        collected=reading.collected,
        results=tuple(reading.results),
        collect_errors=tuple(reading.collect_errors),
        running_test=next(reversed(reading.running), None),
        collecting=reading.collecting,
        collecting_path=reading.collecting_path,
        finished=reading.finished,
        exit_status=reading.exit_status,
        jit=reading.jit,
        gil_enabled=reading.gil_enabled,
        invocation=reading.invocation,
        started=tuple(reading.started),
        files=tuple(reading.files),
    )


def _result(event: _Event, test: str, outcome: TestOutcome) -> TestResult:
    return TestResult(
        id=test,
        outcome=outcome,
        duration=event.duration,
        message=event.message,
        exception=event.exception,
        frame=event.frame,
        line=event.line,
    )
