from mini_hangs_printing import print_forever


def test_print():
    print_forever()
