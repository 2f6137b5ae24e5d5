"""Options that several commands share, each defined once."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from labeille.environments.model import InstallerChoice
from labeille.sources.model import SourceChoice

if TYPE_CHECKING:
    from collections.abc import Callable

Function = TypeVar("Function", bound="Callable[..., Any]")
Decorator = "Callable[[Function], Function]"

_FOLDER = click.Path(file_okay=False, path_type=Path)


#: Seconds (11 days) that nothing takes; poll(2) counts milliseconds in 31 bits.
LONGEST = 1e6


class Size(click.ParamType[int]):
    """A number of bytes with an optional unit: 512M, 4G."""

    name = "size"
    _UNITS = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}  # noqa: RUF012 - click copies no attribute

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return bytes."""
        if isinstance(value, int):
            return value
        text = str(value).strip().upper().removesuffix("B").removesuffix("I")
        factor = self._UNITS.get(text[-1:], 1)
        number = text[:-1] if text[-1:] in self._UNITS else text
        try:
            size = int(float(number) * factor)
        except (ValueError, OverflowError):
            size = 0
        if size <= 0:
            self.fail(f"{value!r} is not a size; say 512M or 4G", param, ctx)
        return size


class Seconds(click.ParamType[float]):
    """A duration in seconds above 0, or 0 where that has a meaning, which ``zero`` tells."""

    name = "seconds"

    def __init__(self, *, zero: str | None = None) -> None:
        self._zero = zero

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return seconds."""
        try:
            seconds = float(value)
        except ValueError:
            seconds = math.nan
        if not (0 < seconds <= LONGEST or (seconds == 0 and self._zero)):
            zero = f", or 0 to {self._zero}" if self._zero else ""
            self.fail(f"{value!r} is no number of seconds above 0{zero}", param, ctx)
        return seconds


class Workers(click.ParamType["int | None"]):
    """A positive number, or ``auto`` for one test slot per CPU."""

    name = "workers"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | None:
        """Return the number, None for ``auto``."""
        if value is None or isinstance(value, int):
            return value
        if value == "auto":
            return None
        try:
            number = int(value)
        except ValueError:
            number = 0
        if number < 1:
            self.fail(f"{value!r} is neither a number from 1 nor 'auto'", param, ctx)
        return number


def _stack(*options: Callable[[Any], Any]) -> Callable[[Function], Function]:
    """One decorator for several options, which --help shows in the order given."""

    def decorate(function: Function) -> Function:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


registry_option = click.option(
    "--registry-dir",
    type=_FOLDER,
    help="The registry.  [default: LABEILLE_REGISTRY_DIR, ./registry, the shipped one]",
)

results_option = click.option(
    "--results-dir", type=_FOLDER, help="Where runs are kept.  [default: ./results]"
)

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead.")


def results_folder(option: Path | None) -> Path:
    """Where runs are kept, absolute: what --results-dir says, else ./results."""
    return (option or Path("results")).absolute()


def verbosity_options(function: Function) -> Function:
    """How much is said."""
    return _stack(
        click.option("-v", "--verbose", is_flag=True, help="Say more."),
        click.option("-q", "--quiet", is_flag=True, help="Say what matters most, and no more."),
    )(function)


repo_override_option = click.option(
    "--repo-override",
    metavar="PKG=URL",
    multiple=True,
    help="Clone a package from another repository.",
)


def selection_options(function: Function) -> Function:
    """Which packages of the registry."""
    return _stack(
        click.option(
            "--packages",
            metavar="A,B@REV",
            multiple=True,
            help="These packages alone, each at an optional revision or version.",
        ),
        click.option("--top", type=click.IntRange(1), metavar="N", help="The N most downloaded."),
        click.option("--skip-extensions", is_flag=True, help="Leave out packages with extensions."),
        click.option(
            "--where",
            metavar="FIELD=VALUE",
            multiple=True,
            help="Only packages whose field has (FIELD=VALUE) or has not (FIELD!=VALUE) the value.",
        ),
        click.option("--shard", metavar="I/N", help="The I-th of N equal parts of the selection."),
    )(function)


def eligibility_options(function: Function) -> Function:
    """Which packages are let in although the registry says no."""
    return _stack(
        click.option("--force-run", is_flag=True, help="Run packages marked as skipped too."),
        click.option(
            "--include-unenriched",
            is_flag=True,
            help="Run packages too whose entry nobody has completed.",
        ),
    )(function)


def place_options(function: Function) -> Function:
    """Where things are read and kept."""
    return _stack(
        registry_option,
        results_option,
        click.option(
            "--work-dir",
            type=_FOLDER,
            help="Checkouts, environments and scratch.  [default: in the user's cache folder]",
        ),
        click.option("--repos-dir", type=_FOLDER, help="Checkouts.  [default: WORK_DIR/repos]"),
        click.option("--venvs-dir", type=_FOLDER, help="Environments.  [default: WORK_DIR/venvs]"),
        click.option(
            "--keep-work-dirs", is_flag=True, help="Keep each suite's home and temporary folder."
        ),
    )(function)


_target_option = click.option(
    "--target-python",
    metavar="PYTHON",
    help="The interpreter under test.  [default: LABEILLE_TARGET_PYTHON, pyproject.toml, "
    "else one is found or fetched]",
)
_condition_option = click.option(
    "--condition",
    default="jit",
    show_default=True,
    help="jit, nojit, jit-stress, jit-eager[:N], nogil or gil.",
)
_env_option = click.option(
    "--env",
    "env",
    metavar="K=V",
    multiple=True,
    help="A further variable for the test process.",
)


def target_options(function: Function) -> Function:
    """The interpreter under test and the condition it is run under."""
    return _stack(_target_option, _condition_option, _env_option)(function)


def interpreter_options(function: Function) -> Function:
    """The interpreter under test, for commands whose conditions are their own."""
    return _stack(_target_option, _env_option)(function)


def source_options(function: Function) -> Function:
    """How sources are got."""
    return _stack(
        click.option(
            "--source",
            type=click.Choice([choice.value for choice in SourceChoice]),
            default=SourceChoice.AUTO.value,
            show_default=True,
            help="auto takes git, and the released sdist when the repository is out of reach.",
        ),
        click.option(
            "--clone-depth", type=click.IntRange(1), metavar="N", help="How many commits."
        ),
        click.option("--no-shallow", is_flag=True, help="Clone whole histories."),
        repo_override_option,
    )(function)


def environment_options(function: Function) -> Function:
    """How environments are built."""
    return _stack(
        click.option(
            "--installer",
            type=click.Choice([choice.value for choice in InstallerChoice]),
            default=InstallerChoice.AUTO.value,
            show_default=True,
            help="auto takes uv where it is, and pip when uv fails.",
        ),
        click.option(
            "--extra-deps",
            metavar="REQ,REQ",
            multiple=True,
            help="Further requirements for every environment.",
        ),
        click.option("--refresh-venvs", is_flag=True, help="Build environments anew."),
    )(function)


def bound_options(function: Function) -> Function:
    """Bounds of every trial."""
    return _stack(
        click.option(
            "--timeout",
            type=Seconds(),
            help="Of a whole suite; a package's own goes before it.  [default: 600]",
        ),
        further_bound_options,
    )(function)


def further_bound_options(function: Function) -> Function:
    """Bounds of every trial but its time, for commands in which that goes before a package's."""
    return _stack(
        click.option(
            "--stall-threshold",
            type=Seconds(zero="wait for ever"),
            help="Without a byte of output; 0 never stalls.  [default: 120; of ft run: 60]",
        ),
        click.option(
            "--memory-limit",
            type=Size(),
            help="Of one suite's processes together.  [default: 80 % of the machine / workers]",
        ),
    )(function)


def trial_options(function: Function) -> Function:
    """Bounds and changes of every trial."""
    return _stack(
        bound_options,
        click.option("--test-command-override", metavar="COMMAND", help="Run this instead."),
        click.option(
            "--test-command-suffix", metavar="ARGS", help="Add this to every test command."
        ),
    )(function)


def run_options(function: Function) -> Function:
    """How much at a time, and under which name it is kept."""
    return _stack(
        click.option(
            "--workers", type=Workers(), default="auto", show_default=True, help="Suites at a time."
        ),
        click.option("--run-id", metavar="ID", help="The run's name.  [default: from the time]"),
        click.option(
            "--skip-completed",
            is_flag=True,
            help="Go on with a run: only what has no verdict.  [default run: what this command "
            "began last]",
        ),
    )(function)
