"""What ``--resume`` goes on with: the last bisection that asks for the same and has no end."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import msgspec

from labeille.errors import ResultsError
from labeille.results.bisection import BISECT_FILE, read_bisection

if TYPE_CHECKING:
    from pathlib import Path

    from labeille.results.bisection import Bisection, Question

#: What need not be said again: a bisection that has it may be gone on with all the same.
_MAY_BE_LEFT_OUT = frozenset(
    "good bad status signature test test_command install_command condition".split()  # noqa: SIM905
)


def unfinished(results_dir: Path, question: Question) -> Bisection | None:
    """The newest bisection under ``results_dir`` without an end that a question may mean."""
    found = []
    for path in results_dir.glob(f"*/{BISECT_FILE}"):
        with contextlib.suppress(OSError):
            found.append((path.stat().st_mtime_ns, path.parent))
    for _, folder in sorted(found, reverse=True):
        with contextlib.suppress(ResultsError):
            bisection = read_bisection(folder)
            if (
                bisection is not None
                and bisection.finished_at is None
                and may_mean(question, bisection.question)
            ):
                return msgspec.structs.replace(bisection, run_id=folder.name)
    return None


def may_mean(question: Question, earlier: Question) -> bool:
    """Whether a question is another one with things left out."""
    for name in question.__struct_fields__:
        value = getattr(question, name)
        if value is None and name in _MAY_BE_LEFT_OUT:
            continue
        if value != getattr(earlier, name):
            return False
    return True
