"""Probing: real interpreters of this machine, and programs that are none."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import venv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from labeille.errors import TargetError
from labeille.targets.discover import candidates
from labeille.targets.probe import probe

if TYPE_CHECKING:
    from collections.abc import Callable

    from labeille.targets.model import Target


def test_the_running_interpreter_is_described_as_it_describes_itself() -> None:
    target = probe(Path(sys.executable))
    assert target.python == sys.executable
    assert target.version == platform.python_version()
    assert target.minor_version == "{}.{}".format(*sys.version_info)
    assert target.version_text == " ".join(sys.version.split())
    assert target.implementation == sys.implementation.name
    assert target.compiler == platform.python_compiler()
    assert target.build.split() == " ".join(platform.python_build()).split()
    assert target.debug == hasattr(sys, "gettotalrefcount")


@pytest.mark.parametrize("python", candidates(), ids=str)
def test_every_interpreter_of_this_machine_tells_its_version(python: Path) -> None:
    printed = subprocess.run(
        [python, "-c", "import platform; print(platform.python_version())"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    target = probe(python)
    assert target.version == printed.strip()
    if tuple(map(int, target.minor_version.split("."))) < (3, 14):
        assert (target.jit_available, target.jit_works, target.jit_variables) == (False, False, ())


@pytest.mark.target("jit")
def test_a_jit_build_is_seen_by_its_own_answers(
    jit_python: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHON_JIT", "1")  # the caller's, which must not leak in
    target = probe(jit_python)
    assert (target.jit_available, target.jit_works, target.jit_default) == (True, True, False)
    assert {"PYTHON_JIT", "PYTHON_JIT_STRESS"} <= set(target.jit_variables)
    assert any(name.endswith("_INITIAL_VALUE") for name in target.jit_variables)
    assert not target.debug


@pytest.mark.target("jit-debug")
def test_a_debug_build_is_seen(jit_debug_python: Path, jit_python: Path) -> None:
    target = probe(jit_debug_python)
    assert target.debug
    assert target.jit_works
    assert target.target_id != probe(jit_python).target_id


def test_a_venv_stays_the_path_that_was_asked_for(tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", symlinks=True)
    python = tmp_path / "venv/bin/python"
    target = probe(python)
    assert target.path == python
    assert target.target_id == probe(Path(sys.executable)).target_id


def test_a_relative_path_is_made_absolute(monkeypatch: pytest.MonkeyPatch) -> None:
    python = Path(sys.executable)
    monkeypatch.chdir(python.parent)
    assert probe(Path(python.name)).path == python


def test_a_shim_is_described_as_what_it_starts(make_program: Callable[..., Path]) -> None:
    shim = make_program(f'exec {sys.executable} "$@"', "python3")
    assert probe(shim).python == sys.executable


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (Path.exists, "there is no interpreter"),
        (Path.mkdir, "is a folder"),
        (lambda path: path.symlink_to("gone"), "is a link to gone, which does not exist"),
        (lambda path: path.write_text("hello"), "is not a program that can be started"),
        (lambda path: (path.write_text("hello"), path.chmod(0o755)), "is no working Python"),
        (lambda path: (path.write_bytes(b"\x7fELF\0"), path.chmod(0o755)), "is no working Python"),
    ],
    ids=["missing", "folder", "dangling", "text", "executable text", "torn binary"],
)
def test_what_is_no_program_is_refused(
    tmp_path: Path, prepare: Callable[[Path], Any], message: str
) -> None:
    path = tmp_path / "python3"
    prepare(path)
    with pytest.raises(TargetError, match=message) as caught:
        probe(path)
    assert "\n" not in str(caught.value)
    assert caught.value.hint


def test_the_folder_of_an_installation_hints_at_its_interpreter(tmp_path: Path) -> None:
    python = tmp_path / "bin/python3"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    with pytest.raises(TargetError) as caught:
        probe(tmp_path)
    assert caught.value.hint == f"did you mean {python}?"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("sleep 60", "took|time"),
        ("echo hello", "exit code 0 and said 'hello'"),
        ("echo no such option >&2; exit 2", "exit code 2 and said 'no such option'"),
        ("exit 0", "said 'nothing'"),
        (r"printf '\377\376\000'", r"said '\\\\xff"),
        ("printf '\\nlabeille-probe:{]\\n'", "is no working Python"),
        ("printf '\\nlabeille-probe:{}\\n'", "is no working Python"),
        ("kill -SEGV $$", "exit code -11"),
        ("yes | head -c 3000000", "said 'y'"),
    ],
)
def test_a_program_that_is_no_python_is_refused(
    make_program: Callable[..., Path], body: str, message: str
) -> None:
    with pytest.raises(TargetError, match=message) as caught:
        probe(make_program(body), timeout=0.5)
    assert "\n" not in str(caught.value)


def test_a_python_that_is_too_old_says_so(
    make_program: Callable[..., Path], answer: Callable[..., str]
) -> None:
    old = make_program(answer(version_info=[2, 7], version_text="2.7.18 (default, x) [GCC 12]"))
    with pytest.raises(TargetError, match=r"is Python 2\.7\.18, which is too old"):
        probe(old)


@pytest.mark.parametrize(
    ("facts", "sanitizers"),
    [
        ({}, ()),
        ({"configure_args": "'--with-thread-sanitizer' '--disable-gil'"}, ("thread",)),
        ({"configure_args": "--with-address-sanitizer"}, ("address",)),
        ({"configure_args": "'--with-undefined-behavior-sanitizer'"}, ("undefined",)),
        ({"configure_args": "'CFLAGS=-O1 -fsanitize=memory'"}, ("memory",)),
        ({"flags": "-O2 -fsanitize=address,undefined -g"}, ("address", "undefined")),
        ({"flags": "-fno-sanitize=address -fsanitize-recover=undefined"}, ()),
    ],
)
def test_sanitizers_are_read_from_the_build(
    make_program: Callable[..., Path],
    answer: Callable[..., str],
    facts: dict[str, str],
    sanitizers: tuple[str, ...],
) -> None:
    assert probe(make_program(answer(**facts))).sanitizers == sanitizers


def test_jit_variables_are_the_c_strings_of_program_and_library(
    tmp_path: Path, make_program: Callable[..., Path], answer: Callable[..., str]
) -> None:
    program, library = tmp_path / "python", tmp_path / "libpython.so"
    program.write_bytes(b"\0PYTHON_JIT\0PYTHON_JIT=1 turns it on\0")
    library.write_bytes(b"xPYTHON_JIT_NEW_2\0PYTHON_JIT_PYTHON_JITTER\0PYTHON_JIT_END")
    empty = tmp_path / "empty"
    empty.touch()
    binaries = [str(path) for path in (program, library, empty, tmp_path / "gone")]
    target = probe(make_program(answer(jit_available=True, binaries=binaries)))
    assert target.jit_variables == (
        "PYTHON_JIT",
        "PYTHON_JITTER",
        "PYTHON_JIT_NEW_2",
        "PYTHON_JIT_PYTHON_JITTER",
    )
    assert not target.jit_works  # it did not say so


class TestCache:
    """What is known is not asked again, until a file of the interpreter changes."""

    @pytest.fixture
    def library(self, tmp_path: Path) -> Path:
        path = tmp_path / "libpython.so"
        path.write_bytes(b"machine code")
        return path

    @pytest.fixture
    def probed(
        self,
        tmp_path: Path,
        library: Path,
        make_program: Callable[..., Path],
        answer: Callable[..., str],
    ) -> Callable[[], tuple[Target, int]]:
        """Probes a program; returns the target and how often the program was started so far."""
        log = tmp_path / "log"
        program = make_program(f"echo x >> {log}\n{answer(binaries=[str(library)])}")
        return lambda: (probe(program), log.read_text().count("x"))

    def test_a_second_probe_starts_nothing(self, probed: Callable[[], tuple[Target, int]]) -> None:
        first, _ = probed()
        assert probed() == (first, 1)

    @pytest.mark.parametrize("changed", ["program", "libpython.so"])
    def test_a_rebuilt_interpreter_is_asked_again(
        self, tmp_path: Path, probed: Callable[[], tuple[Target, int]], changed: str
    ) -> None:
        probed()
        before = (tmp_path / changed).stat()
        os.utime(tmp_path / changed, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
        assert probed()[1] == 2
        assert probed()[1] == 2

    def test_a_damaged_cache_is_made_anew(
        self, cache_folder: Path, probed: Callable[[], tuple[Target, int]]
    ) -> None:
        probed()
        (cache_folder / "probes.msgpack").write_bytes(b"\xff not msgpack")
        assert probed()[1] == 2
        assert probed()[1] == 2

    def test_a_cache_that_cannot_be_written_is_no_fault(
        self, cache_folder: Path, probed: Callable[[], tuple[Target, int]]
    ) -> None:
        cache_folder.write_text("a file where the folder should be")
        probed()
        assert probed()[1] == 2
