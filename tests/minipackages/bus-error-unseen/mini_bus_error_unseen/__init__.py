"""Touches a page beyond a file's end, with faulthandler off."""

import mmap
import tempfile


def touch_beyond_the_end():
    with tempfile.TemporaryFile() as file:
        file.truncate(mmap.PAGESIZE)
        with mmap.mmap(file.fileno(), mmap.PAGESIZE) as view:
            file.truncate(0)
            view[0] = 1
