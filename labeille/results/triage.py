"""What triage and reduction found out about a run's crashes, as it is kept in the run."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from labeille.errors import ResultsError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from labeille.results.directory import RunDirectory

TRIAGE_FILE = Path("triage.json")
#: Where reduction keeps ``<package>.json``, the script ``<package>.sh`` and its logs.
REDUCED_DIR = Path("reduced")


class Attribution(enum.StrEnum):
    """Whom a crash belongs to."""

    JIT = "jit"  # it needs the JIT
    INTERPRETER = "interpreter"  # it does not
    EXTENSION = "extension"  # the frame that crashed is one's
    UNCLEAR = "unclear"  # the counts do not say


class Repeats(msgspec.Struct, frozen=True, kw_only=True):
    """How often a crash came again: ``same`` of ``runs`` had the signature that was looked for.

    ``signatures`` counts every crash by its signature, the same one among them; ``statuses`` counts
    every run by its status.
    """

    runs: int
    same: int
    signatures: dict[str, int] = {}
    statuses: dict[str, int] = {}

    @property
    def crashes(self) -> int:
        return sum(self.signatures.values())

    def __str__(self) -> str:
        return f"{self.same} of {self.runs}"


class LookKind(enum.StrEnum):
    """What is asked by looking at a crash under other circumstances, in the order of asking."""

    FOUND = "found"  # as it was found
    ALONE = "alone"  # the same with fewer tests: the one that it crashed in, or a reduction's
    NOJIT = "nojit"  # the same with the JIT off
    JIT_STRESS = "jit-stress"
    DEBUG = "debug"  # on a build with C assertions
    RELEASE = "release"  # of a crash of such a build, on one without
    OTHER_TARGET = "other-target"  # --also-target
    MALLOC_DEBUG = "malloc-debug"  # PYTHONMALLOC=debug
    GDB = "gdb"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """The frame that a crash happened in: a C function, or none where it has no name, and the path
    of the program or library, none where the code was the JIT's."""

    function: str | None = None
    library: str | None = None


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """A crash looked at under some circumstances.

    ``condition`` and ``env`` are the test process's; ``target_python``, ``python_version`` and
    ``target_id`` tell the interpreter. ``tests`` are those that were run, none for the whole suite.
    ``repeats`` is None where it could not be looked at, and ``reason`` says why then. ``detail`` is
    the sentence that the crash's signature was read from, of the first crash; ``evidence`` the path
    of its text in the run directory.
    """

    kind: LookKind
    condition: str
    env: dict[str, str] = {}
    target_python: str = ""
    python_version: str = ""
    target_id: str = ""
    tests: tuple[str, ...] = ()
    repeats: Repeats | None = None
    reason: str | None = None
    signature: str | None = None  # of the first crash
    detail: str | None = None
    evidence: str | None = None
    crashed_in: Place | None = None  # None where no C stack tells


class Rung(msgspec.Struct, frozen=True, kw_only=True):
    """One threshold of the JIT, and how often the crash came with it."""

    threshold: int
    repeats: Repeats


class Thresholds(msgspec.Struct, frozen=True, kw_only=True):
    """At how late a compilation a crash found under ``jit-eager`` still comes.

    ``highest`` is the highest threshold of the ladder 1, 2, 4 … 4096 at which it was seen, None
    where it was seen at none; ``rungs`` are those that were tried, the lowest first.
    ``stock`` is how often it came under the build's own thresholds (condition ``jit``).
    """

    highest: int | None = None
    rungs: tuple[Rung, ...] = ()
    stock: Repeats | None = None


class KnownMatch(msgspec.Struct, frozen=True, kw_only=True):
    """A bug of CPython that a crash may be, from the data file of known ones.

    ``fixed_in`` are releases ("3.15.0b2"), none where no fix is known of.
    """

    issue: int
    title: str
    url: str
    fixed_in: tuple[str, ...] = ()
    fixed_before: str | None = None  # a release with the fix that is no newer than the build


