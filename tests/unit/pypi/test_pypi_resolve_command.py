"""``labeille resolve`` against an index on the loopback interface."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pypi_server import Answer, Index, serving

from labeille.cli.resolve import resolve
from labeille.errors import LabeilleError, UsageError
from labeille.pypi import session

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """An index that the user's settings name; the current folder is empty."""
    for name in list(os.environ):
        if name.startswith(("PIP_", "UV_")) or name == "LABEILLE_REGISTRY_DIR":
            monkeypatch.delenv(name)
    monkeypatch.setattr(session, "_BACKOFF", 0)
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    with serving() as index:
        for name, value in {
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_INDEX_URL": index.simple,
            "UV_NO_CONFIG": "1",
            "NETRC": str(tmp_path / "no-netrc"),
            "no_proxy": "127.0.0.1",
            "LABEILLE_CACHE_DIR": str(tmp_path / "cache"),
        }.items():
            monkeypatch.setenv(name, value)
        yield index


def project(index: Index, name: str, *, wheel: str = "py3-none-any", **info: Any) -> None:
    told = {"name": name, "version": "1.0", "home_page": f"https://github.com/a/{name}", **info}
    files = [{"filename": f"{name}-1.0-{wheel}.whl", "yanked": info.get("yanked", False)}]
    page = {"info": told, "urls": files if wheel else [], "releases": {}}
    headers = {"Content-Type": "application/json"}
    index.say(f"/pypi/{name}/json", Answer(json.dumps(page).encode(), headers=headers))


def run(*args: str) -> None:
    resolve.main(list(args), standalone_mode=False, prog_name="labeille resolve")


def test_a_round(index: Index, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project(index, "a")
    project(index, "b", wheel="cp39-abi3-win_amd64", home_page="https://x.org")
    project(index, "c", wheel="", project_urls={"Code": "https://git.x.org/c"}, home_page=None)
    project(index, "d", yanked=True)
    index.say("/pypi/e/json", Answer(b"{}", headers={"Content-Type": "application/json"}))
    rows = [{"project": name, "download_count": 9} for name in ("a", "b", "c", "d", "e", "none")]
    (tmp_path / "top.json").write_text(json.dumps({"rows": rows}))
    log = tmp_path / "log"
    run("A", "../x", "--from-json", str(tmp_path / "top.json"), "--log-file", str(log))
    lines = capsys.readouterr().out.splitlines()
    assert sorted(lines[:7]) == [
        "'../x' is not a package name",
        "a 1.0: created: https://github.com/a/a; pure",
        (
            "b 1.0: created: no repo; extensions; "
            "no source repository: none of its links leads to one (x.org)"
        ),
        (
            "c 1.0: created: https://git.x.org/c; unknown; no files on the index; "
            "the repository is taken from the link 'Code': no known forge"
        ),
        "d 1.0: created: https://github.com/a/d; pure; every release is yanked",
        (
            f"e: failed: {index.url}/pypi/e/json is not what a package index says of a project: "
            "its JSON makes no sense: Object missing required field `info`"
        ),
        "none: not on the index",
    ]
    assert lines[7:] == [
        "8 entries: 4 created, 1 not on the index, 1 failed, 1 no package name, 1 named again",
        "  1 without files on the index",
        "  1 with every release yanked",
        "  1 without a source repository",
        "  1 with a repository on a host that is no known forge",
        "index.yaml: 4 entries changed",
    ]
    assert sorted(path.name for path in (tmp_path / "here/registry").rglob("*.yaml")) == [
        "a.yaml",
        "b.yaml",
        "c.yaml",
        "d.yaml",
        "index.yaml",
    ]
    assert "a 1.0: created: https://github.com/a/a; pure\n" in log.read_text()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], ["a 1.0: created: https://github.com/a/a; pure"]),
        (["-q"], []),
        (["-v"], ["a 1.0: created: https://github.com/a/a; pure", "b: enriched, left alone"]),
        (["--dry-run"], ["a 1.0: would create: https://github.com/a/a; pure"]),
    ],
)
def test_how_much_is_said(
    index: Index,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    said: list[str],
) -> None:
    project(index, "a")
    folder = tmp_path / "r" / "packages"
    folder.mkdir(parents=True)
    (folder / "b.yaml").write_text("package: b\nenriched: true\n")
    run("a", "b", "--registry-dir", str(tmp_path / "r"), *options)
    lines = capsys.readouterr().out.splitlines()
    at = next(at for at, line in enumerate(lines) if line.startswith("2 entries: "))
    assert sorted(lines[:at]) == said
    assert ((folder / "a.yaml").exists()) is ("--dry-run" not in options)


def test_a_dry_run_shows_whole_files(index: Index, capsys: pytest.CaptureFixture[str]) -> None:
    project(index, "a")
    run("a", "--dry-run", "-v")
    said = capsys.readouterr().out
    assert "    package: a\n    repo: https://github.com/a/a\n" in said
    assert "1 entry: 1 created (a dry run: nothing is written)\n" in said


def test_nothing_resolved_is_an_error(index: Index, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UsageError, match="nothing was resolved"):
        run("none")
    assert "none: not on the index" in capsys.readouterr().out
    assert list(Path().iterdir()) == []


def test_a_mirror_without_the_json_api(index: Index, capsys: pytest.CaptureFixture[str]) -> None:
    index.page("a", "<a href=a-1.0-py3-none-any.whl></a>")
    run("a")
    assert capsys.readouterr().out.splitlines()[:3] == [
        "a 1.0: created: no repo; pure; the index has no JSON API, which would name its source",
        "1 entry: 1 created",
        "  1 known by their files alone: the index has no JSON API",
    ]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "no package is named"),
        (["a", "--top", "3"], "--top chooses"),
        (["--from-file", "missing"], "--from-file: missing cannot be read"),
        (["a", "--log-file", "no/folder/log"], "--log-file: no/folder/log cannot be written"),
    ],
)
def test_bad_input(index: Index, args: list[str], message: str) -> None:
    with pytest.raises(LabeilleError, match=message):
        run(*args)
    assert index.requests == []
    assert list(Path().iterdir()) == []


def test_no_index_at_all(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(UsageError, match="no package index is configured"):
        run("a")


def test_an_index_out_of_reach(
    index: Index, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving() as gone:
        monkeypatch.setenv("PIP_INDEX_URL", gone.simple)
    with pytest.raises(UsageError, match="nothing was resolved"):
        run(*(f"p{number}" for number in range(60)))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 21
    assert all("the package index cannot be reached" in line for line in lines[:-1])
    assert lines[-1] == "60 entries: 20 failed, 40 not asked, as nobody answered before"
