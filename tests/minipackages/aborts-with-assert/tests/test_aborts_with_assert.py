from mini_aborts_with_assert import set_null_key


def test_null_key():
    set_null_key()
