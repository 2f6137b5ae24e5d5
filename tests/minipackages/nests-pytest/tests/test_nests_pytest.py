import os

from mini_nests_pytest import run_in_child, run_in_process


def test_child():
    assert run_in_child() == 1


def test_in_process():
    assert run_in_process() == 1


def test_environment():
    assert "labeille" not in os.environ.get("PYTEST_ADDOPTS", "")
