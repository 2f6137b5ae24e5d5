from mini_fails_under_jit import jit_is_on


def test_jit_is_off():
    assert not jit_is_on()
