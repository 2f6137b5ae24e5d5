"""Tells by the tags of a release's wheels whether it has compiled parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

if TYPE_CHECKING:
    from collections.abc import Iterable


def is_compiled(filenames: Iterable[str]) -> bool | None:
    """Whether a release has compiled parts; None where no wheel tells.

    Every wheel ``none-any``: no. Any wheel with an ABI (abi3 as well) or a platform: yes, also
    beside a pure one, which is there for machines without a compiler. A platform without an ABI
    (``py3-none-manylinux…``) has no extension module but a binary in it, which its source has to
    compile just as well. An interpreter alone (``cp313-none-any``) means nothing: that is Python
    code for one version. Without wheels a source archive would have to be built to know.
    """
    told = False
    for filename in filenames:
        if not filename.endswith(".whl"):
            continue
        try:
            tags = parse_wheel_filename(filename)[3]
        except (InvalidWheelFilename, ValueError):  # names from before the rules, InvalidVersion
            continue
        if any(tag.abi != "none" or tag.platform != "any" for tag in tags):
            return True
        told = True
    return False if told else None
