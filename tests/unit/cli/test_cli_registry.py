"""labeille registry and labeille analyze registry: what the commands print, and exit with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from yaml import safe_load

from labeille.cli.analyze import analyze
from labeille.cli.registry import registry
from labeille.errors import LabeilleError, RegistryError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

FILES = {
    "a": "extension_type: pure\ntimeout: 600\nenriched: true\ninstall_command: pip install .\n"
    "test_command: pytest\n",
    "b": "extension_type: rust\ntimeout: null # later\nskip: true\nskip_reason: needs a GPU\n",
    "c": "extension_type: extensions\ntimeout: 60\nskip_versions: {'3.15': no wheel}\n",
}
INDEX = """\
last_updated: '2026-03-07T00:03:32'
packages:
- {name: a, download_count: 9, extension_type: pure, enriched: true}
- {name: c, download_count: 5, extension_type: extensions, skip_versions_keys: ['3.15']}
- {name: b, download_count: null, extension_type: extensions, skip: true}
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LABEILLE_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("LABEILLE_REGISTRY_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "packages").mkdir()
    for name, text in FILES.items():
        file(tmp_path, name).write_text(f"package: {name}\n{text}")
    (tmp_path / "index.yaml").write_text(INDEX)
    return tmp_path


def file(root: Path, name: str) -> Path:
    return root / "packages" / f"{name}.yaml"


def invoke(*args: str, group: Any = registry) -> Result:
    return CliRunner().invoke(group, args, catch_exceptions=False)


def printed(*args: str, group: Any = registry) -> str:
    result = invoke(*args, group=group)
    assert result.exit_code == 0, result.output
    return result.output


def test_set_field_shows_first_and_writes_when_asked(root: Path) -> None:
    command = ("set-field", "timeout", "900", "--where", "extension_type=extensions")
    shown = printed(*command)
    assert "-timeout: null # later\n+timeout: 900 # later\n" in shown
    assert "set-field timeout: 2 of 3 files would change\n" in shown
    assert "1 are not what --where asks for\n" in shown
    assert "--apply writes" in shown
    assert "timeout: 60\n" in file(root, "c").read_text()
    written = printed(*command, "--apply", "-v")
    assert written.splitlines()[:3] == [
        str(file(root, "b")),
        str(file(root, "c")),
        "set-field timeout: 2 of 3 files changed",
    ]
    assert "timeout: 900 # later\n" in file(root, "b").read_text()
    assert "0 of 3 files changed\n  2 need no change" in printed(*command, "--apply")


def test_the_other_edits(root: Path) -> None:
    printed("add-field", "owner", "--type", "list", "--after", "package", "--apply")
    assert file(root, "a").read_text().startswith("package: a\nowner: []\nextension_type")
    printed("rename-field", "owner", "keepers", "--all", "--apply")
    assert "keepers: []\n" in file(root, "c").read_text()
    printed("remove-field", "keepers", "--packages", "a,b", "--packages", "c", "--apply")
    for name, text in FILES.items():
        assert file(root, name).read_text() == f"package: {name}\n{text}"


def test_an_edit_of_what_the_index_repeats_says_so(root: Path) -> None:
    output = printed("set-field", "skip", "true", "--packages", "c", "--apply")
    assert "rebuild-index" in output
    assert "rebuild-index" not in printed("set-field", "timeout", "1", "--all", "--apply")


def test_a_sample_is_a_sample(root: Path) -> None:
    for number in range(4):
        file(root, f"d{number}").write_text(f"package: d{number}\n")
    output = printed("set-field", "timeout", "7", "--all")
    assert output.count("+++ b/packages/") == 3
    assert "… and 4 more files" in output


def test_a_broken_file_stops_an_edit_before_it_writes(root: Path) -> None:
    file(root, "b").write_text("package: b\nskip: [\n")
    command = ("set-field", "timeout", "900", "--all", "--apply")
    with pytest.raises(RegistryError, match="nothing was written: 1 of 3 files"):
        invoke(*command)
    assert "timeout: 600\n" in file(root, "a").read_text()
    result = invoke(*command, "--lenient")
    assert result.exit_code == 0
    assert result.stderr.startswith("packages/b.yaml:2: no valid YAML")
    assert "2 of 3 files changed\n  1 cannot be edited and are left out" in result.stdout
    assert "timeout: 900\n" in file(root, "a").read_text()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("set-field", "timeout", "900"), "in which files?"),
        (("set-field", "timeout", "abc", "--all"), "never 'abc'"),
        (("set-field", "timeuot", "9", "--all"), "no package file has a field 'timeuot'"),
        (("set-field", "timeout", "9", "--all", "--where", "skip=true"), "--all does not go"),
        (("set-field", "timeout", "9", "--packages", ","), "names no package"),
        (("set-field", "timeout", "9", "--packages", "../a"), "is not a package name"),
        (("set-field", "timeout", "9", "--packages", "z"), "has no package 'z'"),
        (("set-field", "package", "z", "--all"), "cannot be edited"),
        (("remove-field", "package"), "cannot be edited"),
        (("show", "z"), "has no package 'z'"),
        (("validate", "z"), "has no package 'z'"),
        (("sync", "--repo-url", "-x"), "is not a repository's URL"),
    ],
)
def test_slips_are_told_in_one_line(root: Path, args: tuple[str, ...], message: str) -> None:
    with pytest.raises(LabeilleError) as caught:
        invoke(*args)
    assert message in str(caught.value)
    assert caught.value.exit_code == 2


