from mini_floods_output import flood


def test_flood():
    flood(200)
