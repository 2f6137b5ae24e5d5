from mini_eats_memory import STEPS, eat


def test_eat():
    assert eat() == STEPS
