import unittest

from mini_unittest_segfaults import read_null


class TestReading(unittest.TestCase):
    def test_a_first(self):
        pass

    def test_reads_null(self):
        read_null()
