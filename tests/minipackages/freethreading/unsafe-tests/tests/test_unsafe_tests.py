from mini_unsafe_tests import joined


def test_joins():
    assert joined("the quick brown fox".split()) == "the quick brown fox"
