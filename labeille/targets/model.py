"""What is known of an interpreter under test, and the conditions it is run under."""

from __future__ import annotations

import enum
import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping


#: What ``Target.sanitizers`` calls ThreadSanitizer.
TSAN = "thread"


class TargetKind(enum.StrEnum):
    """The kinds of target that can be wished for, found and provided."""

    JIT = "jit"  # a JIT that comes on; a release build first
    JIT_DEBUG = "jit-debug"  # the same, built with C assertions
    FREE_THREADED = "free-threaded"  # PEP 703
    TSAN = "tsan"  # free-threaded, and built with ThreadSanitizer


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """An interpreter under test, as its own answers describe it (see ``targets.probe``).

    ``python`` is the absolute path that was probed. ``jit_available`` says whether the JIT is
    compiled in, ``jit_works`` whether it is on under PYTHON_JIT=1, ``jit_default`` whether it is on
    with nothing set. ``jit_variables`` are the names ``PYTHON_JIT*`` that the binary knows.
    """

    python: str
    version: str  # "3.15.2"
    version_text: str  # sys.version, one line
    implementation: str  # "cpython"
    build: str  # platform.python_build(), joined
    compiler: str
    platform: str  # sysconfig.get_platform()
    configure_args: str
    jit_available: bool
    jit_works: bool
    jit_default: bool
    jit_variables: tuple[str, ...]
    free_threaded: bool
    gil_enabled: bool  # with nothing set
    debug: bool
    sanitizers: tuple[str, ...]  # of: address, thread, undefined, memory
    has_ensurepip: bool

    @property
    def path(self) -> Path:
        return Path(self.python)

    @property
    def minor_version(self) -> str:
        """The version as ``skip_versions`` spells it: "3.15"."""
        return ".".join(self.version.split(".")[:2])

    @property
    def target_id(self) -> str:
        """Twelve hex digits that change with the build, not with the path it lies at."""
        facts = (self.version_text, self.build, self.compiler, self.configure_args, self.platform)
        return hashlib.sha256("\0".join(facts).encode()).hexdigest()[:12]


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A named set of environment variables for the test process alone."""

    name: str
    env: Mapping[str, str] = field(default_factory=dict)
