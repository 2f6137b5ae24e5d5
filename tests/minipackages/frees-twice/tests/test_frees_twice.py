from mini_frees_twice import free_twice


def test_free_twice():
    free_twice()
