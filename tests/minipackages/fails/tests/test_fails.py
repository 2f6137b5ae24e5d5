import pytest

from mini_fails import double


@pytest.fixture
def broken():
    raise RuntimeError("the set-up is broken")


def test_right():
    assert double(0) == 0


def test_wrong():
    assert double(21) == 42


def test_without_set_up(broken):
    pass
