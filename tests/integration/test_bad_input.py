"""Bad input, as a user meets it: one clear line, a hint, an exit code, and nothing is left running.

Further values of options are tried in tests/unit/cli.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from workshop import Finished, Running, Workshop, no_process_is_left

if TYPE_CHECKING:
    from collections.abc import Iterator


#: Starts a command whose files may have so many bytes.
LIMITED = """\
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
os.execv(sys.argv[2], sys.argv[2:])
"""
#: Its record is longer than any other file of its run, as that of "fails" is.
NOISY = "python -c 'import sys; sys.stderr.write(chr(120) * 4000)'"
CLOSED = "http://127.0.0.1:9/simple"  # the port of "discard", which nobody serves


@pytest.fixture(scope="module")
def tried(built_workshop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    """Nothing of what is tried here comes far enough to change it."""
    own = Workshop(tmp_path_factory.mktemp("bad"), built=built_workshop)
    for name in ("good", "better"):
        own.write_entry(f"{name}.yaml", entry(name))
    own.write_entry("skipped.yaml", entry("skipped", skip=True, skip_reason="needs a printer"))
    for name, text in {
        "text": "hello\n",
        "program": "#!/bin/sh\necho I am no Python\nexit 3\n",
    }.items():
        (own.root / name).write_text(text)
        (own.root / name).chmod(0o755)
    (own.root / "plain").touch()
    with no_process_is_left(own):
        yield own


def entry(name: str, **fields: object) -> str:
    """A package file's text, without a repository behind it."""
    return json.dumps({"package": name, "enriched": True, "test_command": "true", **fields})


