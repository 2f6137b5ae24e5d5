"""Asks a freshly installed environment what is in it, and imports the package, in one process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from labeille.environments.marker import OWN_FOLDER
from labeille.environments.model import InstallError, Phase
from labeille.environments.steps import Step

if TYPE_CHECKING:
    from labeille.environments.model import EnvironmentRequest
    from labeille.environments.steps import Runner

#: What the environment's interpreter runs; imported by nobody here.
INSPECTION = Path(__file__).with_name("labeille_inspection.py")

#: Seconds for the facts and the import; torch on a debug build under load needs a minute.
IMPORT_TIMEOUT = 300.0

_ERROR_LENGTH = 300


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What ``INSPECTION`` writes; ``error`` is the last line of a failed import's traceback."""

    installed: dict[str, str]
    package_version: str | None
    site_packages: str
    import_name: str | None
    error: str | None = None


def examine(request: EnvironmentRequest, path: Path, runner: Runner) -> Report:
    """The facts about the environment at ``path``, in which the package could be imported.

    Raises InstallError with the phase ``import`` where it could not, or where the interpreter
    crashed on the way.
    """
    report_path = path / OWN_FOLDER / "inspection.json"
    report_path.unlink(missing_ok=True)
    task = {
        "package": request.package.name,
        "checkout": str(request.checkout.path),
        "import_name": request.package.import_name,
        "report": str(report_path),
    }
    # -s alone: the user's own site-packages stay out, the package's variables count.
    argv = (str(path / "bin" / "python"), "-s", str(INSPECTION), json.dumps(task))
    step = Step(
        name="import",
        title="the import check",
        phase=Phase.IMPORT,
        argv=argv,
        cwd=path / OWN_FOLDER,  # not the checkout, which must not be what is imported
        timeout=IMPORT_TIMEOUT,
    )
    try:
        runner.run(step)
    except InstallError as failure:
        report = _read(report_path)
        if report is None or report.error is None:
            raise
        raise InstallError(
            f"{request.package.name} is installed but `import {report.import_name}` fails: "
            f"{report.error[:_ERROR_LENGTH]}",
            phase=Phase.IMPORT,
            outcome=failure.outcome,
            hint=failure.hint,
        ) from None
    report = _read(report_path)
    if report is None:
        raise InstallError("the import check left no report", phase=Phase.IMPORT)
    return report


def _read(path: Path) -> Report | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Report)
    except (OSError, msgspec.DecodeError):
        return None
