"""What a run was, on what and when: the lines under a page's title, and the facts at its end."""

from __future__ import annotations

import shlex
from itertools import zip_longest
from typing import TYPE_CHECKING

from labeille.analysis.inputs import condition_facts
from labeille.analysis.runs import parse_time
from labeille.reports.page.model import Fact
from labeille.reports.showable import shown_line
from labeille.reports.words import duration_text, time_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from labeille.analysis.runs import StoredRun
    from labeille.results.model import RunMeta


def subtitle(run: StoredRun) -> tuple[str, ...]:
    """The interpreter, the condition, when, how long, where."""
    meta = run.meta
    parts = [interpreter_words(meta)]
    condition = str(condition_facts(meta))
    if condition != "none":
        parts.append(f"under {condition}")
    parts.append(f"{run.started:%d %b %Y, %H:%M} UTC")
    ended = parse_time(meta.finished_at or "")
    if ended is not None:
        parts.append(f"took {duration_text((ended - run.started).total_seconds())}")
    if meta.hostname:
        parts.append(f"on {meta.hostname}")
    return tuple(shown_line(part) for part in parts if part)


def interpreter_words(meta: RunMeta) -> str:
    """An interpreter's version with what matters of its build: CPython 3.15.2 (debug, JIT)."""
    target = meta.target or {}
    version = str(target.get("version") or meta.python_version.partition(" ")[0])
    if not version:
        return "an unknown interpreter"
    traits = [
        word
        for name, word in (("debug", "debug"), ("free_threaded", "free-threaded"))
        if target.get(name)
    ]
    sanitizers = target.get("sanitizers")
    if isinstance(sanitizers, list):
        traits += [f"{name} sanitizer" for name in sanitizers]
    if "jit_available" in target:
        traits.append("JIT" if target["jit_available"] else "no JIT")
    implementation = str(target.get("implementation") or "cpython")
    name = "CPython" if implementation == "cpython" else implementation
    return f"{name} {version}" + (f" ({', '.join(traits)})" if traits else "")


def run_facts(run: StoredRun) -> tuple[Fact, ...]:
    """Everything that is recorded of a run's circumstances, what is not being left out."""
    return tuple(fact for fact in _facts(run) if fact.value)


def _facts(run: StoredRun) -> Iterator[Fact]:
    meta = run.meta
    target = meta.target or {}
    yield _code("interpreter", meta.target_python)
    yield _code("version", meta.python_version)
    yield _code("compiler", str(target.get("compiler") or ""))
    yield _code("configured with", str(target.get("configure_args") or ""))
    yield _code("target", meta.target_id or "")
    yield _code("variables", env_words(meta.env_overrides))
    yield _code("command", command_words(meta))
    yield Fact(name="machine", value=shown_line(f"{meta.hostname} {meta.platform}".strip()))
    yield Fact(name="started", value=time_text(run.started.isoformat()))
    ended = time_text(meta.finished_at) if meta.finished_at else "not finished"
    yield Fact(name="finished", value=shown_line(ended))
    yield _code("kept in", str(run.path))
    yield Fact(name="labeille", value=shown_line(meta.labeille_version or ""))


def _code(name: str, value: str) -> Fact:
    return Fact(name=name, value=shown_line(value, 1000), code=True)


def env_words(env: Mapping[str, str]) -> str:
    """Variables as a shell takes them before a command."""
    return " ".join(f"{name}={shlex.quote(value)}" for name, value in env.items())


def command_words(meta: RunMeta) -> str:
    """The command line that began a run, as far as it is recorded."""
    args = meta.cli_args
    if isinstance(args, dict):
        return " ".join(f"{name}={value}" for name, value in args.items() if value is not None)
    words = [str(word) for word in args]
    if words and words[0] != "nox":
        words.insert(0, "labeille")
    return shlex.join(words)


def run_warnings(run: StoredRun) -> Iterator[str]:
    """What has to be known of a run before its figures are believed."""
    if run.meta_problem:
        yield shown_line(f"Its metadata is damaged: {run.meta_problem}.")
    elif run.meta.finished_at is None and run.meta.labeille_version:
        yield "The run has not finished, or was killed: these are the packages it came to."


def recorded_slots(meta: RunMeta) -> int | None:
    """How many suites ran at once at most, where the command line says so."""
    args = meta.cli_args
    if isinstance(args, dict):
        return _positive(args.get("workers"))
    words = [str(word) for word in args]
    for word, value in zip_longest(words, words[1:], fillvalue=""):
        if word == "--workers":
            return _positive(value)
        if word.startswith("--workers="):
            return _positive(word.partition("=")[2])
    return None


def _positive(value: object) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 5 else None
