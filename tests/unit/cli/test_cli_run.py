"""What the options of ``labeille run`` become, and what of them is refused at the door."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest

from labeille.cli.run import PACKAGE_COMMAND, exit_code, parse_wishes, run
from labeille.errors import ExitCode, LabeilleError, UsageError
from labeille.results.model import Record, Status
from labeille.sources.model import SourceChoice

if TYPE_CHECKING:
    from labeille.campaigns.plan import HuntWishes


def parse(*args: str) -> HuntWishes:
    """The wishes of a command line, parsed as click does it."""
    with run.make_context("run", list(args)) as context:
        return parse_wishes(context.params, ["run", *args])


def test_the_defaults() -> None:
    wishes = parse()
    assert (wishes.selection.packages, wishes.selection.top, wishes.run_id) == ((), None, None)
    assert (wishes.condition, wishes.source, wishes.shallow) == ("jit", SourceChoice.AUTO, True)
    assert (wishes.timeout, wishes.stall_threshold, wishes.workers) == (None, None, None)
    assert wishes.places.results_dir == Path("results").absolute()
    assert wishes.cli_args == ("run",)


@pytest.mark.parametrize(
    ("option", "value", "field", "expected"),
    [
        ("--workers", "3", "workers", 3),
        ("--workers", "auto", "workers", None),
        ("--timeout", "0.5", "timeout", 0.5),
        ("--timeout", "60", "timeout", 60.0),
        ("--stall-threshold", "0", "stall_threshold", 0.0),
        ("--memory-limit", "512M", "memory_limit", 512 * 2**20),
        ("--memory-limit", "4g", "memory_limit", 4 * 2**30),
        ("--memory-limit", "1.5GiB", "memory_limit", 3 * 2**29),
        ("--memory-limit", "100", "memory_limit", 100),
        ("--run-id", "nightly-1", "run_id", "nightly-1"),
        ("--env", "A=B=C", "env", {"A": "B=C"}),
        ("--env", "A=", "env", {"A": ""}),
        ("--clone-depth", "7", "clone_depth", 7),
        ("--condition", "jit-eager:63", "condition", "jit-eager:63"),
        ("--target-python", "3.15", "target_python", "3.15"),
        ("--test-command-suffix", "-k 'not slow'", "test_command_suffix", "-k 'not slow'"),
    ],
)
def test_values(option: str, value: str, field: str, expected: object) -> None:
    assert getattr(parse(option, value), field) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["attrs"], ["attrs"]),
        (["attrs,six"], ["attrs", "six"]),
        (["attrs, six ,3to2"], ["attrs", "six", "3to2"]),
        (["attrs>=20,<24,six"], ["attrs>=20,<24", "six"]),
        (["attrs >=20, !=21.*, six"], ["attrs >=20, !=21.*", "six"]),
        (["pkg[a,b]>1,six"], ["pkg[a,b]>1", "six"]),
        (["pkg[a, b]"], ["pkg[a, b]"]),
        (["six; python_version in '3.14,3.15'"], ["six; python_version in '3.14,3.15'"]),
        (["pkg @ https://example.org/a,b.whl"], ["pkg @ https://example.org/a,b.whl"]),
        (["attrs", "six<2,>1"], ["attrs", "six<2,>1"]),
    ],
)
def test_requirements_are_split_at_the_right_commas(values: list[str], expected: list[str]) -> None:
    arguments = [word for value in values for word in ("--extra-deps", value)]
    assert parse(*arguments).extra_deps == tuple(expected)


def test_overrides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fork").mkdir()
    monkeypatch.chdir(tmp_path)
    values = {
        "a=https://example.org/a.git?x=y": "https://example.org/a.git?x=y",
        "B_b=git@example.org:b/b.git": "git@example.org:b/b.git",
        "c=fork": str(tmp_path / "fork"),
    }
    wishes = parse(*(word for value in values for word in ("--repo-override", value)))
    assert wishes.repo_overrides == dict(zip(("a", "b-b", "c"), values.values(), strict=True))


def test_folders_are_absolute_from_the_door_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    places = parse("--work-dir", "w", "--venvs-dir", "v", "--results-dir", "r").places
    assert (places.work_dir, places.repos_dir) == (tmp_path / "w", tmp_path / "w" / "repos")
    assert (places.venvs_dir, places.results_dir) == (tmp_path / "v", tmp_path / "r")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--packages ,", "--packages names no package"),
        ("--packages a@", "'' is not a revision"),
        ("--packages a@1,a@2", "a is asked for at two revisions"),
        ("--packages /etc/passwd", "is not a package name"),
        ("--where x", "'x' is no condition"),
        ("--shard 0/2", "'0/2' is no shard"),
        ("--run-id .", "'.' is not a run id"),
        ("--env =1", "--env '=1' is not NAME=VALUE"),
        ("--env A-B=1", "is not NAME=VALUE"),
        ("--repo-override a", "names no URL"),
        ("--repo-override a=", "names no URL"),
        ("--repo-override ../a=/tmp", "is not a package name"),
        ("--repo-override a=-x", "is not a repository's URL"),
        ("--repo-override a=ext::sh", "it names a program to run"),
        ("--repo-override a=ftp://example.org/a", "git does not speak 'ftp'"),
        ("--repo-override a=/no/where", "there is no repository at /no/where"),
        ("--extra-deps -r", "'-r' is not a requirement"),
        ("--extra-deps a,", "'a,' is not a requirement"),
        ("--extra-deps a,./b", "is not a requirement"),
        ("--extra-deps a>x", "is not a requirement"),
        ("--test-command-override=", "--test-command-override is empty"),
    ],
)
def test_what_cannot_be_wished_for(line: str, message: str) -> None:
    with pytest.raises(LabeilleError) as caught:
        parse(*line.split())
    assert message in str(caught.value)
    assert caught.value.exit_code is ExitCode.USAGE


@pytest.mark.parametrize(
    "line",
    [
        "--top 0",
        "--top -1",
        "--workers 0",
        "--workers -1",
        "--workers many",
        "--timeout 0",
        "--timeout -1",
        "--timeout nan",
        "--timeout inf",
        "--timeout 1e9",
        "--timeout soon",
        "--stall-threshold -1",
        "--stall-threshold nan",
        "--memory-limit 0",
        "--memory-limit -1G",
        "--memory-limit nan",
        "--memory-limit 1X",
        "--clone-depth 0",
        "--stop-after-crash 0",
        "--source svn",
        "--installer conda",
        "--nonsense",
        "extra",
    ],
)
def test_what_no_option_takes(line: str) -> None:
    with pytest.raises(click.UsageError):
        parse(*line.split())


# Sessions of nox


def test_a_session_is_about_one_package() -> None:
    options = PACKAGE_COMMAND.parse("idna", ["--timeout", "60", "--revision", "v3.1", "--strict"])
    wishes = parse_wishes(options, [])
    (request,) = wishes.selection.packages
    assert (request.name, request.revision) == ("idna", "v3.1")
    assert (wishes.timeout, wishes.workers, wishes.stop_after_crash) == (60.0, 1, None)


def test_a_session_has_every_option_that_is_not_for_batches() -> None:
    options: dict[str, Any] = PACKAGE_COMMAND.parse("idna", [])
    assert set(options) == {param.name for param in run.params}


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("--workers 2", "--workers is for batches", "nox -j N"),
        ("--skip-extensions", "--skip-extensions is for batches", "`labeille run` has it"),
        ("--nonsense", "No such option '--nonsense'", "options after -- are those of"),
        ("extra", "unexpected extra argument (extra)", "`-- --help` shows them"),
        ("--timeout x", "'x' is no number of seconds above 0", "options after --"),
    ],
)
def test_what_no_session_takes(line: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        PACKAGE_COMMAND.parse("idna", line.split())
    assert message in str(caught.value)
    assert not str(caught.value).endswith(".")
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("statuses", "strict", "expected"),
    [
        ((), False, 0),
        ((), True, 0),
        ((Status.PASS,), True, 0),
        ((Status.PASS, Status.FAIL, Status.TIMEOUT, Status.ERROR), False, 0),
        ((Status.INSTALL_ERROR, Status.CLONE_ERROR), False, 0),
        ((Status.PASS, Status.FAIL), True, 1),
        ((Status.CLONE_ERROR,), True, 1),
        ((Status.PASS, Status.CRASH), False, 1),
    ],
)
def test_exit_codes(statuses: tuple[Status, ...], strict: bool, expected: int) -> None:
    records = [Record(package="x", status=status) for status in statuses]
    assert exit_code(records, strict=strict) == expected
