"""C stacks with their functions' names: of a program compiled here, as faulthandler writes them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from labeille.crashes.evidence import read_c_stack
from labeille.crashes.frames import crashing_frame
from labeille.crashes.symbols import symbolised_stack

SOURCE = """\
static int inner(int *place) {
    return *place;
}
int main(int argc, char **argv) {
    return inner(0);
}
"""
needs_tools = pytest.mark.skipif(
    not (shutil.which("cc") and shutil.which("addr2line") and shutil.which("nm")),
    reason="needs a C compiler and binutils",
)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    source = tmp_path / "program.c"
    source.write_text(SOURCE)
    path = tmp_path / "python3"
    flags = ("-g", "-O0", "-no-pie", "-fno-inline")
    subprocess.run(["cc", *flags, "-o", str(path), str(source)], check=True)
    return path


def address_of(program: Path, function: str) -> int:
    listed = subprocess.run(["nm", str(program)], check=True, capture_output=True, text=True)
    found = re.search(rf"^([0-9a-f]+) [tT] {function}$", listed.stdout, re.MULTILINE)
    assert found is not None
    return int(found[1], 16)


@needs_tools
def test_addresses_become_functions_and_lines(program: Path) -> None:
    inner, main = address_of(program, "inner"), address_of(program, "main")
    text = (
        "Current thread's C stack trace (most recent call first):\n"
        f'  Binary file "python", at _Py_DumpStack+0x4 [{inner + 4:#x}]\n'
        f'  Binary file "{program}" [{main + 10:#x}]\n'
        '  Binary file "/lib/no-such-library.so", at +0x10 [0x7f0000000010]\n'
        "  Binary file '<unknown>' [0x7f3d38fdb3cb]\n"
        "rest\n"
    )
    lines = symbolised_stack(text, program)
    assert lines is not None
    assert re.match(r"#0 +inner at program\.c:[12]  \(python\)", lines[0]), lines
    assert re.match(r"#1 +main at program\.c:[45]  \(python3\)", lines[1]), lines
    assert [line.split()[1] for line in lines[2:]] == ["??", "??"]


@pytest.mark.parametrize(
    "text", ["", "no stack here\n", "C stack trace (most recent call first):\n"]
)
def test_without_a_stack(text: str, tmp_path: Path) -> None:
    assert symbolised_stack(text, tmp_path / "python") is None


HEAD = (
    "Fatal Python error: Segmentation fault\n\n"
    "Current thread 0x00007f1 [python] (most recent call first):\n"
    '  File "/x/test_a.py", line 1 in test_a\n\n'
    "Current thread's C stack trace (most recent call first):\n"
    '  Binary file "python", at _Py_DumpStack+0x37 [0x7c0a45]\n'
    '  Binary file "python" [0x850e78]\n'
    '  Binary file "/lib/libc.so.6", at +0x406b0 [0x7fae41f3d6b0]\n'
)
PYTHON = '  Binary file "python", at dict_merge+0x1 [0x7c0a45]\n'
NAMELESS_PYTHON = '  Binary file "python" [0x7c0a45]\n'
LIBC = '  Binary file "/lib/libc.so.6", at +0x96d0c [0x7fae41f93d0c]\n'
EXTENSION = '  Binary file "/v/_x.cpython-315.so", at crash+0x9 [0x7fae40000009]\n'


@pytest.mark.parametrize(
    ("frames", "function", "library"),
    [
        (EXTENSION + PYTHON, "crash", "/v/_x.cpython-315.so"),
        (LIBC + EXTENSION + PYTHON, "crash", "/v/_x.cpython-315.so"),
        (PYTHON + EXTENSION, "dict_merge", "python"),
        (NAMELESS_PYTHON + EXTENSION, None, "python"),
        ("  Binary file '<unknown>' [0x7f3d38fdb3cb]\n" + EXTENSION, None, None),
    ],
)
def test_the_frame_that_it_crashed_in(
    frames: str, function: str | None, library: str | None
) -> None:
    frame = crashing_frame(read_c_stack(HEAD + frames, exit_code=-11))
    assert frame is not None
    assert (frame.function, frame.library) == (function, library)
