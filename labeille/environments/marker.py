"""The file that says an environment is complete, and all that is to be known of it."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from labeille.environments.model import Environment

if TYPE_CHECKING:
    from labeille.environments.model import EnvironmentRequest

#: Folder in an environment for what is labeille's there.
OWN_FOLDER = "labeille"
_MARKER = "complete.json"


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """A marker's content: what an Environment needs, and what a person may want to know.

    ``recipe`` is what the key was made of.
    """

    key: str
    recipe: dict[str, object]
    python: str
    site_packages: str
    backend: str
    installed: dict[str, str]
    import_name: str | None
    package_version: str | None
    install_seconds: float


def read_marker(request: EnvironmentRequest, path: Path, key: str) -> Environment | None:
    """The environment at ``path`` if it is complete and can still be used, without any process.

    It cannot once its interpreter or the checkout, which an editable install points to, is gone.
    """
    try:
        marker = msgspec.json.decode((path / OWN_FOLDER / _MARKER).read_bytes(), type=Marker)
    except (OSError, msgspec.DecodeError):
        return None
    environment = environment_from(marker, path, reused=True)
    usable = (
        marker.key == key
        and environment.python.exists()  # the link's end, which is the target itself
        and environment.site_packages.is_dir()
        and request.checkout.path.is_dir()
    )
    return environment if usable else None


def environment_from(marker: Marker, path: Path, *, reused: bool) -> Environment:
    """The environment that a marker describes."""
    python = Path(marker.python)
    return Environment(
        path=path,
        python=python,
        bin_dir=python.parent,
        site_packages=Path(marker.site_packages),
        key=marker.key,
        backend=marker.backend,
        installed=marker.installed,
        import_name=marker.import_name,
        package_version=marker.package_version,
        reused=reused,
        install_seconds=0.0 if reused else marker.install_seconds,
    )


def write_marker(path: Path, marker: Marker) -> None:
    """Declare the environment at ``path`` complete, all at once. Raises OSError (a full disk)."""
    place = path / OWN_FOLDER / _MARKER
    draft = place.with_suffix(".new")
    try:
        # No fsync: it would wait for the whole environment's data, and after a power failure a torn
        # marker is no marker.
        draft.write_bytes(msgspec.json.format(msgspec.json.encode(marker), indent=1))
        draft.replace(place)
    except OSError:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise


def remove_marker(path: Path) -> None:
    """Declare the environment at ``path`` incomplete: done before anything of it is removed."""
    (path / OWN_FOLDER / _MARKER).unlink(missing_ok=True)
