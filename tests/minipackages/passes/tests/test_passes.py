import pytest

from mini_passes import double


@pytest.mark.parametrize("number", [0, 21])
def test_double(number):
    assert double(number) == number + number


@pytest.mark.skip(reason="skipped on purpose")
def test_skipped():
    raise AssertionError


@pytest.mark.xfail(strict=True)
def test_expected_failure():
    assert double(1) == 3
