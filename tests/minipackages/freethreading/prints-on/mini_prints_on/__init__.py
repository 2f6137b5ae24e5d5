"""Never ends, and says so all the time."""

import os
import time


def go_on():
    while True:
        os.write(2, b"still here\n")
        time.sleep(0.2)
