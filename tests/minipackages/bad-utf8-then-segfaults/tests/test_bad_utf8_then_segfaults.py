from mini_bad_utf8_then_segfaults import write_and_read_null


def test_write_and_read_null():
    write_and_read_null()
