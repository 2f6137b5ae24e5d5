"""A build backend that crashes."""

import ctypes


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    ctypes.string_at(0)


build_editable = build_wheel
