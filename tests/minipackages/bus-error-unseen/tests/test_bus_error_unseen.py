import faulthandler

from mini_bus_error_unseen import touch_beyond_the_end


def test_touch_beyond_the_end():
    faulthandler.disable()
    touch_beyond_the_end()