@pytest.fixture(scope="module")
def hanging_target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Started before everything else: a probe is patient, and a test need not be."""
    with no_process_is_left(Workshop(tmp_path_factory.mktemp("hanging"))) as own:
        own.add("good")
        script = own.root / "hanging"
        script.write_text("#!/bin/sh\nwhile :; do sleep 9; done\n")
        script.chmod(0o755)
        running = own.hunt("--target-python", str(script))
        yield running
        if running.process.poll() is None:
            running.signal(signal.SIGTERM)
            running.finish()


@pytest.fixture(autouse=True)
def _start_it(hanging_target: Running) -> None:
    pass


def refused(done: Finished, message: str, hint: str) -> None:
    """The whole of what a user sees is one line and its hint."""
    assert done.exit_code == 2, done.text
    assert done.stdout == "", done.text
    assert len(done.error_lines) == (2 if hint else 1), done.text
    assert done.error_lines[0].startswith("labeille: "), done.text
    assert message in done.error_lines[0], done.text
    if hint:
        assert done.error_lines[1].startswith("  hint: "), done.text
        assert hint in done.error_lines[1], done.text


PYTHON_HINT = "give the path of a Python interpreter"
OPTIONS_HINT = "'labeille run --help' shows what there is"
NAMES_HINT = "names have letters, digits"


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        # which packages
        ("--packages goood", "the registry has no package 'goood'", "did you mean good?"),
        ("--packages nothing-like-it", "no package 'nothing-like-it'", "it has no file in ROOT"),
        ("--packages ../good", "'../good' is not a package name", NAMES_HINT),
        ("--packages good@-x", "'-x' is not a revision", "no '-' at the start"),
        ("--packages skipped", "skipped: needs a printer", "--force-run"),
        ("--top 1 --packages skipped", "no package is selected: skipped", "--force-run"),
        ("--where extension_type=extensions", "3 not what --where asks for", "another --where"),
        ("--where nonsense=1", "no package file has a field 'nonsense'", "did you mean notes?"),
        ("--shard 3/2", "'3/2' is no shard", "--shard 2/5"),
        ("--shard 9/9", "2 in other shards", "use fewer shards"),
        # places
        ("--run-id ../r", "'../r' is not a run id", "one folder's name"),
        ("--run-id=", "'' is not a run id", "one folder's name"),
        ("--registry-dir /nowhere", "/nowhere is no registry: it is no folder", "packages/<name>"),
        ("--results-dir ROOT/plain/x", "ROOT/plain/x/r cannot be written", "--results-dir"),
        ("--results-dir ROOT/plain", "'ROOT/plain' is a file", OPTIONS_HINT),
        ("--work-dir ROOT/plain/x", "--work-dir: ROOT/plain/x cannot be written: Not a", "another"),
        ("--venvs-dir /proc/x", "--venvs-dir: /proc/x cannot be written", "by --venvs-dir"),
        ("--repos-dir /proc/x", "--repos-dir: /proc/x cannot be written", "by --repos-dir"),
        # the target
        ("--target-python /nowhere/python", "no interpreter /nowhere/python", PYTHON_HINT),
        ("--target-python ROOT", "ROOT is a folder, not an interpreter", PYTHON_HINT),
        ("--target-python ROOT/text", "ROOT/text is no working Python", PYTHON_HINT),
        ("--target-python ROOT/plain", "not a program that can be started", PYTHON_HINT),
        ("--target-python ROOT/program", "ended with exit code 3 and said", PYTHON_HINT),
        ("--condition nogil", "is not a free-threaded build", "targets get free-threaded"),
        ("--condition jit", "has no JIT compiled in", "'labeille targets get jit' fetches one"),
        ("--env FOO", "--env 'FOO' is not NAME=VALUE", "--env PYTHONHASHSEED=0"),
        # sources and environments
        ("--repo-override good", "--repo-override 'good' names no URL", "PKG=URL"),
        ("--repo-override good=--upload-pack=x", "is not a repository's URL", "start with '-'"),
        ("--repo-override good=/nowhere", "there is no repository at /nowhere", ""),
        ("--repo-override goood=/tmp", "no package 'goood'", "did you mean good?"),
        ("--extra-deps ../x", "'../x' is not a requirement", "PEP 508"),
        # trials
        ("--workers 0", "'0' is neither a number from 1 nor 'auto'", OPTIONS_HINT),
        ("--timeout nan", "'nan' is no number of seconds above 0", OPTIONS_HINT),
        ("--memory-limit lots", "'lots' is not a size; say 512M or 4G", OPTIONS_HINT),
        ("--test-command-override=", "--test-command-override is empty", "leave it out"),
        ("--no-such-option", "No such option '--no-such-option'", OPTIONS_HINT),
        ("extra", "unexpected extra argument (extra)", OPTIONS_HINT),
    ],
)
def test_options_of_run(tried: Workshop, line: str, message: str, hint: str) -> None:
    root = str(tried.root)
    arguments = line.replace("ROOT", root).split()
    done = tried.hunt(*arguments).finish()
    refused(done, message.replace("ROOT", root), hint.replace("ROOT", root))
    assert not (tried.results / "r" / "results.jsonl").exists()


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("-s run-good -t crash-hunt", "-s and -t do not go together", ""),
        ("-k run-good", "'run-good' is arithmetic. For sessions by name say -s run-good", ""),
        ("-k run-async-timeout", "'run-async-timeout' is arithmetic", ""),
        ("-s run-goood", "the registry has no package 'goood'", "did you mean good?"),
        ("-s run-good run-../x", "'../x' is not a package name", NAMES_HINT),
        ("-s run-good -- --nonsense", "No such option '--nonsense'", "those of `labeille run`"),
        ("-s run-good -- --workers 2", "--workers is for batches", "nox -j N"),
        ("-s run-good -- --packages x", "--packages is for batches", "`labeille run` has it"),
        ("-t crash-hunt -- --timeout x", "'x' is no number of seconds above 0", "`-- --help`"),
        ("-t crash-hunt -j 2 -- extra", "unexpected extra argument (extra)", "`-- --help`"),
    ],
)
def test_command_lines_of_nox(tried: Workshop, line: str, message: str, hint: str) -> None:
    before, _, behind = line.partition(" -- ")
    refused(tried.nox(*before.split(), posargs=behind.split()).finish(), message, hint)


@pytest.mark.parametrize(
    ("posargs", "message"),
    [
        (["--target-python", "/nowhere"], "there is no interpreter /nowhere (give the path of"),
        (["--condition", "nogil"], "is not a free-threaded build ('labeille targets list'"),
        (["--repo-override", "good=-x"], "--repo-override good: '-x' is not a repository's URL ("),
    ],
)
def test_what_a_session_finds_out(tried: Workshop, posargs: list[str], message: str) -> None:
    done = tried.nox("-s", "run-good", posargs=[*tried.options(), *posargs]).finish()
    assert done.exit_code == 1, done.text
    assert "Session run-good aborted: " in done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_the_help_of_a_session(tried: Workshop) -> None:
    done = tried.nox("-s", "run-good", posargs=["--help"]).finish()
    assert done.exit_code == 0
    assert "--stall-threshold" in done.stdout
    assert "--workers" not in done.stdout


def test_a_registry_of_nox_that_is_none(tried: Workshop) -> None:
    own = Workshop(tried.root, {"LABEILLE_REGISTRY_DIR": "/nowhere"})
    done = own.nox("-s", "run-good", posargs=[]).finish()
    refused(done, "LABEILLE_REGISTRY_DIR: /nowhere is no registry", "a registry is a folder")


# Files of the registry


def test_broken_files_stop_nobody_else(workshop: Workshop) -> None:
    broken = {
        "unclosed": ("package: unclosed\nrepo: [\nskip: true\n", 2, "no valid YAML"),
        "escaping": ("package: ../../x\n", 1, "'../../x' is not a package name"),
        "optional": (entry("optional", repo="-x"), 1, "option"),
        "otherwise": ("package: passes\n", 1, "not the name of the file"),
    }
    for name, (text, _, _) in broken.items():
        workshop.write_entry(f"{name}.yaml", text)
    done = workshop.hunt("--where", "package!=crashes", "--timeout", "0.5").finish()
    assert done.exit_code == 0, done.text
    assert workshop.statuses() == {
        "passes": "pass",
        "fails": "fail",
        "hangs": "timeout",
        "hangs-too": "timeout",
    }
    shown = done.stdout.splitlines()
    for name, (_, line, reason) in broken.items():
        place = f"  {workshop.registry}/packages/{name}.yaml:{line}: "
        assert any(text.startswith(place) and reason in text for text in shown), (place, done.text)
    alone = workshop.hunt("--packages", "unclosed").finish()
    refused(alone, "packages/unclosed.yaml:2: no valid YAML", "mend the file")
    assert list(workshop.results.iterdir()) == [workshop.results / "r"]


def test_nothing_of_a_name_gets_out_of_its_folder(workshop: Workshop) -> None:
    workshop.write_entry("escaping.yaml", "package: ../../escaped\nenriched: true\n")
    done = workshop.hunt("--packages", "escaping,passes").finish()
    assert done.exit_code == 0, done.text
    assert workshop.statuses() == {"passes": "pass"}
    assert not list(workshop.root.rglob("escaped*"))


# What is out of reach, and what is full


def test_an_unreachable_index(workshop: Workshop) -> None:
    workshop.variables.update(PIP_INDEX_URL=CLOSED, UV_DEFAULT_INDEX=CLOSED)
    done = workshop.hunt("--packages", "passes", "--source", "sdist").finish()
    assert done.exit_code == 0, done.text  # nothing crashed
    (record,) = workshop.records()
    assert record["status"] == "clone_error"
    assert "the package index cannot be reached" in record["reason"]
    assert "Connection refused" in record["reason"]
    assert f"passes: clone_error, {record['reason']}" in done.stdout


def test_an_unreachable_index_during_an_install(workshop: Workshop) -> None:
    workshop.variables.update(PIP_INDEX_URL=CLOSED, UV_DEFAULT_INDEX=CLOSED, PIP_RETRIES="0")
    workshop.variables["UV_HTTP_RETRIES"] = "0"
    options = ("--packages", "passes", "--installer", "uv", "--extra-deps", "attrs")
    done = workshop.hunt(*options).finish()
    assert done.exit_code == 0, done.text
    (record,) = workshop.records()
    assert record["status"] == "install_error"
    assert "127.0.0.1:9" in record["reason"]


def test_a_full_disk_under_the_results(workshop: Workshop) -> None:
    """A limit on files' sizes stands for it: the write fails in the same way."""
    workshop.change("passes", test_command=NOISY)
    first = workshop.hunt("--packages", "fails").finish()
    assert first.exit_code == 0, first.text
    limit = (workshop.results / "r" / "results.jsonl").stat().st_size + 100
    command = workshop.hunt_command("--packages", "passes")
    done = workshop.start(sys.executable, "-c", LIMITED, str(limit), *command).finish()
    assert done.exit_code == 2, done.text
    assert len(done.error_lines) == 2, done.text
    records = workshop.results / "r" / "results.jsonl"
    assert f"labeille: {records} cannot be written: No space left on device" in done.stderr
    assert "  hint: make room or choose another --results-dir; what is recorded" in done.stderr
    assert workshop.statuses() == {"fails": "fail"}
    resumed = workshop.hunt("--packages", "passes,fails", "--skip-completed").finish()
    assert resumed.exit_code == 0, resumed.text
    assert workshop.statuses() == {"fails": "fail", "passes": "pass"}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk that no environment fits on."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=20m", "none", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no disk can be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_under_the_environments(workshop: Workshop, small_disk: Path) -> None:
    """Its failures say nothing of packages: none is recorded, and the run ends."""
    (small_disk / "ballast").write_bytes(b"x" * 15_000_000)
    done = workshop.hunt("--work-dir", str(small_disk)).finish()
    assert done.exit_code == 2, done.text
    assert f"labeille: the disk of {small_disk} is full" in done.stderr
    assert "make room or choose another --work-dir" in done.stderr
    assert workshop.records() == []


def test_output_that_cannot_be_written(workshop: Workshop) -> None:
    with Path("/dev/full").open("wb") as full:
        running = workshop.start(
            *workshop.hunt_command("--packages", "passes"), stdout=full.fileno()
        )
    done = running.finish()
    assert done.exit_code == 2, done.text
    assert done.error_lines[0] == "labeille: No space left on device"
    assert "Traceback" not in done.stderr


def test_a_target_that_hangs(hanging_target: Running) -> None:
    refused(hanging_target.finish(), "took too long and was stopped", PYTHON_HINT)
