from mini_declares_no_gil import answer


def test_answers():
    assert answer() == 42
