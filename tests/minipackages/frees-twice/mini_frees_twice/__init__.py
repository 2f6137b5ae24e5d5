"""Frees a block of memory twice, which glibc notices."""

import ctypes

SIZE = 984  # a tcache bin that nothing else is likely to use in between


def free_twice():
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    libc.free.argtypes = [ctypes.c_void_p]
    block = libc.malloc(SIZE)
    free = libc.free
    free(block)
    free(block)
