"""What is known of a package's extension modules and the GIL: probe, sources, wheels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labeille.environments.gil_probe import ProbeRequest, probe_gil
from labeille.errors import LabeilleError
from labeille.projects.gil_declarations import scan_gil_declarations
from labeille.pypi.client import IndexClient
from labeille.pypi.wheels import wheel_support
from labeille.results.extension_compat import (
    ExtensionCompat,
    ExtensionOrigin,
    GilUse,
    WheelSupport,
)

if TYPE_CHECKING:
    from pathlib import Path

    from labeille.pipeline.trial import Prepared
    from labeille.results.extension_compat import ExtensionModule
    from labeille.supervision.cancellation import Cancellation


def examine_extensions(
    prepared: Prepared, log_dir: Path, *, cancel: Cancellation | None = None
) -> ExtensionCompat:
    """Import a prepared package with PYTHON_GIL unset, and look into sources, modules and wheels.

    What cannot be found out is noted in the result. Raises Interrupted when ``cancel`` ended it.
    """
    package, checkout = prepared.job.package, prepared.checkout
    probe = probe_gil(
        ProbeRequest(
            package=package,
            environment=prepared.environment,
            target=prepared.job.target,
            checkout=checkout.path,
            log_dir=log_dir,
        ),
        cancel=cancel,
    )
    scan = scan_gil_declarations(checkout.path)
    theirs = [each for each in probe.modules if each.origin is not ExtensionOrigin.OTHER]
    own = [each for each in theirs if each.origin is ExtensionOrigin.PACKAGE]
    return ExtensionCompat(
        package=package.name,
        is_pure_python=not own,
        extensions=probe.modules,
        gil_fallback_active=probe.fallback or any(map(_turns_gil_on, theirs)),
        all_extensions_compatible=not any(each.gil is GilUse.USED for each in theirs),
        import_ok=probe.import_error is None,
        import_error=probe.import_error,
        source_scan=scan if own or scan.languages or scan.declarations else None,
        probe_error=probe.problem,
        wheels=_newest_wheels(package.name),
    )


def _turns_gil_on(module: ExtensionModule) -> bool:
    """Whether importing a module turns the GIL on; one that cannot be imported does no harm."""
    if module.triggered_gil_fallback:
        return True
    return module.gil is GilUse.USED and module.import_error is None


def _newest_wheels(name: str) -> WheelSupport:
    try:
        with IndexClient() as client:
            metadata = client.metadata(name)
    except LabeilleError as error:
        return WheelSupport(problem=str(error))
    return wheel_support(metadata.version, metadata.files)
