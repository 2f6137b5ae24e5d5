from mini_fatal_error import ask_without_gil


def test_ask_without_gil():
    ask_without_gil()
