"""What the commands print, against golden files; ``--update-golden`` rewrites those that differ."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import click.testing
import ft_runs
import msgspec
import pytest

from labeille.cli.ft import ft
from labeille.errors import LabeilleError
from labeille.results.extension_compat import ExtensionCompat, ExtensionModule, GilUse
from labeille.results.freethreading import Category, FreeThreadedRecord

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    ft_runs.write_run(folder, "ft_before", ft_runs.everything())
    after = [
        msgspec.structs.replace(ft_runs.fine(), package="racy"),
        ft_runs.broken(),
        msgspec.structs.replace(ft_runs.racy(), package="fine"),
        ft_runs.stuck(),
        msgspec.structs.replace(ft_runs.fine(), package="newcomer"),
        msgspec.structs.replace(ft_runs.fine(), package="uninstallable"),
    ]
    ft_runs.write_run(folder, "ft_after", after, planned=9)
    return folder


def run(results: Path, *words: str) -> str:
    command = [*words, "--results-dir", str(results)]
    outcome = click.testing.CliRunner().invoke(ft, command, catch_exceptions=False)
    assert outcome.exit_code == 0
    return outcome.output.replace(str(results), "<results>")


COMMANDS = {
    "show.txt": ("show", "ft_before"),
    "show-torso.txt": ("show", "ft_after", "--sort", "name", "--limit", "4"),
    "flaky.txt": ("flaky", "ft_before"),
    "flaky-package.txt": ("flaky", "ft_before", "--package", "Racy"),
    "compat.txt": ("compat", "ft_before"),
    "compat-extensions.txt": ("compat", "ft_before", "--extensions-only"),
    "compare.txt": ("compare", "ft_before", "ft_after"),
    "report.txt": ("report", "ft_before", "--format", "text"),
    "report.md": ("report", "ft_before"),
    "export.csv": ("export", "ft_before"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_golden(results: Path, name: str, request: pytest.FixtureRequest) -> None:
    printed = run(results, *COMMANDS[name])
    path = GOLDEN / name
    if request.config.getoption("--update-golden", default=False):
        path.parent.mkdir(exist_ok=True)
        path.write_text(printed, encoding="utf-8")
    assert printed == path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ("name", ["broken", "crashing", "fine"]),
        ("pass_rate", ["broken", "racy", "crashing"]),
        ("category", ["crashing", "stuck", "reported"]),
    ],
)
def test_order(results: Path, order: str, names: list[str]) -> None:
    printed = run(results, "show", "ft_before", "--sort", order, "--limit", "3")
    rows = printed.split("\npackage ")[1].splitlines()[1:4]
    assert [row.split()[0] for row in rows] == names
    assert "… and 5 more" in printed


def test_json_has_everything(results: Path) -> None:
    document = json.loads(run(results, "export", "ft_before", "--format", "json"))
    assert document["run_id"] == "ft_before"
    assert document["meta"]["target_python"] == ft_runs.META.target_python
    stored = (results / "ft_before" / "ft_results.jsonl").read_text().splitlines()
    assert document["packages"] == [json.loads(line) for line in stored]


def test_csv_reads_back(results: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(run(results, "export", "ft_before"))))
    racy = next(row for row in rows if row["package"] == "racy")
    assert racy["category"] == "intermittent"
    assert float(racy["failure_rate"]) == 0.4
    assert float(racy["failure_rate_low"]) == pytest.approx(0.1216, abs=1e-4)
    assert racy["runs_to_catch"] == "10"
    assert racy["flaky_tests"] == f"{ft_runs.COUNTER}=4"
    assert len(rows) == len(ft_runs.everything())


def test_output_goes_to_a_file(results: Path, tmp_path: Path) -> None:
    for command, name in (("report", "r.md"), ("export", "e.csv")):
        target = tmp_path / name
        assert run(results, command, "ft_before", "-o", str(target)) == ""
        assert "racy" in target.read_text()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("show", "ft_nope"), "there is no run 'ft_nope'"),
        (("flaky", "ft_before", "--package", "nobody"), "has no record of nobody"),
        (("flaky", "ft_before", "--package", "../x"), "is not a package name"),
        (("report", "ft_before", "-o", "{tmp}/no/such/folder"), "cannot write"),
        (("compare", "ft_before", "ft_*nope"), "fits 'ft_*nope'"),
    ],
)
def test_one_clear_line(results: Path, tmp_path: Path, words: tuple[str, ...], says: str) -> None:
    command = [*(word.format(tmp=tmp_path) for word in words), "--results-dir", str(results)]
    with pytest.raises(LabeilleError) as error:
        click.testing.CliRunner().invoke(ft, command, catch_exceptions=False, standalone_mode=False)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


HOSTILE = "</code><script>alert(1)</script>|`x`[a b-1]\x1b[31m"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Names out of a package's tests may be anything."""
    folder = tmp_path_factory.mktemp("hostile")
    record = ft_runs.counted(
        FreeThreadedRecord(
            package="evil",
            category=Category.INTERMITTENT,
            iterations=ft_runs.failing(HOSTILE, [HOSTILE, None, "<b>"]),
            flaky_tests={HOSTILE: 2},
            extension_compat=ExtensionCompat(
                package="evil",
                is_pure_python=False,
                extensions=(
                    ExtensionModule(module_name="<i>", gil=GilUse.USED, evidence="<script>"),
                ),
                gil_fallback_active=True,
            ),
        )
    )
    ft_runs.write_run(folder, "ft_evil", [record])
    return folder


@pytest.fixture(params=["text", "markdown", "html"])
def written(hostile: Path, tmp_path: Path, request: pytest.FixtureRequest) -> tuple[str, str]:
    """A format, and the report in it as it lies in a file, where click takes nothing out."""
    target = tmp_path / "report"
    run(hostile, "report", "ft_evil", "--format", request.param, "-o", str(target))
    return request.param, target.read_text()


def test_no_report_holds_what_a_terminal_takes_for_itself(written: tuple[str, str]) -> None:
    _, text = written
    assert "alert(1)" in text
    assert "\x1b" not in text


def test_html_escapes_what_it_is_given(written: tuple[str, str]) -> None:
    form, page = written
    if form == "html":
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page


def test_markdown_keeps_names_in_code(written: tuple[str, str]) -> None:
    """A name stays in its code span and its cell, whatever it holds."""
    form, text = written
    if form == "markdown":
        rows = [line for line in text.splitlines() if line.startswith("| ")]
        assert any("script" in row for row in rows)
        for row in rows:
            assert "<script" not in re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", row)


def test_an_empty_run(tmp_path: Path) -> None:
    ft_runs.write_run(tmp_path, "ft_new", [], planned=4)
    assert "no package has ended yet" in run(tmp_path, "show", "latest")
    assert "nothing failed" in run(tmp_path, "flaky", "latest")
    assert "no package" in run(tmp_path, "compat", "latest")
    assert "no package has ended yet" in run(tmp_path, "report", "latest", "--format", "text")
    assert run(tmp_path, "report", "latest", "--format", "html").startswith("<!doctype html>")
    assert len(run(tmp_path, "export", "latest").splitlines()) == 1
    assert "0 packages in both" in run(tmp_path, "compare", "latest", "latest")
