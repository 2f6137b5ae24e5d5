"""Tells by the tags of a release's wheels whether it has compiled parts, and for which ABIs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from labeille.results.extension_compat import WheelSupport

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packaging.tags import Tag


_FREE_THREADED_ABI = re.compile(r"cp\d+t")


def is_compiled(filenames: Iterable[str]) -> bool | None:
    """Whether a release has compiled parts; None where no wheel tells.

    Every wheel ``none-any``: no. Any wheel with an ABI (abi3 as well) or a platform: yes, also
    beside a pure one, which is there for machines without a compiler. A platform without an ABI
    (``py3-none-manylinux…``) has no extension module but a binary in it, which its source has to
    compile just as well. An interpreter alone (``cp313-none-any``) means nothing: that is Python
    code for one version. Without wheels a source archive would have to be built to know.
    """
    told = False
    for tags in _tags(filenames):
        if any(tag.abi != "none" or tag.platform != "any" for tag in tags):
            return True
        told = True
    return False if told else None


def wheel_support(version: str | None, filenames: Iterable[str]) -> WheelSupport:
    """For which ABIs beyond a version's own a release has wheels: abi3, abi3t, free-threaded.

    ``abi3t`` (PEP 803) is one of ``abi3``: stable, and for free-threaded builds as well.
    """
    abi3, free_threaded = set(), set()
    pure = False
    for tags in _tags(filenames):
        for tag in tags:
            pure = pure or (tag.abi == "none" and tag.platform == "any")
            if tag.abi in ("abi3", "abi3t"):
                abi3.add((tag.interpreter, tag.abi))
            elif _FREE_THREADED_ABI.fullmatch(tag.abi):
                free_threaded.add((tag.interpreter, tag.abi))
    return WheelSupport(
        version=version,
        abi3=_spelled(abi3),
        free_threaded=_spelled(free_threaded),
        pure=pure,
    )


def _tags(filenames: Iterable[str]) -> Iterator[frozenset[Tag]]:
    """The tags of each wheel; names from before the rules are passed over."""
    for filename in filenames:
        if filename.endswith(".whl"):
            try:
                yield parse_wheel_filename(filename)[3]
            except (InvalidWheelFilename, ValueError):  # ValueError: InvalidVersion
                continue


def _spelled(tags: set[tuple[str, str]]) -> tuple[str, ...]:
    """ "cp39-abi3", the oldest interpreter first."""
    ordered = sorted(tags, key=lambda tag: (len(tag[0]), tag))
    return tuple(f"{interpreter}-{abi}" for interpreter, abi in ordered)
