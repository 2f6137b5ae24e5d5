from mini_negative_refcount import release_twice


def test_release_twice():
    release_twice()
