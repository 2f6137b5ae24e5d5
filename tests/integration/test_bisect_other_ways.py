"""Bisections that are interrupted, over releases and over interpreters, and from nox."""

from __future__ import annotations

import hashlib
import io
import json
import signal
import sys
import tarfile
from typing import TYPE_CHECKING

import pytest
from histories import CRASHES, FINE, PYPROJECT, Answer, Lab
from minibatch import BACKEND
from workshop import AT_ONCE, Workshop, wait_for

from labeille.targets.discover import candidates
from labeille.targets.probe import probe

if TYPE_CHECKING:
    from pathlib import Path

    from labeille.targets.model import Target


@pytest.fixture
def lab(empty: Workshop) -> Lab:
    return Lab.make(empty)


# Interrupted

#: Slow enough to be met in the middle of a step.
SLOW_SUITE = "import time; time.sleep(0.7)\nimport mini_it\nmini_it.work()\n"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=str)
def test_a_bisection_is_gone_on_with(lab: Lab, how: signal.Signals) -> None:
    """No step is made twice, whatever ended it, and no process is left."""
    lab.repository.write("suite.py", SLOW_SUITE)
    made = lab.repository.commits([FINE] * 9 + [CRASHES] * 5)
    running = lab.start("--good", made[0])
    wait_for(lambda: len(lab.found().get("steps", ())) >= 1, running)
    running.signal(how, group=how == signal.SIGINT)
    done = running.finish()
    lab.workshop.assert_nothing_lives(AT_ONCE)
    if how != signal.SIGKILL:
        assert done.exit_code == 130, done.text
        assert done.seconds < AT_ONCE
        assert done.error_lines[0] == "labeille: interrupted"
        assert "the same command with --resume goes on with run bisect_" in done.stderr
    before = lab.found()
    assert before["first_bad"] is None
    assert before["finished_at"] is None
    answer = lab.bisect("--good", made[0], "--resume")
    assert answer.done.exit_code == 0, answer.done.text
    found = answer.found
    assert found["first_bad"] == made[9]
    assert found["run_id"] == before["run_id"]
    assert found["ends"] == before["ends"]
    assert found["steps"][: len(before["steps"])] == before["steps"]
    commits = [step["commit"] for step in found["steps"]]
    assert len(set(commits)) == len(commits) <= 6


def test_resuming_needs_no_words_twice_and_no_other_question(lab: Lab) -> None:
    lab.repository.write("suite.py", SLOW_SUITE)
    made = lab.repository.commits([FINE] * 4 + [CRASHES] * 4)
    running = lab.start("--good", made[0])
    wait_for(lambda: len(lab.found().get("steps", ())) >= 1, running)
    running.signal(signal.SIGINT)
    running.finish()
    begun = lab.found()["run_id"]
    # While it stood still, the history went on.
    lab.repository.commits([FINE])
    other = lab.bisect("--good", made[1], "--bad", made[5], "--resume")
    assert "a new one is begun" in other.done.stderr
    assert other.found["run_id"] != begun
    answer = lab.bisect("--resume", "-q")
    assert answer.found["run_id"] == begun
    assert answer.found["first_bad"] == made[4]


# Other lineages


def write_release(folder: Path, version: str, module: str) -> None:
    """Put a release of ``it`` into an index in a folder."""
    project = folder / "it"
    project.mkdir(parents=True, exist_ok=True)
    name = f"it-{version}"
    files = {
        "pyproject.toml": PYPROJECT.replace('"1.0"', f'"{version}"'),
        "backend.py": BACKEND.read_text(),
        "suite.py": "import mini_it\nmini_it.work()\n",
        "mini_it/__init__.py": module,
    }
    with tarfile.open(project / f"{name}.tar.gz", "w:gz") as archive:
        for path, text in files.items():
            info = tarfile.TarInfo(f"{name}/{path}")
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    links = []
    for sdist in sorted(project.glob("*.tar.gz")):
        digest = hashlib.sha256(sdist.read_bytes()).hexdigest()
        yanked = ' data-yanked="broken"' if "-1.3.1" in sdist.name else ""
        links.append(f'<a href="{sdist.name}#sha256={digest}"{yanked}>{sdist.name}</a>')
    (project / "index.html").write_text("\n".join(links))


def test_releases(empty: Workshop) -> None:
    """By their numbers, without pre-releases and yanked ones; the ends found by themselves."""
    lab = Lab.make(empty, repo=None)
    index = empty.root / "simple"
    for version in ("0.9", "1.0", "1.1", "1.2rc1", "1.2", "1.3", "1.3.1", "1.10"):
        bad = version in ("1.2rc1", "1.3", "1.3.1", "1.10")
        write_release(index, version, CRASHES if bad else FINE)
    url = index.as_uri() + "/"
    empty.variables.update(PIP_INDEX_URL=url, UV_DEFAULT_INDEX=url)
    answer = lab.bisect("--releases")
    assert answer.done.exit_code == 0, answer.done.text
    assert answer.found["first_bad"] == "1.3"
    assert answer.found["subject"] == "it-1.3.tar.gz"
    assert [step["commit"] for step in answer.found["ends"]] == ["1.10", "1.3", "1.2"]
    between = lab.bisect("--releases", "--good", "v0.9", "--bad", "1.3")
    assert between.found["first_bad"] == "1.3"
    assert {step["commit"] for step in between.found["steps"]} <= {"1.0", "1.1", "1.2"}
    for args, words in (
        (("--good", "main"), "'main' is not a version of it"),
        (("--good", "7.0"), "there is no sdist of it 7.0"),
        (("--good", "1.3", "--bad", "1.0"), "wrong way round"),
    ):
        refused = lab.bisect("--releases", *args)
        assert refused.done.exit_code == 2
        assert words in refused.done.stderr
    missing = lab.bisect("--good", "v1.0")
    assert missing.done.exit_code == 2
    assert "names no repository" in missing.done.error_lines[0]
    assert "--releases" in missing.done.error_lines[1]


