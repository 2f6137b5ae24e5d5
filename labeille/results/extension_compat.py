"""What is known of a package's extension modules and the GIL: ``extension_compat`` of a record."""

from __future__ import annotations

import msgspec


class ExtensionModule(msgspec.Struct, frozen=True, kw_only=True):
    """One module that was imported by the probe.

    ``triggered_gil_fallback``: with PYTHON_GIL unset, the GIL came on when it was imported.
    """

    module_name: str = ""
    is_extension: bool = True
    triggered_gil_fallback: bool = False


class ExtensionCompat(msgspec.Struct, frozen=True, kw_only=True):
    """What importing a package, and looking into its sources and modules, says of the GIL."""

    package: str = ""
    is_pure_python: bool = True
    extensions: tuple[ExtensionModule, ...] = ()
    gil_fallback_active: bool = False
    all_extensions_compatible: bool = True
    import_ok: bool = True
    import_error: str | None = None
    source_scan: dict[str, object] | None = None
    probe_error: str | None = None
