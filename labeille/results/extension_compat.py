"""What is known of a package's extension modules and the GIL: ``extension_compat`` of a record."""

from __future__ import annotations

import enum

import msgspec


class GilUse(enum.StrEnum):
    """Whether an extension module asks for the GIL."""

    NOT_USED = "not_used"
    USED = "used"
    UNKNOWN = "unknown"


class ExtensionOrigin(enum.StrEnum):
    """Whose an extension module is."""

    PACKAGE = "package"
    DEPENDENCY = "dependency"  # of what the package requires, directly or not
    OTHER = "other"  # installed for the tests, say, and imported by the package where it is there


class ExtensionModule(msgspec.Struct, frozen=True, kw_only=True):
    """One module that was imported by the probe.

    ``triggered_gil_fallback``: with PYTHON_GIL unset, the GIL came on when it was imported. Only
    the first of a process does that; what the others ask for says ``gil``, and ``evidence`` how
    that is known. ``file`` is relative to the environment's site-packages or to the checkout.
    ``import_error`` is set where the module could not be imported.
    """

    module_name: str = ""
    is_extension: bool = True
    triggered_gil_fallback: bool = False
    origin: ExtensionOrigin = ExtensionOrigin.PACKAGE
    distribution: str | None = None
    file: str | None = None
    gil: GilUse = GilUse.UNKNOWN
    evidence: str = ""
    import_error: str | None = None


class GilDeclaration(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the sources that says whether a module needs the GIL.

    ``file`` is a path from the checkout; ``language`` is that of the declaration.
    """

    file: str = ""
    line_number: int = 0
    line_text: str = ""
    is_not_used: bool = False
    language: str = ""


class SourceScan(msgspec.Struct, frozen=True, kw_only=True):
    """The declarations in a package's own sources. ``languages`` are those that it has files of."""

    files_scanned: int = 0
    files_with_mod_gil: int = 0
    declarations: tuple[GilDeclaration, ...] = ()
    languages: tuple[str, ...] = ()


class WheelSupport(msgspec.Struct, frozen=True, kw_only=True):
    """The wheels of the newest release: tags as "cp39-abi3" and "cp313-cp313t", each once.

    ``pure`` is True where a wheel has no compiled parts. ``problem`` says why nothing is known.
    """

    version: str | None = None
    abi3: tuple[str, ...] = ()
    free_threaded: tuple[str, ...] = ()
    pure: bool = False
    problem: str | None = None


class ExtensionCompat(msgspec.Struct, frozen=True, kw_only=True):
    """What importing a package, and looking into its sources and modules, says of the GIL.

    ``is_pure_python`` is about the package alone. ``gil_fallback_active``: importing the package or
    one of its and its dependencies' modules turns the GIL on. ``all_extensions_compatible``: none
    of them is known to ask for it. ``probe_error`` says why the probe itself did not get through.
    """

    package: str = ""
    is_pure_python: bool = True
    extensions: tuple[ExtensionModule, ...] = ()
    gil_fallback_active: bool = False
    all_extensions_compatible: bool = True
    import_ok: bool = True
    import_error: str | None = None
    source_scan: SourceScan | None = None
    probe_error: str | None = None
    wheels: WheelSupport | None = None
