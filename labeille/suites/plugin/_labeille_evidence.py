"""Writes down, test by test, what pytest does in a process that labeille supervises.

This file is copied into the environment of the suite under test and loaded by ``-p`` in
PYTEST_ADDOPTS. It runs on Python 3.9 and later, under pytest 6 and later, and needs nothing else.
It owes the suite three things: not to be seen (it leaves os.environ at once, so that a pytest that
the suite starts inside itself gets nothing of it), not to be reached (it keeps the functions
that it needs, for suites replace os, time and json), and not to break anything (what fails in here
is written to the log and goes no further).

labeille/suites/testlog.py reads the log and describes its events. PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import copy
import gc
import json
import os
import re
import sys
import time
from types import CodeType, FunctionType, TracebackType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Generator

_MESSAGE_LIMIT = 300  # characters kept of a failure's message
_LOG_DESCRIPTOR = 200  # out of the way of suites that close or count the low descriptors

#: Options that would spoil a trial, and what they are set to: processes of xdist hide the test that
#: crashed, a suite that stops at the first failure hides the rest, an order that follows from the
#: run before compares badly, a tracer keeps the JIT away.
_QUIET_OPTIONS: dict[str, Any] = {
    "numprocesses": 0,
    "dist": "no",
    "distload": False,
    "tx": [],
    "looponfail": False,
    "maxfail": 0,
    "stepwise": False,
    "stepwise_skip": False,
    "lf": False,
    "failedfirst": False,
    "newfirst": False,
    "cov_source": [],
    "no_cov": True,
}


class _Log:
    """Appends events to the log: one line and one write each, by the first process alone.

    What it calls is kept on the instance: freezegun and pyfakefs replace what modules hold.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._open, self._write, self._fstat = os.open, os.write, os.fstat
        self._getpid = os.getpid
        self._flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        self._encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode
        self._pid = os.getpid()
        self._file = self._open(path, self._flags, 0o644)
        self._identity = self._identify()
        try:
            import fcntl

            high = fcntl.fcntl(self._file, fcntl.F_DUPFD_CLOEXEC, _LOG_DESCRIPTOR)
        except (ImportError, OSError):
            return
        os.close(self._file)
        self._file = high

    def _identify(self) -> tuple[int, int]:
        facts = self._fstat(self._file)
        return facts.st_dev, facts.st_ino

    def _is_ours(self) -> bool:
        """Whether the descriptor still is the log: a suite may have closed or reused it."""
        try:
            return self._identify() == self._identity
        except OSError:
            return False

    def write(self, event: str, **fields: object) -> None:
        if self._getpid() != self._pid:
            return
        try:
            fields = {"event": event, **fields}
            line = self._encode({key: _plain(value) for key, value in fields.items()}) + "\n"
            if not self._is_ours():
                self._file = self._open(self._path, self._flags, 0o644)
                self._identity = self._identify()
            self._write(self._file, line.encode("ascii"))
        except (OSError, TypeError, ValueError):
            pass  # a full disk, say: the suite goes on all the same


