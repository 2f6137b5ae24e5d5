"""Conditions: their variables, what a target must be able to, and that they take effect."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from labeille.errors import LabeilleError, TargetError, UsageError
from labeille.targets.conditions import kind_for, parse_env_assignments, resolve_condition
from labeille.targets.model import Target, TargetKind

if TYPE_CHECKING:
    from collections.abc import Callable

PLAIN: dict[str, object] = {}
OFF = {"jit_available": True, "jit_variables": ("PYTHON_JIT",)}
OLD_JIT = OFF | {"jit_works": True}
JIT = OLD_JIT | {
    "jit_variables": (
        "PYTHON_JIT",
        "PYTHON_JIT_FITNESS_INITIAL",
        "PYTHON_JIT_LOOP_INITIAL_BACKOFF",
        "PYTHON_JIT_LOOP_INITIAL_VALUE",
        "PYTHON_JIT_STRESS",
    )
}
FREE = {"free_threaded": True, "gil_enabled": False}


def eager(threshold: str) -> dict[str, str]:
    return {
        "PYTHON_JIT": "1",
        "PYTHON_JIT_LOOP_INITIAL_VALUE": threshold,
        "PYTHON_JIT_LOOP_INITIAL_BACKOFF": "1",
    }


@pytest.mark.parametrize(
    ("text", "facts", "name", "env"),
    [
        ("jit", JIT, "jit", {"PYTHON_JIT": "1"}),
        (" jit ", JIT, "jit", {"PYTHON_JIT": "1"}),
        ("nojit", JIT, "nojit", {"PYTHON_JIT": "0"}),
        ("nojit", OFF, "nojit", {"PYTHON_JIT": "0"}),
        ("nojit", PLAIN, "nojit", {}),
        ("jit-stress", JIT, "jit-stress", {"PYTHON_JIT": "1", "PYTHON_JIT_STRESS": "1"}),
        ("jit-eager", JIT, "jit-eager", eager("1")),
        ("jit-eager:1", JIT, "jit-eager", eager("1")),
        ("jit-eager:063", JIT, "jit-eager:63", eager("63")),
        ("jit-eager:8191", JIT, "jit-eager:8191", eager("8191")),
        ("nogil", FREE, "nogil", {"PYTHON_GIL": "0"}),
        ("gil", FREE, "gil", {"PYTHON_GIL": "1"}),
        ("gil", PLAIN, "gil", {}),
    ],
)
def test_what_a_condition_sets(
    make_target: Callable[..., Target],
    text: str,
    facts: dict[str, object],
    name: str,
    env: dict[str, str],
) -> None:
    condition = resolve_condition(text, make_target(**facts), {})
    assert (condition.name, dict(condition.env)) == (name, env)


def test_further_variables_go_on_top(make_target: Callable[..., Target]) -> None:
    condition = resolve_condition("jit", make_target(**JIT), {"A": "b", "PYTHON_JIT": "0"})
    assert dict(condition.env) == {"PYTHON_JIT": "0", "A": "b"}


@pytest.mark.parametrize(
    ("text", "facts", "extra", "error", "message"),
    [
        ("jit", PLAIN, {}, TargetError, "has no JIT compiled in"),
        ("jit-eager", PLAIN, {}, TargetError, "has no JIT compiled in"),
        ("jit-stress", PLAIN, {}, TargetError, "has no JIT compiled in"),
        ("jit", OFF, {}, TargetError, "PYTHON_JIT=1 leaves it off"),
        ("jit-stress", OLD_JIT, {}, TargetError, "does not know PYTHON_JIT_STRESS"),
        ("jit-eager", OLD_JIT, {}, TargetError, "does not know PYTHON_JIT_.*_INITIAL_VALUE"),
        ("nogil", JIT, {}, TargetError, "not a free-threaded build"),
        ("jit", JIT, {"PYTHON_GIL": "0"}, TargetError, "PYTHON_GIL=0"),
        ("turbo", JIT, {}, UsageError, "there is no condition 'turbo'"),
        ("", JIT, {}, UsageError, "there is no condition ''"),
        ("jit:5", JIT, {}, UsageError, "there is no condition 'jit:5'"),
        ("jit-eager:", JIT, {}, UsageError, "'' is not a number"),
        ("jit-eager:0", JIT, {}, UsageError, "'0' is not a number"),
        ("jit-eager:8192", JIT, {}, UsageError, "'8192' is not a number"),
        ("jit-eager:-1", JIT, {}, UsageError, "'-1' is not a number"),
        ("jit-eager:٣", JIT, {}, UsageError, "is not a number"),
        ("jit-eager:" + "9" * 5000, JIT, {}, UsageError, "is not a number"),
    ],
)
def test_what_cannot_be_honoured(
    make_target: Callable[..., Target],
    text: str,
    facts: dict[str, object],
    extra: dict[str, str],
    error: type[LabeilleError],
    message: str,
) -> None:
    with pytest.raises(error, match=message) as caught:
        resolve_condition(text, make_target(**facts), extra)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("assignments", "env"),
    [
        ((), {}),
        (("A=b", "C="), {"A": "b", "C": ""}),
        (("A=b=c",), {"A": "b=c"}),
        (("A=1", "A=2"), {"A": "2"}),
    ],
)
def test_env_assignments(assignments: tuple[str, ...], env: dict[str, str]) -> None:
    assert parse_env_assignments(assignments) == env


@pytest.mark.parametrize("assignment", ["", "A", "=b", "1A=b", "A B=c", "A-B=c", "A=\0"])
def test_what_is_no_assignment(assignment: str) -> None:
    with pytest.raises(UsageError, match="is not NAME=VALUE"):
        parse_env_assignments(("X=y", assignment))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("jit", TargetKind.JIT),
        ("nojit", TargetKind.JIT),
        ("jit-eager:5", TargetKind.JIT),
        ("nogil", TargetKind.FREE_THREADED),
        ("gil", TargetKind.FREE_THREADED),
    ],
)
def test_kind_for(text: str, kind: TargetKind) -> None:
    assert kind_for(text) is kind


#: Prints whether the JIT is on, and whether a loop of argv[1] turns makes an executor.
LOOP = """
import sys, _opcode
def loop(turns):
    i = 0
    while i < turns:
        i += 1
def executor(code):
    for offset in range(0, len(code.co_code), 2):
        try:
            if _opcode.get_executor(code, offset) is not None:
                return True
        except (ValueError, RuntimeError):
            pass
    return False
loop(int(sys.argv[1]))
print(int(sys._jit.is_enabled()), int(executor(loop.__code__)))
"""


@pytest.mark.target("jit")
@pytest.mark.parametrize(
    ("text", "turns", "printed"),
    [
        ("nojit", 9000, "0 0"),
        ("jit", 1000, "1 0"),
        ("jit", 9000, "1 1"),
        ("jit-stress", 500, "1 1"),
        ("jit-eager", 10, "1 1"),
        ("jit-eager:1000", 900, "1 0"),
        ("jit-eager:1000", 1100, "1 1"),
        ("jit-eager:8191", 8100, "1 0"),  # past the default of 4000: N was taken
    ],
)
def test_a_condition_takes_effect(jit_target: Target, text: str, turns: int, printed: str) -> None:
    condition = resolve_condition(text, jit_target, {})
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")} | dict(condition.env)
    done = subprocess.run(
        [jit_target.python, "-S", "-c", LOOP, str(turns)],
        env=env, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == printed
