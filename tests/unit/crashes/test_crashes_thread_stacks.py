"""Where threads stood, from what faulthandler really wrote (3.13t, and 3.15's format)."""

from __future__ import annotations

import pytest

from labeille.crashes.thread_stacks import MAX_FRAMES, read_thread_stacks

DEADLOCK = """\
tests/test_pool.py .F.Fatal Python error: Aborted

Thread 0x00007f88b3fe76c0 (most recent call first):
  File "/w/mini/pool.py", line 7 in one
  File "/p/lib/python3.13t/threading.py", line 994 in run
  File "/p/lib/python3.13t/threading.py", line 1014 in _bootstrap

Thread 0x00007f88b47ec6c0 (most recent call first):
  File "/w/mini/pool.py", line 7 in one

Current thread 0x00007f88b4848740 (most recent call first):
  File "/p/lib/python3.13t/threading.py", line 1094 in join
  File "/w/tests/test_pool.py", line 13 in test_both_ways
"""

# 3.14 and later: names, the C stack, and no other thread without the GIL.
ONE_THREAD = """\
Fatal Python error: Aborted

<Cannot show all threads while the GIL is disabled>
Current thread 0x00007fb7c4992740 [MainThread] (most recent call first):
  File "/w/tests/test_pool.py", line 13 in test_both_ways

Current thread's C stack trace (most recent call first):
  Binary file "/p/bin/python3.14t", at _Py_DumpStack+0x4c [0x5581]

Extension modules: _ext (total: 1)
"""

# Each thread by itself, before the end.
ONE_BY_ONE = """\
Stack (most recent call first):
  File "/w/tests/test_pool.py", line 13 in test_both_ways
Stack (most recent call first):
  File "/w/mini/pool.py", line 7 in one
Stack (most recent call first):
  File "/w/mini/pool.py", line 9 in other
"""


def shown(text: str) -> list[tuple[str, bool, list[tuple[str, int | None, str]]]]:
    return [
        (stack.thread, stack.current, [(f.file, f.line, f.function) for f in stack.frames])
        for stack in read_thread_stacks(text)
    ]


def test_every_thread_the_current_one_first() -> None:
    current, first, second = shown(DEADLOCK)
    assert current == (
        "0x7f88b4848740",
        True,
        [
            ("/p/lib/python3.13t/threading.py", 1094, "join"),
            ("/w/tests/test_pool.py", 13, "test_both_ways"),
        ],
    )
    assert [thread for thread, _, _ in (first, second)] == ["0x7f88b3fe76c0", "0x7f88b47ec6c0"]
    assert first[2][0] == second[2][0] == ("/w/mini/pool.py", 7, "one")


def test_a_named_thread_and_a_c_stack() -> None:
    assert shown(ONE_THREAD) == [
        ("0x7fb7c4992740 MainThread", True, [("/w/tests/test_pool.py", 13, "test_both_ways")])
    ]


def test_what_the_last_block_leaves_out_stands_before_it() -> None:
    threads = shown(ONE_BY_ONE + ONE_THREAD)
    assert [frames[0][2] for _, _, frames in threads] == ["test_both_ways", "one", "other"]
    assert [current for _, current, _ in threads] == [True, False, False]


def test_a_block_with_every_thread_counts_alone() -> None:
    assert shown(ONE_BY_ONE + DEADLOCK) == shown(DEADLOCK)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no stack here\n",
        "Thread 0x1 (most recent call first):\n  <no Python frame>\n",
        'E   File "x.py", line 3 in f\n',
    ],
)
def test_nothing_where_no_thread_has_a_frame(text: str) -> None:
    assert shown(text) == []


def test_of_several_blocks_the_last_counts() -> None:
    earlier = DEADLOCK.replace("one", "earlier")
    assert shown(earlier + DEADLOCK) == shown(DEADLOCK)


def test_deep_stacks_are_bounded() -> None:
    deep = "Current thread 0x1 (most recent call first):\n" + (
        '  File "x.py", line 3 in recurse\n' * 100
    )
    (stack,) = read_thread_stacks(deep)
    assert len(stack.frames) == MAX_FRAMES


def test_a_line_that_is_unknown() -> None:
    text = 'Current thread 0x1 (most recent call first):\n  File "x.py", line ??? in f\n'
    assert shown(text) == [("0x1", True, [("x.py", None, "f")])]