def interpreters() -> list[Target]:
    """One of each minor version of this machine, without a JIT or a GIL of its own, the oldest
    first."""
    found: dict[str, Target] = {}
    for path in candidates():
        if path.name in ("python3.10", "python3.11", "python3.12", "python3.13"):
            target = probe(path)
            if not target.free_threaded and not target.debug:
                found.setdefault(target.minor_version, target)
    return [found[version] for version in sorted(found, key=lambda text: int(text[2:]))]


def test_targets(lab: Lab) -> None:
    """The first interpreter on which it crashes; 3.10 has no tomllib, so it cannot be told."""
    targets = interpreters()
    if len(targets) < 4:
        pytest.skip("needs four minor versions of Python")
    first_bad = targets[-2]
    minor = first_bad.minor_version.removeprefix("3.")
    lab.repository.write(
        "suite.py", f"import os, sys\nif sys.version_info >= (3, {minor}): os.abort()\n"
    )
    lab.repository.commits([FINE])
    listed = lab.workshop.root / "pythons.txt"
    lines = [f"{target.python}  # {target.version}" for target in targets]
    listed.write_text("\n".join(["# the oldest first", "", *lines]))
    options = lab.workshop.options(None)
    at = options.index("--target-python")
    command = [sys.executable, "-m", "labeille", "bisect", "it", *options[:at]]
    done = lab.workshop.start(*command, "--targets", str(listed)).finish()
    answer = lab.answer(done)
    assert done.exit_code == 0, done.text
    assert answer.found["first_bad"] == first_bad.python
    assert answer.found["subject"] == f"Python {first_bad.version_text}"
    verdicts = [step["verdict"] for step in answer.found["ends"]]
    assert verdicts == ["bad", "skip", "good"]
    listed.write_text("\n".join([lines[0], "/nowhere/python3"]))
    refused = lab.workshop.start(*command, "--targets", str(listed)).finish()
    assert refused.exit_code == 2
    assert f"{listed}:2: " in refused.error_lines[0]


# Other fronts


def test_json(lab: Lab) -> None:
    made = lab.repository.commits([FINE] * 2 + [CRASHES])
    answer = lab.bisect("--good", made[0], "--json")
    assert json.loads(answer.done.stdout) == answer.found
    assert "looking for crash" in answer.done.stderr


def test_nox(lab: Lab) -> None:
    made = lab.repository.commits([FINE] * 3 + [CRASHES] * 2)
    posargs = [*lab.workshop.options(None), "--good", made[0], "--bad", "main"]
    done = lab.workshop.nox("-s", "bisect-it", posargs=posargs).finish()
    assert done.exit_code == 0, done.text
    assert f"first bad commit: {made[3]}" in done.stdout
    assert Answer(done=done, found=lab.found()).found["first_bad"] == made[3]


def test_nox_interrupted(lab: Lab) -> None:
    lab.repository.write("suite.py", SLOW_SUITE)
    made = lab.repository.commits([FINE] * 5 + [CRASHES] * 5)
    posargs = [*lab.workshop.options(None), "--good", made[0]]
    running = lab.workshop.nox("-s", "bisect-it", posargs=posargs)
    wait_for(lambda: len(lab.found().get("steps", ())) >= 1, running)
    running.signal(signal.SIGINT, group=True)
    done = running.finish()
    assert done.exit_code == 130, done.text
    lab.workshop.assert_nothing_lives(AT_ONCE)
    done = lab.workshop.nox("-s", "bisect-it", posargs=[*posargs, "--resume"]).finish()
    assert lab.found()["first_bad"] == made[5], done.text


def test_options_that_do_not_go_together(lab: Lab) -> None:
    lab.repository.commits([FINE])
    for args, words in (
        (("--releases", "--targets", "uv"), "--releases and --targets are two bisections"),
        (("--status", "fail", "--crash-signature", "x"), "--crash-signature looks for a crash"),
        (("--good", ""), "--good is empty"),
        (("--repeat", "0"), "--repeat"),
        (("--targets", "/nowhere"), "/nowhere cannot be read: No such file or directory"),
        (("--condition", "jit"), "no JIT"),
    ):
        refused = lab.bisect(*args)
        assert refused.done.exit_code == 2, refused.done.text
        assert words in refused.done.error_lines[0]
        assert len(refused.done.error_lines) == 2
