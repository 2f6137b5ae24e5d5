"""The ids of the runs that the sessions of one nox share."""

from __future__ import annotations

import pytest

from sessions.shared_run import SharedRun


@pytest.mark.parametrize(
    ("run_id", "prefix", "expected"),
    [
        ("run_20261121_153329-7", "diff", "diff_20261121_153329-7"),
        ("run_20261121_153329-7", "run", "run_20261121_153329-7"),
        ("mine", "diff", "mine"),
        ("running", "diff", "running"),
    ],
)
def test_a_family_has_a_run_of_its_own(run_id: str, prefix: str, expected: str) -> None:
    assert SharedRun(run_id=run_id, command=("nox",), nox_pid=1).id_of(prefix) == expected
