"""Which conditions a differential compares, and which of them have the JIT on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeille.campaigns.plan import condition_enables_jit
from labeille.errors import UsageError
from labeille.targets.conditions import knows_thresholds, resolve_condition

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from labeille.targets.model import Condition, Target

#: What is compared where nobody says; the last where the target knows its thresholds. With loops
#: compiled after 63 iterations instead of thousands, far more of a suite is compiled, and still
#: from code that has been run before.
DEFAULT_CONDITIONS = ("nojit", "jit")
EAGER_CONDITION = "jit-eager:63"


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """The conditions in the order given; ``without`` are those that have the JIT off."""

    every: tuple[Condition, ...]
    without: frozenset[str]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(condition.name for condition in self.every)

    def rounds(self, repeat: int) -> Iterator[tuple[Condition, int]]:
        """Each condition ``repeat`` times, with the number of its repeat, from 1 on.

        Every other round is in reverse, so that a test that fails every second time it is run does
        not do so under one condition alone.
        """
        for number in range(1, repeat + 1):
            for condition in self.every if number % 2 else reversed(self.every):
                yield condition, number

    def base(self) -> Condition:
        """The first condition without the JIT."""
        return next(condition for condition in self.every if condition.name in self.without)

    def named(self, name: str | None) -> Condition:
        """A condition by its name, ``base`` for None."""
        if name is None:
            return self.base()
        return next(condition for condition in self.every if condition.name == name)


def parse_conditions(
    given: Sequence[str], target: Target, extra_env: Mapping[str, str]
) -> Conditions:
    """The conditions that ``given`` names, or those that are compared by default.

    Raises UsageError for a name that there is not or that comes twice, and where one of the two
    sides is missing; TargetError for a condition that the target cannot honour.
    """
    names = tuple(given)
    if not names:
        eager = (EAGER_CONDITION,) if knows_thresholds(target) else ()
        names = (*DEFAULT_CONDITIONS, *eager)
    every = tuple(resolve_condition(name, target, extra_env) for name in names)
    _check_distinct(condition.name for condition in every)
    without = frozenset(c.name for c in every if not condition_enables_jit(c, target))
    if not without or len(without) == len(every):
        missing = "without" if not without else "with"
        raise UsageError(
            f"--conditions {','.join(names)}: there is none {missing} the JIT to compare with",
            hint="for example --conditions nojit,jit"
            + (" (--env PYTHON_JIT goes before both)" if "PYTHON_JIT" in extra_env else ""),
        )
    return Conditions(every=every, without=without)


def split_conditions(values: Iterable[str]) -> tuple[str, ...]:
    """The names in options of the form ``a,b``."""
    return tuple(name for value in values for part in value.split(",") if (name := part.strip()))


def _check_distinct(names: Iterable[str]) -> None:
    seen = set()
    for name in names:
        if name in seen:
            raise UsageError(
                f"--conditions names {name} twice", hint="--repeat K runs each condition K times"
            )
        seen.add(name)
