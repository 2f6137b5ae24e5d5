from mini_prints_segfault import write_of_crashes


def test_words():
    assert write_of_crashes() == "Assertion of type check failed: 3 != 4"
