"""Reading nox's command line: what is sure is taken, the rest is everything."""

from __future__ import annotations

import pytest

from sessions.selected import Selected, SelectionError, read_selection


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", Selected()),
        ("-s run-idna", Selected(names=("run-idna",))),
        ("-s run-idna -- --timeout 60 -t x", Selected(names=("run-idna",))),
        ("--session run-idna run-six -j 2", Selected(names=("run-idna", "run-six"))),
        ("-e run-idna", Selected(names=("run-idna",))),
        ("-v -r -s tests -f noxfile.py", Selected(names=("tests",))),
        ("-t crash-hunt", Selected(tags=("crash-hunt",))),
        ("-l", Selected(listing=True)),
        ("-l -t crash-hunt", Selected(tags=("crash-hunt",), listing=True)),
        ("-l --json", Selected(everything=True)),
        ("-k idna", Selected(everything=True)),
        ("--sess run-idna", Selected(everything=True)),
        ("-lt crash-hunt", Selected(tags=("crash-hunt",), listing=True)),
        ("--some-new-option", Selected(everything=True)),
        (
            "--sessions run-idna --parallel 1 --parallel-worker --no-dependencies --report x",
            Selected(names=("run-idna",)),
        ),
    ],
)
def test_read_selection(line: str, expected: Selected) -> None:
    assert read_selection(line.split(), {}) == expected


def test_noxsession_counts_where_no_session_is_named() -> None:
    environ = {"NOXSESSION": "run-idna, run-six"}
    assert read_selection([], environ) == Selected(names=("run-idna", "run-six"))
    assert read_selection(["-s", "tests"], environ) == Selected(names=("tests",))


@pytest.mark.parametrize(
    ("line", "message"),
    [("-s run-idna -t pure", "nox ignores -s"), ("-k run-requests", "-s run-requests")],
)
def test_what_nox_would_misread_is_refused(line: str, message: str) -> None:
    with pytest.raises(SelectionError, match=message):
        read_selection(line.split(), {})


@pytest.mark.parametrize(
    ("line", "shard"),
    [
        ("-t crash-hunt -- --shard 2/4", "2/4"),
        ("-t crash-hunt -j 2 -- --timeout 60 --shard=2/4 -v", "2/4"),
        ("-t crash-hunt -- --shard 1/4 --shard 2/4", "2/4"),
        ("-t crash-hunt -- --shard", ""),
        ("-t crash-hunt -- --timeout 60", None),
        ("-t crash-hunt", None),
        ("-s run-idna -- --shard 2/4", None),
        ("-- --shard 2/4", None),
    ],
)
def test_a_shard_of_what_tags_select(line: str, shard: str | None) -> None:
    assert read_selection(line.split(), {}).shard == shard
