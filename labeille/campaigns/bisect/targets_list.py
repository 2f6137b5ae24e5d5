"""The list of interpreters that ``--targets`` names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from labeille.errors import TargetError
from labeille.targets.choose import choose_target
from labeille.targets.discover import age, uv_candidates
from labeille.targets.model import TargetKind
from labeille.targets.probe import probe

if TYPE_CHECKING:
    from labeille.targets.model import Target

#: What stands for the interpreters that uv has installed.
UV = "uv"


def read_targets(text: str) -> dict[str, Target]:
    """The interpreters of a file, in its order, or of uv, the oldest first, by their paths.

    A line names one as ``--target-python`` does: a path (from the file's folder), a command or a
    version; ``#`` begins a comment. Raises TargetError for a line that names none, and where there
    are fewer than two.
    """
    targets = _of_uv() if text == UV else _of_file(Path(text).expanduser())
    if len(targets) < 2:
        where = "uv has installed" if text == UV else f"{text} names"
        raise TargetError(
            f"{where} {len(targets) or 'no'} interpreter{'s' if not targets else ''}: a bisection "
            "needs two at least",
            hint="write a file with a path a line, the oldest first, and name it with --targets",
        )
    return targets


def _of_uv() -> dict[str, Target]:
    found = []
    for path in uv_candidates():
        try:
            found.append(probe(path))
        except TargetError:  # python3.15-config, or one that does not start
            continue
    return {target.python: target for target in sorted(found, key=age, reverse=True)}


def _of_file(path: Path) -> dict[str, Target]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise TargetError(
            f"--targets: {path} cannot be read: {reason}",
            hint=f"name a file with an interpreter's path a line, or {UV!r}",
        ) from None
    targets: dict[str, Target] = {}
    for number, line in enumerate(lines, start=1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        beside = Path(os.path.normpath(path.absolute().parent / text))
        named = str(beside) if beside.is_file() else text
        try:
            target = choose_target(
                named, want=TargetKind.JIT, allow_provide=False, report=lambda _: None
            )
        except TargetError as error:
            raise TargetError(f"{path}:{number}: {error}", hint=error.hint) from None
        targets[target.python] = target
    return targets
