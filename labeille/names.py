"""Names that become parts of paths and commands, validated once, where they enter."""

from __future__ import annotations

import re

from packaging.utils import InvalidName, canonicalize_name

from labeille.errors import UsageError

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


def parse_package_name(text: str) -> str:
    """Return the normalised form (PEP 503) of a package's name.

    Raises UsageError for anything that is no valid name (PEP 508), paths among them.
    """
    try:
        return canonicalize_name(text, validate=True)
    except InvalidName:
        raise UsageError(
            f"{text!r} is not a package name",
            hint="names have letters, digits, '.', '_' and '-', and start and end with a "
            "letter or digit",
        ) from None


def parse_run_id(text: str) -> str:
    """Return a run's id, or raise UsageError when it could not be a folder's name."""
    if not _RUN_ID.fullmatch(text) or text.endswith("."):
        raise UsageError(
            f"{text!r} is not a run id",
            hint="a run id is one folder's name: letters, digits, '.', '_' and '-', at most 128",
        )
    return text
