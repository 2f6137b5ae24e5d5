"""What source tree is wanted of a package, and the one that was got."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from labeille.registry.model import SourceKind


class SourceChoice(enum.StrEnum):
    """What ``--source`` may say."""

    GIT = "git"
    SDIST = "sdist"
    AUTO = "auto"  # git, and the sdist when the repository cannot be reached or none is named


@dataclass(frozen=True, kw_only=True)
class SourceSettings:
    """How sources are got in one run. ``repos_dir`` is absolute; ``timeout`` is seconds.

    ``clone_depth`` overrides the registry's (None leaves it); ``shallow=False`` (--no-shallow)
    clones whole histories. ``repo_overrides`` maps a package's name to a URL or a path.
    ``variant`` (a target's id) keeps trees apart: what one target's install builds into a tree,
    another target of the same version would load.
    """

    repos_dir: Path
    source: SourceChoice = SourceChoice.AUTO
    clone_depth: int | None = None
    shallow: bool = True
    repo_overrides: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 600.0
    variant: str = ""


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """A source tree at a known revision (git) or version (sdist).

    ``path`` is absolute and belongs to this checkout alone as long as its key is asked for.
    ``revision`` is a full commit hash, None for an sdist; ``version`` the sdist's version, None for
    git. ``origin`` is the clone URL, or the sdist's file name. ``key`` changes whenever the files
    would, and whenever the tree was made anew, without what an install had built into it: it is
    part of an environment's key. ``note`` says what was taken instead of what was to be expected:
    the sdist by auto, and why; a mirror's last state; an older release.
    """

    path: Path
    kind: SourceKind
    origin: str
    key: str
    revision: str | None = None
    version: str | None = None
    note: str | None = None
