"""The project's own rules: dependency lists agree, imports run down the layers."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import tomli

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGE = REPOSITORY / "labeille"

#: From the top down; an import goes to the same layer's own package or to a lower layer.
LAYERS = [
    {"cli"},
    {"reports"},
    {"analysis"},
    {"campaigns"},
    {"pipeline"},
    {"crashes"},
    {"suites", "projects"},
    {"environments"},
    {"sources"},
    {"targets"},
    {"supervision"},
    {"registry", "pypi"},
    {"results"},
    {"cache_dir", "errors", "names"},
]
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}

#: The only parts that start processes, and the only ones that print.
STARTERS = {"supervision"}
PRINTERS = {"cli", "reports", "suites/plugin", "supervision/keeper.py"}


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE)


def imports(path: Path) -> set[str]:
    """Full names of the modules that a file imports, also inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def module_id(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize("path", modules(), ids=module_id)
def test_imports_run_down_the_layers(path: Path) -> None:
    own = module_id(path).split("/")[0]
    for name in imports(path):
        parts = name.split(".")
        if parts[0] != "labeille" or len(parts) < 2 or parts[1] == own:
            continue
        assert RANK[parts[1]] > RANK[own], f"{own} imports {name}, which stands above or beside it"


@pytest.mark.parametrize("path", modules(), ids=module_id)
def test_only_supervision_starts_processes(path: Path) -> None:
    if module_id(path).split("/")[0] not in STARTERS:
        assert not imports(path) & {"subprocess", "multiprocessing", "pty"}


@pytest.mark.parametrize("path", modules(), ids=module_id)
def test_only_reports_and_cli_print(path: Path) -> None:
    if module_id(path).startswith(tuple(PRINTERS)):
        return
    calls = [
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
    assert "print" not in {call.func.id for call in calls if isinstance(call.func, ast.Name)}


def test_noxfile_lists_the_projects_dependencies() -> None:
    project = tomli.loads((REPOSITORY / "pyproject.toml").read_text())
    text = (REPOSITORY / "noxfile.py").read_text()
    header = text.partition("# /// script\n")[2].partition("# ///\n")[0]
    script = tomli.loads("\n".join(line[2:] for line in header.splitlines()))
    assert script["dependencies"] == project["project"]["dependencies"]
    assert script["requires-python"] == project["project"]["requires-python"]
