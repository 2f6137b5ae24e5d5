"""Writes what enrichment found into a package's file, and touches no other line of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from labeille.errors import RegistryError
from labeille.registry.atomic import replace_file
from labeille.registry.edit import FieldEdit, Operation, edit_document
from labeille.registry.fields import as_mapping
from labeille.registry.splice import Document
from labeille.results.model import Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labeille.campaigns.enrichment.attempt import Attempt
    from labeille.campaigns.enrichment.model import Facts
    from labeille.campaigns.enrichment.rules import Plan
    from labeille.registry.model import Package
    from labeille.registry.store import Registry

#: What the notes of enrichment begin with, so that the next one replaces them and nothing else.
_MARK = "`labeille enrich`"
_EARLIER = re.compile(rf"\s*{re.escape(_MARK)}.*", re.DOTALL)
# The folders of an absolute path: where this machine keeps a checkout is nobody's business.
_FOLDERS = re.compile(r"(?<![\w:/.])(?:file://)?/(?:[^\s/'\"`:]+/)+")
#: Characters of one reason, and of all of them.
_REASON, _NOTES = 200, 1200

#: Fields that a recipe decides.
_FIELDS = (
    "install_method",
    "install_command",
    "test_command",
    "test_framework",
    "uses_xdist",
    "timeout",
    "clone_depth",
    "import_name",
    "env",
)


def write_enriched(registry: Registry, facts: Facts, plan: Plan, attempt: Attempt) -> None:
    """The file of a package whose suite ran. Raises RegistryError where it cannot be written."""
    package = facts.package
    found = as_mapping(plan.recipe.on(package))
    source = f"{facts.source.value} {facts.version or ''}".strip()
    sentences = [f"from the {source} on {facts.python_version}, {attempt.summary.split('; ')[0]}"]
    if attempt.counts is not None:
        total = attempt.counts.total
        sentences[0] += f": {total} test{'s' * (total != 1)} in {attempt.seconds:.0f} s"
    if attempt.verdict.status is Status.CRASH and attempt.verdict.crash is not None:
        sentences.append(f"the interpreter crashed in it ({attempt.verdict.crash.signature})")
    if attempt.condition == "nojit":
        sentences.append("under jit it crashed before the first test, so this was under nojit")
    sentences += [choice.reason for choice in plan.choices]
    versions = tuple(dict.fromkeys((*package.python_versions, facts.python_version)))
    skip_versions = {
        version: reason
        for version, reason in package.skip_versions.items()
        if version != facts.python_version
    }
    _write(
        registry,
        package.name,
        {field: found[field] for field in _FIELDS}
        | {
            "python_versions": list(versions),
            "skip": False,
            "skip_reason": None,
            "skip_versions": skip_versions,
            "notes": _notes(package.notes, sentences),
            "enriched": True,
        },
    )


def write_skipped(registry: Registry, facts: Facts, plan: Plan, attempts: int) -> None:
    """The file of a package that is not to be run: at all, or on the target's version."""
    package, recipe = facts.package, plan.recipe
    tried = f"left it after {attempts} attempts" if attempts else "did not run it"
    sentences = [tried, *(choice.reason for choice in plan.choices)]
    values: dict[str, object] = {"notes": _notes(package.notes, sentences), "enriched": False}
    if recipe.skip_version is not None:
        reason = _FOLDERS.sub("", recipe.skip_version)
        values["skip_versions"] = package.skip_versions | {facts.python_version: reason}
    else:
        values |= {"skip": True, "skip_reason": recipe.skip_reason}
    _write(registry, package.name, values)


def write_left(registry: Registry, package: Package, reason: str, plan: Plan | None) -> None:
    """The file of a package whose suite did not get to run: what was tried, for a person."""
    sentences = [f"did not get the suite to run: {reason}"]
    if plan is not None:
        sentences += [choice.reason for choice in plan.choices]
    _write(registry, package.name, {"notes": _notes(package.notes, sentences), "enriched": False})


def _notes(earlier: str, sentences: Sequence[str]) -> str:
    """Earlier notes of people, then ours: one line of short sentences."""
    kept = _EARLIER.sub("", earlier).strip()
    if kept and kept[-1] not in ".!?":
        kept += "."
    plain = (_FOLDERS.sub("", " ".join(sentence.split())) for sentence in sentences)
    ours = f"{_MARK} " + ". ".join(_shortened(each.rstrip(". "), _REASON) for each in plain)
    return f"{kept} {_shortened(ours, _NOTES)}.".strip()


def _shortened(text: str, length: int) -> str:
    """A text of at most so many characters, cut between two words."""
    if len(text) <= length:
        return text
    cut = text[: length - 1]
    return f"{cut.rpartition(' ')[0].rstrip(',;:. ') or cut}…"


def _write(registry: Registry, name: str, values: Mapping[str, object]) -> None:
    path = registry.path(name)
    try:
        before = data = path.read_bytes()
        for field, value in values.items():
            edit = FieldEdit(operation=Operation.SET, field=field, value=value)
            data = edit_document(Document(data, path), edit) or data
        if data != before:
            replace_file(path, data)
    except OSError as error:
        raise RegistryError(f"{path} cannot be written: {error.strerror or error}") from None
