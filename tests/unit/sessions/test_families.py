"""Which names are sessions of a family's packages."""

from __future__ import annotations

import pytest

from sessions import freethreading, hunting
from sessions.families import Family


@pytest.mark.parametrize(
    ("family", "name", "package"),
    [
        (hunting.FAMILY, "run-idna", "idna"),
        (hunting.FAMILY, "run-run-idna", "run-idna"),
        (hunting.FAMILY, "run-", None),
        (hunting.FAMILY, "ft-idna", None),
        (hunting.FAMILY, "tests", None),
        (freethreading.FAMILY, "ft-idna", "idna"),
        (freethreading.FAMILY, "ft-show", None),
        (freethreading.FAMILY, "ft-compare", None),
        (freethreading.FAMILY, "ft-report", None),
        (freethreading.FAMILY, "ft-show-me", "show-me"),
    ],
)
def test_packages_by_session_names(family: Family, name: str, package: str | None) -> None:
    assert family.package(name) == package


def test_every_session_that_reads_runs_has_its_command() -> None:
    from labeille.cli.ft import ft

    assert set(freethreading.SESSIONS) == set(ft.commands) - {"run"}
