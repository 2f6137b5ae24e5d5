"""This machine's mirror, as apt's own files name it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from labeille.errors import TargetError
from labeille.targets.apt import mirrors

if TYPE_CHECKING:
    from pathlib import Path

BOOKWORM = """\
# a comment
Types: deb
# another, in the middle
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
"""


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"sources.list.d/debian.sources": BOOKWORM}, ["http://mirror.example/debian"]),
        (
            {"sources.list": "deb http://a.example/debian bookworm main contrib # mine\n"},
            ["http://a.example/debian"],
        ),
        (
            {"sources.list": "deb [arch=amd64 signed-by=/k.gpg] https://a.example/d stable main\n"},
            ["https://a.example/d"],
        ),
        (
            {
                "sources.list": "# deb http://off.example/debian bookworm main\n"
                "deb-src http://src.example/debian bookworm main\n"
                "deb http://other.example bookworm-backports main\n"
                "deb http://flat.example ./\n",
                "sources.list.d/cloud.list": "deb https://cloud.example/apt sdk-bookworm main\n",
                "sources.list.d/x.sources": "Types: deb deb-src\nURIs:\n http://a.example/debian\n"
                " http://b.example/debian\nSuites: sid\nComponents: main non-free\n",
            },
            ["http://a.example/debian", "http://b.example/debian"],
        ),
        (
            {
                "sources.list.d/off.sources": BOOKWORM.replace("Types", "Enabled: no\nTypes", 1),
                "sources.list.d/on.list": "deb mirror+file:/etc/apt/mirrors/d.list bookworm main",
                "sources.list.d/old.list.save": "deb http://old.example/debian bookworm main",
            },
            ["mirror+file:/etc/apt/mirrors/d.list"],
        ),
    ],
)
def test_mirrors(tmp_path: Path, files: dict[str, str], expected: list[str]) -> None:
    (tmp_path / "sources.list.d").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert mirrors(tmp_path, "bookworm") == expected


def test_a_machine_without_a_mirror(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="no Debian mirror is named"):
        mirrors(tmp_path, "bookworm")
