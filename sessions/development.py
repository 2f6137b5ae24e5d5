"""labeille's own development, and the help that plain nox shows."""

from __future__ import annotations

import ast
from pathlib import Path

import nox

REPOSITORY = Path(__file__).resolve().parent.parent
PYPROJECT = REPOSITORY / "pyproject.toml"
NOXFILE = REPOSITORY / "noxfile.py"


def register() -> None:
    """Register the development sessions."""
    nox.session(name="help", venv_backend="none", default=True)(show_help)
    for function in (tests, lint, typecheck, benchmarks):
        nox.session(default=False, reuse_venv=True)(function)


def show_help(_session: nox.Session) -> None:
    """Say what there is (what plain `nox` does)."""
    module = ast.parse(NOXFILE.read_text(encoding="utf-8"))
    print(ast.get_docstring(module))  # noqa: T201 - it is the session's purpose


def tests(session: nox.Session) -> None:
    """Run labeille's tests: unit, then integration (options after -- go to pytest)."""
    _install(session)
    if session.posargs:
        session.run("python", "-m", "pytest", *session.posargs)
        return
    # Unit tests share nothing but the processor; many of the others measure what they start.
    session.run("python", "-m", "pytest", "--numprocesses=auto", "--dist=worksteal", "tests/unit")
    session.run("python", "-m", "pytest", "tests/integration")


def lint(session: nox.Session) -> None:
    """Check style and formatting with ruff."""
    session.install(*(req for req in _dev_requirements() if req.startswith("ruff")))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


def typecheck(session: nox.Session) -> None:
    """Check types with mypy, strictly."""
    _install(session)
    session.run("mypy", *session.posargs)


def benchmarks(session: nox.Session) -> None:
    """Print the figures of docs/performance.md (names of benchmarks after --)."""
    _install(session)
    session.run("python", "benchmarks/run.py", *session.posargs)


def _install(session: nox.Session) -> None:
    session.install("--editable", ".", *_dev_requirements())


def _dev_requirements() -> list[str]:
    return list(nox.project.dependency_groups(nox.project.load_toml(PYPROJECT), "dev"))
