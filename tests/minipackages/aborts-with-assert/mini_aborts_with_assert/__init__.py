"""Breaks a C assert; needs a build with assertions."""

import ctypes


def set_null_key():
    """PyDict_SetItem asserts that its key is not NULL."""
    set_item = ctypes.pythonapi.PyDict_SetItem
    set_item.argtypes = [ctypes.py_object, ctypes.c_void_p, ctypes.c_void_p]
    set_item({}, None, None)
