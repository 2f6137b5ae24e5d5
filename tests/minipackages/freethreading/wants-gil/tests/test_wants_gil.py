from mini_wants_gil import answer


def test_answers():
    assert answer() == 42
