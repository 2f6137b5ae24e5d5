"""Conditions: what a name such as ``jit-eager:63`` means for a target's environment variables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from labeille.errors import TargetError, UsageError
from labeille.targets.model import Condition, Target, TargetKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

#: The thresholds that a JIT's counters take. CPython keeps them in 13 bits (MAX_VALUE in
#: Include/internal/pycore_backoff.h) and silently takes its default for anything else; measured
#: with 3.15.2: 1 and 8191 take effect, 0, 8192 and above do not.
EAGER_RANGE = range(1, 8192)

CONDITION_NAMES = ("jit", "nojit", "jit-stress", "jit-eager[:N]", "nogil", "gil")

_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def kind_for(text: str) -> TargetKind:
    """The kind of target that a condition is best run on."""
    return TargetKind.FREE_THREADED if text in ("nogil", "gil") else TargetKind.JIT


def resolve_condition(text: str, target: Target, extra_env: Mapping[str, str]) -> Condition:
    """The condition that ``text`` names, for a target, with ``extra_env`` on top.

    Raises UsageError for a name that there is not, TargetError for a condition that the target
    cannot honour.
    """
    name, colon, argument = text.strip().partition(":")
    resolve = _RESOLVERS.get(name)
    if resolve is None or (colon and name != "jit-eager"):
        raise UsageError(
            f"there is no condition {text!r}", hint=f"conditions: {', '.join(CONDITION_NAMES)}"
        )
    threshold = _parse_threshold(text, argument) if colon else 1
    env = resolve(target, threshold) | dict(extra_env)
    if env.get("PYTHON_GIL") == "0" and not target.free_threaded:
        raise TargetError(
            f"{target.python} cannot run with PYTHON_GIL=0: it is not a free-threaded build",
            hint=_hint(TargetKind.FREE_THREADED),
        )
    return Condition(name=name if threshold == 1 else f"{name}:{threshold}", env=env)


def knows_thresholds(target: Target) -> bool:
    """Whether a target can honour ``jit-eager:N``."""
    return target.jit_works and any(_is_threshold(name) for name in target.jit_variables)


def parse_env_assignments(assignments: Iterable[str]) -> dict[str, str]:
    """Read ``--env K=V`` options; the last of two for one name counts.

    Raises UsageError for what is no assignment, or what no process could be started with.
    """
    env: dict[str, str] = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals or not _VARIABLE_NAME.fullmatch(name) or "\0" in value:
            raise UsageError(
                f"--env {assignment!r} is not NAME=VALUE",
                hint="for example --env PYTHONHASHSEED=0; NAME has letters, digits and '_'",
            )
        env[name] = value
    return env


def _parse_threshold(text: str, argument: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", argument) or int(argument) not in EAGER_RANGE:
        raise UsageError(
            f"condition {text!r}: {argument!r} is not a number of executions",
            hint=f"jit-eager:N takes N from {EAGER_RANGE.start} to {EAGER_RANGE.stop - 1}",
        )
    return int(argument)


def _jit(target: Target, _threshold: int) -> dict[str, str]:
    if not target.jit_available:
        raise TargetError(
            f"{target.python} (Python {target.version}) has no JIT compiled in",
            hint=_hint(TargetKind.JIT),
        )
    if not target.jit_works:
        raise TargetError(
            f"{target.python} (Python {target.version}) has a JIT, but PYTHON_JIT=1 leaves it off",
            hint=_hint(TargetKind.JIT),
        )
    return {"PYTHON_JIT": "1"}


def _nojit(target: Target, _threshold: int) -> dict[str, str]:
    return {"PYTHON_JIT": "0"} if target.jit_available else {}


def _jit_stress(target: Target, threshold: int) -> dict[str, str]:
    env = _jit(target, threshold)
    if "PYTHON_JIT_STRESS" not in target.jit_variables:
        raise _unknown_variables(target, "jit-stress", "PYTHON_JIT_STRESS")
    return env | {"PYTHON_JIT_STRESS": "1"}


def _jit_eager(target: Target, threshold: int) -> dict[str, str]:
    env = _jit(target, threshold)
    values = [name for name in target.jit_variables if _is_threshold(name)]
    if not values:
        raise _unknown_variables(target, "jit-eager", "PYTHON_JIT_*_INITIAL_VALUE")
    backoffs = [name for name in target.jit_variables if name.endswith("_INITIAL_BACKOFF")]
    return env | dict.fromkeys(values, str(threshold)) | dict.fromkeys(backoffs, "1")


def _is_threshold(variable: str) -> bool:
    return variable.endswith("_INITIAL_VALUE")


def _nogil(target: Target, _threshold: int) -> dict[str, str]:
    if not target.free_threaded:
        raise TargetError(
            f"{target.python} (Python {target.version}) is not a free-threaded build",
            hint=_hint(TargetKind.FREE_THREADED),
        )
    return {"PYTHON_GIL": "0"}


def _gil(target: Target, _threshold: int) -> dict[str, str]:
    return {"PYTHON_GIL": "1"} if target.free_threaded else {}


_RESOLVERS: dict[str, Callable[[Target, int], dict[str, str]]] = {
    "jit": _jit,
    "nojit": _nojit,
    "jit-stress": _jit_stress,
    "jit-eager": _jit_eager,
    "nogil": _nogil,
    "gil": _gil,
}


def _unknown_variables(target: Target, condition: str, variable: str) -> TargetError:
    known = ", ".join(target.jit_variables) or "none"
    return TargetError(
        f"{target.python} (Python {target.version}) does not know {variable}, "
        f"which {condition} needs",
        hint=f"it knows: {known}; {_hint(TargetKind.JIT)}",
    )


def _hint(kind: TargetKind) -> str:
    return f"'labeille targets list' shows what there is, 'labeille targets get {kind}' fetches one"