def _plain(value: object) -> object:
    """The value with surrogates spelled out, which no other JSON reader takes."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    return value


class _Test:
    """What is known of a running test."""

    def __init__(self, start: float) -> None:
        self.start = start
        self.outcome: str | None = None
        self.failure: dict[str, object] = {}
        self.raised: dict[str, dict[str, object]] = {}  # by phase


class _Recorder:
    """The hooks that write the log; registered with the first configuration of the process."""

    def __init__(self, log: _Log) -> None:
        self._log = log
        self._clock = time.perf_counter
        self._began = self._clock()
        self._running: dict[str, _Test] = {}  # by node id
        self._uncollected: dict[str, dict[str, object]] = {}  # what kept a node from being so
        self._places = _Places()

    def _guarded(self, function: Callable[..., None], *arguments: object) -> None:
        try:
            function(*arguments)
        except Exception as error:
            message = "{}: {!r}".format(function.__name__, error)
            self._log.write("plugin-error", message=message[:_MESSAGE_LIMIT])

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_cmdline_main(self, config: pytest.Config) -> Generator[None, None, None]:
        self._guarded(_quieten, config.option)
        yield

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> None:
        self._guarded(self._note_collection, session.config)

    def _note_collection(self, config: pytest.Config) -> None:
        """Where test ids start from (they are relative to the rootdir), and where pytest did."""
        rootdir = str(getattr(config, "rootpath", None) or getattr(config, "rootdir", ""))
        self._places.root = rootdir.rstrip("/") + "/"
        self._log.write(
            "collect-start",
            rootdir=rootdir,
            invocation_dir=str(config.invocation_params.dir),
            configured=bool(getattr(config, "inipath", None) or getattr(config, "inifile", None)),
        )

    @pytest.hookimpl(tryfirst=True)
    def pytest_collectstart(self, collector: pytest.Collector) -> None:
        if isinstance(collector, pytest.File):
            self._log.write("collect", path=collector.nodeid)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> Generator[None, Any, None]:
        made = yield
        if made.excinfo is None:
            self._guarded(self._note_uncollected, collector.nodeid, made.get_result())

    def _note_uncollected(self, nodeid: str, report: pytest.CollectReport) -> None:
        # It is there for a moment: pytest takes the call away before anybody sees the report.
        excinfo = getattr(getattr(report, "call", None), "excinfo", None)
        if excinfo is not None:
            self._uncollected[nodeid] = self._places.raised(excinfo.value)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.outcome != "passed":
            self._guarded(self._note_collecting, report)

    def _note_collecting(self, report: pytest.CollectReport) -> None:
        if report.outcome == "failed":
            told = {"message": _message(report), **self._uncollected.pop(report.nodeid, {})}
            self._log.write("collect-error", test=report.nodeid, **told)
        elif report.outcome == "skipped":
            self._log.write("end", test=report.nodeid, outcome="skipped", duration=0.0)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._log.write("collect-end", tests=len(getattr(session, "items", ())))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._running[nodeid] = _Test(self._clock())
        self._log.write("start", test=nodeid)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, None, None]:
        yield
        # Now, for it is here that the exception of a unittest takes its place in the call.
        if call.excinfo is not None:
            self._guarded(self._note_exception, item.nodeid, call)

    def _note_exception(self, nodeid: str, call: pytest.CallInfo[None]) -> None:
        test = self._running.get(nodeid)
        if test is not None and call.excinfo is not None:
            test.raised[call.when] = self._places.raised(call.excinfo.value)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._guarded(self._note_report, report)

    def _note_report(self, report: pytest.TestReport) -> None:
        """Merge a phase, a subtest or an attempt into its test: the worst of an attempt counts."""
        test = self._running.get(report.nodeid)
        if test is None:
            return
        outcome: str = report.outcome
        if outcome == "rerun":  # of pytest-rerunfailures
            test.outcome, test.failure = None, {}
        elif test.outcome in ("failed", "error"):
            return
        elif outcome == "failed":
            test.outcome = "failed" if report.when == "call" else "error"
            test.failure = {"message": _message(report), **test.raised.get(report.when, {})}
        elif outcome == "skipped" and report.when != "teardown":
            test.outcome = "passed" if hasattr(report, "wasxfail") else "skipped"
        elif outcome == "passed" and report.when == "call":
            test.outcome = "passed"

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self._guarded(self._note_end, nodeid)

    def _note_end(self, nodeid: str) -> None:
        test = self._running.pop(nodeid)
        duration = round(self._clock() - test.start, 6)
        self._log.write("end", test=nodeid, outcome=test.outcome, duration=duration, **test.failure)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, None, None]:
        yield
        self._guarded(self._note_finish, session)

    def _note_finish(self, session: pytest.Session) -> None:
        seconds = round(self._clock() - self._began, 6)
        self._log.write("finish", exit_status=int(session.exitstatus), seconds=seconds)
        # In a line of its own: the count runs code, and any code may be what crashes this build.
        self._log.write("jit", **_jit_evidence())
        if hasattr(sys, "_is_gil_enabled"):
            self._log.write("gil", enabled=sys._is_gil_enabled())


class _Places:
    """Says what an exception is and where it comes from, the same on every machine."""

    def __init__(self) -> None:
        self.root = ""
        self._library = os.path.dirname(os.__file__) + "/"

    def raised(self, error: BaseException) -> dict[str, object]:
        """The type of an exception and the frame that raised it, as far as they can be had."""
        try:
            return self._told(error)
        except Exception:
            return {}

    def _told(self, error: BaseException) -> dict[str, object]:
        if type(error).__name__ == "CollectError":  # pytest's own, around what a module raised
            error = error.__cause__ or error
        kind = type(error)
        name = kind.__qualname__
        if kind.__module__ != "builtins":
            name = "{}.{}".format(kind.__module__, name)
        told: dict[str, object] = {"exception": name[:_MESSAGE_LIMIT]}
        trace = _top(error.__traceback__)
        if trace is not None:
            code = trace.tb_frame.f_code
            function = getattr(code, "co_qualname", code.co_name)  # from 3.11 on
            told["frame"] = "{}:{}".format(self._short(code.co_filename), function)
            told["line"] = trace.tb_lineno
        return told

    def _short(self, path: str) -> str:
        """A path from the suite's, the environment's or the library's root, else a bare name."""
        installed = path.rpartition("/site-packages/")[2]
        if installed != path:
            return installed
        for folder in (self.root, self._library):
            if folder and path.startswith(folder):
                return path[len(folder) :]
        return path.rpartition("/")[2] if path.startswith("/") else path


def _top(trace: TracebackType | None) -> TracebackType | None:
    """The innermost frame that is not one of a test framework's: those hide by these two names."""
    top = trace
    while trace is not None:
        frame = trace.tb_frame
        hidden = "__unittest" in frame.f_globals or (
            "__tracebackhide__" in frame.f_code.co_varnames
            and frame.f_locals.get("__tracebackhide__") is True
        )
        if not hidden:
            top = trace
        trace = trace.tb_next
    return top


def _quieten(options: argparse.Namespace) -> None:
    for name, value in _QUIET_OPTIONS.items():
        if hasattr(options, name):
            setattr(options, name, copy.copy(value))


