import unittest

from mini_unittest_fails import double


class TestDouble(unittest.TestCase):
    def test_right(self):
        self.assertEqual(double(21), 42)

    def test_wrong(self):
        self.assertEqual(double(21), 43)

    @unittest.skip("skipped on purpose")
    def test_skipped(self):
        raise AssertionError


if __name__ == "__main__":
    unittest.main()
