from mini_crashes_behind_pipe import read_null


def test_reads_null():
    read_null()
