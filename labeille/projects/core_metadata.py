"""What the build that made an sdist left in it: PKG-INFO and the .egg-info folder."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.parser import HeaderParser
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from labeille.projects.groups import read_list
from labeille.projects.model import Asked, RequirementSet, SetKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from labeille.projects.tree import Tree

_EXTRA = re.compile(r"""\s*(?:and\s+)?extra\s*==\s*["'](?P<name>[^"']+)["']""")
PKG_INFO = "PKG-INFO"


@dataclass(frozen=True, kw_only=True)
class CoreMetadata:
    """The finished metadata, as far as the tree has it; ``requires`` is None where it has none."""

    name: str | None = None
    requires_python: str | None = None
    requires: Asked | None = None
    extras: tuple[RequirementSet, ...] = ()
    top_level: tuple[str, ...] = ()


def read_core_metadata(tree: Tree) -> CoreMetadata:
    """Read PKG-INFO; requires.txt where an older setuptools left that out; top_level.txt."""
    headers = HeaderParser().parsestr((tree.text(PKG_INFO) or "").partition("\n\n")[0])
    folder = _egg_info(tree)
    lines = [str(line) for line in headers.get_all("Requires-Dist", [])]
    place = PKG_INFO
    if not lines and folder and (text := tree.text(f"{folder}/requires.txt")):
        place = f"{folder}/requires.txt"
        lines = list(_requires_lines(text))
    base: list[str] = []
    extras: dict[str, list[str]] = {str(name): [] for name in headers.get_all("Provides-Extra", [])}
    for line in lines:
        match = _EXTRA.search(line)
        if match is None:
            base.append(line)
        else:
            extras.setdefault(match["name"], []).append(_without_extra(line))
    return CoreMetadata(
        name=headers.get("Name"),
        requires_python=headers.get("Requires-Python"),
        requires=read_list(tree, base) if lines else None,
        extras=tuple(
            RequirementSet(
                kind=SetKind.EXTRA,
                name=canonicalize_name(name),
                place=place,
                asks=read_list(tree, items),
            )
            for name, items in extras.items()
        ),
        top_level=tuple((tree.text(f"{folder}/top_level.txt") or "").split()) if folder else (),
    )


def _egg_info(tree: Tree) -> str | None:
    for folder in (".", "src", "lib"):
        path = tree.path(folder)
        if path is not None and path.is_dir():
            for found in sorted(path.glob("*.egg-info")):
                return tree.name(found)
    return None


def _requires_lines(text: str) -> Iterable[str]:
    """requires.txt's sections ("[extra:marker]") as lines with markers."""
    suffix = ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            extra, _, marker = line[1:-1].partition(":")
            parts = [f"({marker})"] if marker else []
            parts += [f'extra == "{extra}"'] if extra else []
            suffix = " and ".join(parts)
        elif line:
            yield f"{line} ; {suffix}" if suffix else line


def _without_extra(line: str) -> str:
    """A requirement without the part of its marker that names the extra."""
    requirement, _, marker = line.partition(";")
    rest = _EXTRA.sub("", marker, count=1).strip()
    rest = rest.removeprefix("and ").strip()
    return f"{requirement.strip()}; {rest}" if rest else requirement.strip()
