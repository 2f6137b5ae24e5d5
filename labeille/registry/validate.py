"""Check package files and the index: what cannot be read, and what reads but is likely wrong."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from yaml.nodes import MappingNode

from labeille.registry.commands import early_stop, may_load_xdist, worker_option
from labeille.registry.fields import MINOR_VERSION, did_you_mean
from labeille.registry.findings import Finding, Rule, Validation
from labeille.registry.model import EXTENSION_SPELLINGS, TestFramework
from labeille.registry.nodes import line_of
from labeille.registry.problems import RegistryFileError
from labeille.registry.splice import read_document
from labeille.registry.validate_index import index_findings
from labeille.registry.where import KNOWN_FIELDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from labeille.registry.model import Package
    from labeille.registry.splice import Document
    from labeille.registry.store import Registry


def validate(registry: Registry, names: Iterable[str] = ()) -> Validation:
    """Check the named package files, and nothing else; without names, all of them and the index.

    Raises RegistryError for a package that the registry has not.
    """
    named = tuple(names)
    findings: list[Finding] = []
    packages: dict[str, Package] = {}
    unreadable: list[str] = []
    for name in named or registry.names():
        try:
            document, package = read_document(registry.path(name))
        except RegistryFileError as error:
            findings += map(Finding.unreadable, error.problems)
            unreadable.append(name)
            continue
        findings += check_package(document, package)
        packages[name] = package
    if not named:
        findings += map(Finding.unreadable, registry.misnamed)
        findings += index_findings(registry, packages, unreadable)
    return Validation(files=len(packages) + len(unreadable), findings=tuple(findings))


def check_package(document: Document, package: Package) -> Iterator[Finding]:
    """What is likely wrong with a file that can be read."""
    yield from _check_keys(document)
    for check in _CHECKS:
        for field, rule, message in check(document, package):
            entry = next((e for e in document.entries if e.name == field), None)
            line = line_of(entry.key if entry else document.root)
            yield Finding(path=document.path, line=line, rule=rule, message=f"{field}: {message}")


def _check_keys(document: Document) -> Iterator[Finding]:
    """Keys that stand twice, of which YAML readers take the last, and keys nobody knows."""

    def finding(line: int, rule: Rule, message: str) -> Finding:
        return Finding(path=document.path, line=line, rule=rule, message=message)

    seen: dict[str, int] = {}
    for entry in document.entries:
        line = line_of(entry.key)
        if entry.name in seen:
            message = f"{entry.name} stands here again, after line {seen[entry.name]}"
            yield finding(line, Rule.DUPLICATE_KEY, message)
        seen[entry.name] = line
        if entry.name not in KNOWN_FIELDS and entry.name != "<<":
            hint = did_you_mean(entry.name, KNOWN_FIELDS)
            message = f"unknown key {entry.name!r}" + (f": {hint}" if hint else "")
            yield finding(line, Rule.UNKNOWN_KEY, message)
        if entry.name in KNOWN_FIELDS and isinstance(entry.value, MappingNode):
            inner: set[str] = set()
            for key, _ in entry.value.value:
                if key.value in inner:
                    message = f"{entry.name}: {key.value} stands here again"
                    yield finding(line_of(key), Rule.DUPLICATE_KEY, message)
                inner.add(str(key.value))


_Remark = tuple[str, Rule, str]  # the field, the rule, the words


def _check_spellings(document: Document, package: Package) -> Iterator[_Remark]:
    written = {
        entry.name: entry.value.value
        for entry in document.entries
        if entry.name in ("extension_type", "test_framework")
    }
    kind = written.get("extension_type")
    if kind in EXTENSION_SPELLINGS:
        message = f"{kind!r} is an old spelling that reads as extensions: write 'extensions'"
        yield "extension_type", Rule.EXTENSION_SPELLING, message
    word = written.get("test_framework")
    if package.test_framework is TestFramework.CUSTOM and word != TestFramework.CUSTOM:
        message = f"{word!r} reads as custom: write 'custom'"
        yield "test_framework", Rule.FRAMEWORK_SPELLING, message


def _check_commands(_: Document, package: Package) -> Iterator[_Remark]:
    command = package.test_command
    addopts = package.env.get("PYTEST_ADDOPTS", "")
    for field, text in (("test_command", command), ("env", f"pytest {addopts}")):
        option = early_stop(text)
        if option:
            message = f"{option} ends the tests at a failure, and hides all behind it"
            yield field, Rule.EARLY_STOP, message
        option = worker_option(text)
        if option:
            message = f"{option} spreads the tests over processes, where a crash is lost"
            yield field, Rule.XDIST, message
    if package.uses_xdist and may_load_xdist(command):
        message = "uses_xdist is true, and '-p no:xdist' is missing"
        yield "test_command", Rule.XDIST, message
    if package.enriched and not package.skip:
        for field, text in (
            ("install_command", package.install_command),
            ("test_command", command),
        ):
            if not text.strip():
                yield field, Rule.NO_COMMAND, "is empty, though the package is enriched"


def _check_reasons(_: Document, package: Package) -> Iterator[_Remark]:
    if package.skip and not package.skip_reason:
        yield "skip", Rule.NO_REASON, "without a skip_reason"
    for version, reason in package.skip_versions.items():
        if not reason.strip():
            yield "skip_versions", Rule.NO_REASON, f"{version} without a reason"


def _check_versions(_: Document, package: Package) -> Iterator[_Remark]:
    for field, versions in (
        ("python_versions", package.python_versions),
        ("skip_versions", package.skip_versions),
    ):
        for version in versions:
            if not re.fullmatch(MINOR_VERSION, version):
                yield field, Rule.VERSION, f"{version!r} is no version like '3.15'"


def _check_repo(_: Document, package: Package) -> Iterator[_Remark]:
    complaint = repo_complaint(package.repo) if package.repo else None
    if complaint:
        yield "repo", Rule.REPO, f"{package.repo}: {complaint}"


_CHECKS: tuple[Callable[[Document, Package], Iterator[_Remark]], ...] = (
    _check_spellings,
    _check_commands,
    _check_reasons,
    _check_versions,
    _check_repo,
)

_SCHEMES = ("https", "http", "ssh", "git", "file")
_SCP_LIKE = re.compile(r"[^/:\s]+@[^/:\s]+:[^\s:]+")
# Where one repository is two parts of a path, and more parts are pages about it.
_TWO_PARTS = ("github.com", "www.github.com", "codeberg.org", "bitbucket.org")


def repo_complaint(repo: str) -> str | None:
    """Why ``git clone`` will hardly take a repository's URL; None for one that looks right."""
    if _SCP_LIKE.fullmatch(repo) or repo.startswith("/"):
        return None
    try:
        url = urlsplit(repo.removeprefix("git+"))
        host = url.hostname or ""
    except ValueError:
        return "is no URL"
    if any(letter.isspace() for letter in repo) or url.scheme not in _SCHEMES:
        return f"is no URL of a repository ({', '.join(_SCHEMES)}, or user@host:path)"
    parts = [part for part in url.path.split("/") if part]
    if (not host and url.scheme != "file") or not parts:
        return "names no repository"
    if url.query or url.fragment:
        return "has a query or a fragment, as pages have, not repositories"
    if host in _TWO_PARTS and len(parts) < 2:
        return f"names no repository of {host}"
    if host in _TWO_PARTS and len(parts) > 2:
        return f"is a page of the repository {url.scheme}://{host}/{parts[0]}/{parts[1]}"
    return None
