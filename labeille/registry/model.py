"""A registry entry: how one PyPI package is got, installed and tested."""

from __future__ import annotations

import enum

import msgspec


class ExtensionType(enum.StrEnum):
    """Whether a package has compiled parts."""

    PURE = "pure"
    EXTENSIONS = "extensions"
    UNKNOWN = "unknown"


#: What older files call extensions; ``validate`` asks for the one word.
EXTENSION_SPELLINGS = frozenset({"c_extension", "cpp_extension", "rust"})


class InstallMethod(enum.StrEnum):
    """How a package is installed."""

    PIP = "pip"
    PIP_EXTRAS = "pip-extras"
    CUSTOM = "custom"


class TestFramework(enum.StrEnum):
    """What runs a package's tests."""

    __test__ = False  # not a test class, though pytest likes the name

    PYTEST = "pytest"
    UNITTEST = "unittest"
    CUSTOM = "custom"


class SourceKind(enum.StrEnum):
    """Where a checkout comes from."""

    GIT = "git"
    SDIST = "sdist"


class Package(msgspec.Struct, frozen=True, kw_only=True):
    """One package file (docs/registry-format.md describes each field).

    ``name`` is the normalised form of the ``package`` field. ``timeout`` is seconds.
    ``extra`` keeps keys that this version does not know.
    """

    name: str
    repo: str | None = None
    pypi_url: str = ""
    extension_type: ExtensionType = ExtensionType.UNKNOWN
    python_versions: tuple[str, ...] = ()
    install_method: InstallMethod = InstallMethod.PIP
    install_command: str = ""
    test_command: str = ""
    test_framework: TestFramework = TestFramework.PYTEST
    uses_xdist: bool = False
    timeout: float | None = None
    skip: bool = False
    skip_reason: str | None = None
    skip_versions: dict[str, str] = {}
    notes: str = ""
    enriched: bool = False
    clone_depth: int | None = None
    import_name: str | None = None
    source: SourceKind | None = None
    env: dict[str, str] = {}
    extra: dict[str, object] = {}