class Reduction(msgspec.Struct, frozen=True, kw_only=True):
    """The smallest set of tests that still shows a crash (``reduced/<package>.json``).

    ``tests`` are test ids, or paths of files where ``scope`` says so, in the order they run.
    ``command`` runs them in the checkout; ``repeats`` is how often the crash came with it.
    ``before`` is how many tests had run when the crash came first, 0 where that is unknown;
    ``trials`` and ``seconds`` what the search took. ``smallest`` says that without any one of them
    the crash no longer came; it is False where the budget was used up before. ``script`` is the
    path in the run directory of the shell script that repeats the crash without labeille,
    ``verified`` says that it did.
    """

    package: str
    signature: str
    tests: tuple[str, ...]
    scope: str = "tests"  # tests | files | suite
    command: str = ""
    repeats: Repeats | None = None
    before: int = 0
    trials: int = 0
    seconds: float = 0.0
    smallest: bool = False
    script: str | None = None
    verified: bool = False
    note: str | None = None


class TriageResult(msgspec.Struct, frozen=True, kw_only=True):
    """One signature of a run, looked at from all sides.

    ``package`` is the one that the looks were made with, ``packages`` all that crashed so.
    ``attribution`` is None while triage is under way; ``reason`` explains it with the counts.
    ``differences`` name what could not be made as it was recorded. ``backtrace`` is gdb's of all
    threads or the C stack with its functions' names, as the path of a text in the run directory;
    ``report`` the bug report's.
    """

    signature: str
    package: str
    packages: tuple[str, ...] = ()
    attribution: Attribution | None = None
    reason: str = ""
    repeat: int = 0  # runs that were asked for of each look
    looks: tuple[Look, ...] = ()
    thresholds: Thresholds | None = None
    known: tuple[KnownMatch, ...] = ()
    differences: tuple[str, ...] = ()
    backtrace: str | None = None
    report: str | None = None
    finished_at: str | None = None
    error: str | None = None  # why it could not be looked at

    def look(self, kind: LookKind) -> Look | None:
        """The look of a kind, if it was taken."""
        return next((look for look in self.looks if look.kind is kind), None)


class Triage(msgspec.Struct, frozen=True, kw_only=True):
    """triage.json: what is known of each signature of a run, by signature."""

    run_id: str
    results: tuple[TriageResult, ...] = ()

    def result(self, signature: str) -> TriageResult | None:
        """What is known of a signature."""
        return next((each for each in self.results if each.signature == signature), None)

    def having(self, result: TriageResult) -> Triage:
        """This triage with one result put in, or put in the place of the one before."""
        kept = [each for each in self.results if each.signature != result.signature]
        results = tuple(sorted((*kept, result), key=lambda each: each.signature))
        return msgspec.structs.replace(self, results=results)


Kept = TypeVar("Kept", bound=msgspec.Struct)


def read_triage(folder: Path) -> Triage | None:
    """What triage left in a run's folder, None where there was none; ResultsError if damaged."""
    return _read(folder / TRIAGE_FILE, Triage)


def write_triage(run: RunDirectory, triage: Triage) -> None:
    """Replace the run's triage.json."""
    run.write_file(TRIAGE_FILE, _encoded(triage))


def read_reduction(folder: Path, package: str) -> Reduction | None:
    """What reduction left of a package in a run's folder; ResultsError if it is damaged."""
    return _read(folder / REDUCED_DIR / f"{package}.json", Reduction)


def write_reduction(run: RunDirectory, reduction: Reduction) -> None:
    """Replace what the run keeps of a package's reduction."""
    run.write_file(REDUCED_DIR / f"{reduction.package}.json", _encoded(reduction))


def count_repeats(signature: str, seen: Iterable[tuple[str, str | None]]) -> Repeats:
    """Count runs, each given by its status and its crash's signature."""
    runs = same = 0
    signatures: dict[str, int] = {}
    statuses: dict[str, int] = {}
    for status, crashed in seen:
        runs += 1
        same += crashed == signature
        statuses[status] = statuses.get(status, 0) + 1
        if crashed is not None:
            signatures[crashed] = signatures.get(crashed, 0) + 1
    return Repeats(runs=runs, same=same, signatures=signatures, statuses=statuses)


def _encoded(value: msgspec.Struct) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def _read(path: Path, type_: type[Kept]) -> Kept | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=type_)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise ResultsError(
            f"{path} cannot be read: {error}", hint="move it aside, and triage begins anew"
        ) from None
