"""What wheels' tags say, by names of real wheels."""

from __future__ import annotations

import pytest

from labeille.pypi.wheels import is_compiled, wheel_support


@pytest.mark.parametrize(
    ("filenames", "compiled"),
    [
        (["idna-3.20-py3-none-any.whl", "idna-3.20.tar.gz"], False),
        (["six-1.17.0-py2.py3-none-any.whl"], False),
        (["x-1.0-py2-none-any.whl", "x-1.0-py3-none-any.whl"], False),
        (["x-1.0-cp313-none-any.whl"], False),  # Python code for one version
        (["x-1.0-1-py3-none-any.whl"], False),  # with a build number
        (["markupsafe-3.0.4-cp314-cp314-manylinux_2_28_x86_64.whl"], True),
        (["x-1.0-cp39-abi3-manylinux2014_x86_64.manylinux_2_17_x86_64.whl"], True),
        (["x-1.0-cp39-abi3-any.whl"], True),
        (["x-1.0-pp310-pypy310_pp73-win_amd64.whl"], True),
        (["x-1.0-py3-none-any.whl", "x-1.0-cp314-cp314-win_amd64.whl"], True),  # with a fall-back
        (["ruff-0.15-py3-none-manylinux_2_17_x86_64.whl"], True),  # a program, no module
        (["x-1.0-py2.py3-none-macosx_10_9_x86_64.whl"], True),
        (["x-1.0.tar.gz", "x-1.0.zip", "x-1.0-py3.8.egg", "x-1.0.win32.exe"], None),
        (["x-1.0.whl", "not a wheel.whl", "x-one-py3-none-any.whl"], None),
        (["x-1.0.whl", "x-1.0-py3-none-any.whl"], False),
        ([], None),
    ],
)
def test_is_compiled(filenames: list[str], compiled: bool | None) -> None:
    assert is_compiled(filenames) is compiled


@pytest.mark.parametrize(
    ("filenames", "abi3", "free_threaded", "pure"),
    [
        (["idna-3.20-py3-none-any.whl", "idna-3.20.tar.gz"], (), (), True),
        (
            [
                "markupsafe-3.0.4-cp314-cp314-manylinux_2_28_x86_64.whl",
                "markupsafe-3.0.4-cp314-cp314t-manylinux_2_28_x86_64.whl",
                "markupsafe-3.0.4-cp314-cp314t-win_amd64.whl",
                "markupsafe-3.0.4-cp313-cp313t-win_amd64.whl",
            ],
            (),
            ("cp313-cp313t", "cp314-cp314t"),
            False,
        ),
        (
            [
                "x-1.0-cp311-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
                "x-1.0-cp39-abi3-win_amd64.whl",
                "x-1.0-cp314-cp314t-win_amd64.whl",
                "x-1.0-cp315-abi3.abi3t-win_amd64.whl",
                "x-1.0-py3-none-any.whl",
            ],
            ("cp39-abi3", "cp311-abi3", "cp315-abi3", "cp315-abi3t"),
            ("cp314-cp314t",),
            True,
        ),
        (["x-1.0.tar.gz", "not a wheel.whl"], (), (), False),
    ],
)
def test_wheel_support(
    filenames: list[str], abi3: tuple[str, ...], free_threaded: tuple[str, ...], pure: bool
) -> None:
    support = wheel_support("1.0", filenames)
    assert (support.abi3, support.free_threaded, support.pure) == (abi3, free_threaded, pure)
    assert support.version == "1.0"