def _message(report: pytest.TestReport | pytest.CollectReport) -> str:
    """A failure in a line: the exception's type and the first line of what it says."""
    crash = getattr(report.longrepr, "reprcrash", None)
    text = getattr(crash, "message", None)
    if text is None:
        lines = str(report.longrepr).splitlines() or [""]
        told = [line[1:] for line in lines if line.startswith("E  ")]
        typed = [line for line in told if re.match(r" +[\w.]+: ", line)]
        text = (typed or told or [line for line in lines if line.strip()] or [""])[-1]
    line = (text.strip().splitlines() or [""])[0]
    if line.startswith("assert "):  # pytest leaves the type out
        line = "AssertionError: " + line
    return line[:_MESSAGE_LIMIT]


def _jit_evidence() -> dict[str, object]:
    """Whether the JIT is on, and how many executors there are; None where it has none to count."""
    jit = getattr(sys, "_jit", None)
    if jit is None:
        return {"enabled": False, "executors": None}
    if not jit.is_enabled():
        return {"enabled": False, "executors": 0}
    return {"enabled": True, "executors": _count_executors()}


def _count_executors() -> int:
    """Count the executors in the code of every function that is alive.

    An ENTER_EXECUTOR byte is only a candidate, since an inline cache may hold the same byte; asking
    ``get_executor`` at every offset instead takes seconds.
    """
    from _opcode import get_executor  # type: ignore[import-not-found]
    from opcode import opmap

    mark = bytes([opmap["ENTER_EXECUTOR"]])
    # type(), never isinstance(): that would ask proxies for their __class__ and run foreign code.
    pending = [item.__code__ for item in gc.get_objects() if type(item) is FunctionType]
    seen: dict[int, CodeType] = {}  # by id; the values keep the ids valid
    count = 0
    while pending:
        code = pending.pop()
        if id(code) in seen:
            continue
        seen[id(code)] = code
        pending.extend(item for item in code.co_consts if type(item) is CodeType)
        if code.co_filename == __file__:
            continue
        raw = code._co_code_adaptive  # type: ignore[attr-defined]
        offset = raw.find(mark)
        while offset >= 0:
            if offset % 2 == 0:
                try:
                    count += get_executor(code, offset) is not None
                except (ValueError, RuntimeError):
                    pass
            offset = raw.find(mark, offset + 1)
    return count


def _leave_environ() -> str | None:
    """Take everything of labeille's out of os.environ, and return the path of the log, if any."""
    path = os.environ.get("LABEILLE_TEST_LOG")
    ours = os.environ.get("LABEILLE_ADDOPTS")
    for name in [name for name in os.environ if name.startswith("LABEILLE_")]:
        del os.environ[name]
    options = os.environ.get("PYTEST_ADDOPTS")
    if ours and options is not None:
        rest = options.replace(ours, "", 1).strip()
        if rest:
            os.environ["PYTEST_ADDOPTS"] = rest
        else:
            del os.environ["PYTEST_ADDOPTS"]
    return path


def _offer_stacks(number: str | None) -> None:
    """Have each thread write its own stack when it gets this signal.

    Without the GIL, what faulthandler writes on SIGABRT leaves the other threads out (3.14), or
    looks at them while they run (3.13).
    """
    try:
        import faulthandler
        import fcntl

        output = fcntl.fcntl(2, fcntl.F_DUPFD_CLOEXEC, _LOG_DESCRIPTOR)
        faulthandler.register(int(number or ""), file=output, all_threads=False)
    except (ImportError, AttributeError, OSError, RuntimeError, ValueError):
        pass  # no number, no such signal, no standard error: SIGABRT has to do


def _open_log(path: str | None) -> _Log | None:
    if not path:
        return None
    try:
        log = _Log(path)
    except OSError:
        return None
    version = ".".join(str(part) for part in sys.version_info[:3])
    log.write("session", pid=os.getpid(), python=version, pytest=pytest.__version__)
    return log


_stack_signal = os.environ.get("LABEILLE_STACK_SIGNAL")
_pending_log = _open_log(_leave_environ())
if _pending_log is not None:
    _offer_stacks(_stack_signal)


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, None, None]:
    global _pending_log
    log, _pending_log = _pending_log, None
    if log is not None:
        recorder = _Recorder(log)
        recorder._guarded(_start, recorder, early_config)
    yield


def _start(recorder: _Recorder, config: pytest.Config) -> None:
    """Register the recorder, and settle what other plugins read before options are parsed."""
    options = config.known_args_namespace
    if getattr(options, "capture", None) == "fd":
        options.capture = "sys"  # what a crash prints is lost in a captured descriptor
    if hasattr(options, "cov_source"):
        options.cov_source = []  # pytest-cov starts to trace here
    config.pluginmanager.register(recorder, "labeille-evidence")
    _stop_coverage()


def _stop_coverage() -> None:
    """End the tracing of a ``coverage run -m pytest``; coverage takes a second stop() well."""
    coverage = getattr(sys.modules.get("coverage"), "Coverage", None)
    current = coverage.current() if coverage is not None else None
    if current is not None:
        current.stop()
