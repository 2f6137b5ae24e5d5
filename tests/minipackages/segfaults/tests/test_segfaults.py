from mini_segfaults import read_null


def test_before():
    pass


def test_reads_null():
    read_null()


def test_never_reached():
    pass