def test_validate(root: Path) -> None:
    result = invoke("validate")
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        (
            "packages/b.yaml:2: warning: extension_type: 'rust' is an old spelling that reads as "
            "extensions: write 'extensions' [extension-spelling]"
        ),
        "",
        "  extension-spelling      1  warning",
        "3 files: 0 errors, 1 warning",
    ]
    assert invoke("validate", "--strict").exit_code == 1
    assert invoke("validate", "--strict", "a", "c").exit_code == 0
    file(root, "a").write_text("package: a\ntest_command: pytest -x\n")
    assert invoke("validate", "a").exit_code == 1
    found = json.loads(invoke("validate", "--json").output)
    assert (found["files"], found["errors"], found["warnings"]) == (3, 2, 1)
    assert found["findings"][0] == {
        "file": str(file(root, "a")),
        "line": 2,
        "level": "error",
        "rule": "early-stop",
        "message": "test_command: -x ends the tests at a failure, and hides all behind it",
    }
    assert found["findings"][2]["rule"] == "index-drift"


def test_rebuild_index(root: Path) -> None:
    index = root / "index.yaml"
    assert printed("rebuild-index") == "the index is up to date: 3 entries\n"
    assert index.read_text() == INDEX
    file(root, "b").unlink()
    file(root, "d").write_text("package: d\n")
    file(root, "c").write_text("package: c\n")
    result = invoke("rebuild-index")
    assert result.output == (
        "the index is rebuilt: 3 entries, 1 brought up to date, 1 added, 1 removed\n"
    )
    names = [
        (entry["name"], entry["download_count"])
        for entry in safe_load(index.read_text())["packages"]
    ]
    assert names == [("a", 9), ("c", 5), ("d", None)]
    file(root, "a").write_text("[")
    result = invoke("rebuild-index")
    assert result.stderr.startswith("packages/a.yaml:1: ")
    assert result.stdout == "the index is up to date: 3 entries\n"


def test_show(root: Path) -> None:
    notes = "long enough to be wrapped " * 8
    file(root, "a").write_text(f"package: a\nnotes: {notes}\nowner: [me]\n")
    output = printed("show", "A")
    assert max(map(len, output.splitlines())) <= 100
    assert safe_load(output)["notes"] == notes.strip()
    assert safe_load(output)["owner"] == ["me"]
    shown = json.loads(printed("show", "c", "--json"))
    assert shown["timeout"] == 60
    assert shown["path"] == str(file(root, "c"))


def test_schema(root: Path) -> None:
    schema = json.loads(printed("schema"))
    assert schema["properties"]["timeout"]["type"] == ["number", "null"]
    assert schema["properties"]["source"]["enum"] == ["git", "sdist", None]


def test_analyze_registry(root: Path) -> None:
    summary = printed("registry", group=analyze)
    assert summary.splitlines()[:4] == [
        "packages    all  enriched    %  selectable",
        "all           3         1   33           1",
        "extensions    2         0    0           0",
        "pure          1         1  100           1",
    ]
    assert "everywhere         1" in summary
    table = printed("registry", "--format", "table", "--where", "skip=false", group=analyze)
    assert [line.split()[:3] for line in table.splitlines()] == [
        ["rank", "package", "downloads"],
        ["1", "a", "9"],
        ["2", "c", "5"],
    ]
    counts = printed("registry", "--format", "counts", group=analyze)
    assert "timeout  packages\n60              1\n" in counts.replace("600             1\n", "")
    detail = printed("registry", "--format", "detail", "--where", "skip:true", group=analyze)
    assert safe_load(detail)["skip_reason"] == "needs a GPU"


def test_analyze_registry_into_files(root: Path) -> None:
    file(root, "c").write_text("[")
    options = ("--export-markdown", "r.md", "-o", "r.txt", "--format", "table")
    assert printed("registry", *options, group=analyze) == ""
    markdown = (root / "r.md").read_text()
    assert "| ---: | --- | ---: |" in markdown
    assert "| 1 | a | 9 | pure |" in markdown
    assert "c.yaml:1: no valid YAML" in markdown
    assert (root / "r.txt").read_text().startswith("rank  package")
    with pytest.raises(UsageError, match="cannot write"):
        invoke("registry", "-o", "gone/r.txt", group=analyze)
    with pytest.raises(UsageError, match="none of 2 packages has skip_reason=rain"):
        invoke("registry", "--where", "skip_reason=rain", group=analyze)
