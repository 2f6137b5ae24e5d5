"""Records: what one run keeps of one package, one JSON line each."""

from __future__ import annotations

import enum

import msgspec


class Status(enum.StrEnum):
    """The closed verdict on a package, by its exact string in a record."""

    PASS = "pass"
    FAIL = "fail"
    CRASH = "crash"
    TIMEOUT = "timeout"
    INSTALL_ERROR = "install_error"
    CLONE_ERROR = "clone_error"
    ERROR = "error"

    @property
    def is_final(self) -> bool:
        """Whether the suite had its say: ``--skip-completed`` tries everything else again."""
        return self not in (Status.INSTALL_ERROR, Status.CLONE_ERROR, Status.ERROR)


class TimeoutKind(enum.StrEnum):
    """Which bound ended a trial."""

    LIMIT = "limit"
    STALL = "stall"


class TestCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers of tests by outcome."""

    __test__ = False

    passed: int = 0
    failed: int = 0
    error: int = 0
    skipped: int = 0
    total: int = 0


class JitEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the JIT was on at the suite's end, and how many executors it had made."""

    enabled: bool
    executors: int | None = None


class Crash(msgspec.Struct, frozen=True, kw_only=True):
    """One crash, in words that are the same for the same bug.

    ``kind`` is a ``crashes.model.CrashKind``. ``signature`` identifies the bug across machines,
    builds and line numbers. ``python_top`` and ``c_top`` are the innermost telling frames,
    "file:function" and "function" or "library+offset" free of addresses. ``python_stack`` and
    ``c_stack`` are innermost first, bounded. ``in_child``: the process that crashed was a child of
    the test process. ``detail`` is the sentence that the signature was read from. ``phase`` is
    where it happened: test, venv, install or import. ``evidence`` is the path of the crash's text
    in the run directory, None outside a run.
    """

    kind: str
    signature: str
    signal: str | None = None
    python_top: str | None = None
    c_top: str | None = None
    in_child: bool = False
    detail: str | None = None
    phase: str = "test"
    evidence: str | None = None
    python_stack: tuple[str, ...] = ()
    c_stack: tuple[str, ...] = ()


class Record(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=False):
    """One package's result in one run.

    The fields up to ``timestamp`` are the original format's; the optional ones behind it ours.
    Durations are seconds, ``timestamp`` is ISO 8601 in UTC, ``exit_code`` as ``waitpid`` gives it
    (negative for a signal), ``signal`` the signal's number. ``package_env``, ``import_name`` and
    ``test_framework`` are the registry entry's, for whoever repeats the trial without it.
    """

    package: str
    status: Status
    repo: str | None = None
    package_version: str | None = None
    git_revision: str | None = None
    exit_code: int | None = None
    signal: int | None = None
    crash_signature: str | None = None
    duration_seconds: float = 0.0
    install_duration_seconds: float = 0.0
    test_command: str = ""
    timeout_hit: bool = False
    stderr_tail: str = ""
    installed_dependencies: dict[str, str] = {}
    error_message: str | None = None
    requested_revision: str | None = None
    install_from: str | None = None
    sdist_version: str | None = None
    installer_backend: str | None = None
    timestamp: str = ""
    timeout_kind: TimeoutKind | None = None
    reason: str | None = None
    condition: str | None = None
    tests: TestCounts | None = None
    failed_tests: tuple[str, ...] = ()
    running_test: str | None = None
    crash: Crash | None = None
    jit: JitEvidence | None = None
    max_rss_bytes: int | None = None
    cpu_seconds: float | None = None
    target_id: str | None = None
    env_overrides: dict[str, str] = {}
    install_command: str | None = None
    source_note: str | None = None
    package_env: dict[str, str] = {}
    import_name: str | None = None
    test_framework: str | None = None


class RunMeta(msgspec.Struct, kw_only=True, frozen=True):
    """run_meta.json: what a run was and on what. ``target`` is the whole probe.

    ``started_at`` and ``finished_at`` are ISO 8601 in UTC; the latter is None while the run goes,
    or when it was killed. From ``registry_dir`` on, what repeats a record:
    overrides of the command line, None or empty where there was none.
    """

    run_id: str
    started_at: str
    finished_at: str | None = None
    target_python: str = ""
    python_version: str = ""
    jit_enabled: bool | None = None
    cli_args: list[str] | dict[str, object] = []
    env_overrides: dict[str, str] = {}
    hostname: str = ""
    platform: str = ""
    installer: str | None = None
    condition: str | None = None
    labeille_version: str | None = None
    target_id: str | None = None
    target: dict[str, object] | None = None
    packages: int | None = None
    registry_dir: str | None = None
    repo_overrides: dict[str, str] = {}
    extra_deps: list[str] = []
    test_command_override: str | None = None
    test_command_suffix: str | None = None
