"""What is wrong with a file of a registry, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeille.errors import RegistryError

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class FileProblem:
    """One fault in one file. ``line`` counts from 1; None where the whole file cannot be read."""

    path: Path
    line: int | None
    message: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line is not None else str(self.path)
        return f"{place}: {self.message}"


class RegistryFileError(RegistryError):
    """A file that cannot be taken as it is; ``problems`` has every fault that was found in it."""

    def __init__(self, problems: tuple[FileProblem, ...]) -> None:
        more = len(problems) - 1
        super().__init__(
            str(problems[0]) + (f" (and {more} more)" if more else ""),
            hint="mend the file; the other packages are not concerned",
        )
        self.problems = problems
