"""Requirement sets that stand in pyproject.toml: extras, dependency groups, tools' own groups."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from labeille.projects.model import Asked, RequirementSet, SetKind
from labeille.projects.requirements import Reader
from labeille.projects.tree import strings, table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from labeille.projects.tree import Table, Tree

PYPROJECT = "pyproject.toml"
_NUMBERS = re.compile(r"\d+(?:\.\d+)*")


def pyproject_sets(tree: Tree, pyproject: Table) -> list[RequirementSet]:
    """Every set of pyproject.toml (and Pipfile, hatch.toml), those of its standards first."""
    tool = table(pyproject, "tool")
    return [
        *_dependency_groups(tree, table(pyproject, "dependency-groups")),
        *_plain_sets(
            tree, SetKind.EXTRA, table(pyproject, "project", "optional-dependencies"), PYPROJECT
        ),
        *_poetry_sets(tree, table(tool, "poetry")),
        *_plain_sets(tree, SetKind.TOOL_GROUP, table(tool, "pdm", "dev-dependencies"), PYPROJECT),
        *_plain_sets(tree, SetKind.TOOL_GROUP, _dev_lists(tool), PYPROJECT),
        *_plain_sets(
            tree, SetKind.EXTRA, table(tool, "flit", "metadata", "requires-extra"), PYPROJECT
        ),
        *_hatch_environments(tree, table(tool, "hatch", "envs"), PYPROJECT),
        *_hatch_environments(tree, table(tree.toml("hatch.toml"), "envs"), "hatch.toml"),
        *_pipfile(tree),
    ]


def read_list(tree: Tree, items: object) -> Asked:
    """Requirements of a list, as most files have them."""
    reader = Reader(tree)
    for item in strings(items):
        reader.requirement(item)
    return reader.asked()


def poetry_list(tree: Tree, entries: Table) -> Asked:
    """Poetry's mapping of names to versions, without ``python``."""
    lines = [
        line
        for name, value in entries.items()
        if name.lower() != "python"
        for line in _poetry_requirements(name, value)
    ]
    return read_list(tree, lines)


def _plain_sets(tree: Tree, kind: SetKind, sets: Table, place: str) -> Iterable[RequirementSet]:
    for name, items in sets.items():
        asks = read_list(tree, items)
        yield RequirementSet(kind=kind, name=canonicalize_name(name), place=place, asks=asks)


def _dev_lists(tool: Table) -> Table:
    """uv's and rye's single list of development requirements."""
    for name in ("uv", "rye"):
        if items := table(tool, name).get("dev-dependencies"):
            return {"dev": items}
    return {}


def _dependency_groups(tree: Tree, groups: Table) -> Iterable[RequirementSet]:
    """PEP 735's groups, includes resolved; one that includes itself is noted."""
    written = {canonicalize_name(name): items for name, items in groups.items()}

    def resolve(name: str, above: tuple[str, ...]) -> Asked:
        if name in above:
            tree.problems.append(f"{PYPROJECT}: dependency group {name} includes itself")
            return Asked()
        items = written.get(canonicalize_name(name))
        if not isinstance(items, list):
            where = f"{above[-1]} includes" if above else "there is"
            tree.problems.append(f"{PYPROJECT}: {where} dependency group {name}, which is no list")
            return Asked()
        found = Asked()
        for item in items:
            if isinstance(item, str):
                found += Reader(tree).requirement(item).asked()
            elif isinstance(item, dict) and isinstance(item.get("include-group"), str):
                found += resolve(canonicalize_name(item["include-group"]), (*above, name))
        return found

    for name in written:
        yield RequirementSet(kind=SetKind.GROUP, name=name, place=PYPROJECT, asks=resolve(name, ()))


def _poetry_sets(tree: Tree, poetry: Table) -> Iterable[RequirementSet]:
    groups = {name: table(poetry, "group", name, "dependencies") for name in table(poetry, "group")}
    if dev := table(poetry, "dev-dependencies"):
        groups["dev"] = dev | groups.get("dev", {})
    for name, entries in groups.items():
        asks = poetry_list(tree, entries)
        yield RequirementSet(
            kind=SetKind.TOOL_GROUP, name=canonicalize_name(name), place=PYPROJECT, asks=asks
        )
    required = table(poetry, "dependencies")
    wanted = {canonicalize_name(name): value for name, value in required.items()}
    for name, items in table(poetry, "extras").items():
        lines: list[str] = []
        for item in strings(items):
            normal = canonicalize_name(item.partition("[")[0])
            lines += _poetry_requirements(item, wanted.get(normal, "*"))
        yield RequirementSet(
            kind=SetKind.EXTRA,
            name=canonicalize_name(name),
            place=PYPROJECT,
            asks=read_list(tree, lines),
        )


def _poetry_requirements(name: str, value: object) -> list[str]:
    """PEP 508 lines of one entry: text, a table, or a list of tables for several platforms."""
    if isinstance(value, list):
        return [line for item in value for line in _poetry_requirements(name, item)]
    if isinstance(value, str):
        return [f"{name}{_poetry_version(value)}"]
    if not isinstance(value, dict) or "path" in value:
        return []
    extras = f"[{','.join(strings(value.get('extras')))}]" if value.get("extras") else ""
    version = _poetry_version(str(value.get("version", "*")))
    markers = [f"({text})" for text in strings(value.get("markers"))]
    pythons = _poetry_version(str(value.get("python", "*")))
    markers += [
        f"python_version {operator} '{number}'"
        for operator, number in re.findall(r"([<>=!~]+)([^,]+)", pythons)
    ]
    if value.get("platform"):
        markers.append(f"sys_platform == '{value['platform']}'")
    return [f"{name}{extras}{version}" + (f"; {' and '.join(markers)}" if markers else "")]


def _poetry_version(text: str) -> str:
    """Poetry's version constraint as a specifier (PEP 440); alternatives ("||") bound nothing."""
    if "|" in text:
        return ""
    parts = re.sub(r"([\^~<>=!]+)\s+", r"\1", text).replace(",", " ").split()
    return ",".join(filter(None, map(_poetry_bound, parts)))


def _poetry_bound(part: str) -> str:
    if part in ("*", ""):
        return ""
    if part.startswith("~="):
        return part
    if part[0] in "^~":
        match = _NUMBERS.match(part, 1)
        if match is None:
            return ""
        numbers = [int(number) for number in match.group().split(".")]
        if part[0] == "^":  # up to the next change of the first number that is not 0
            at = next((i for i, number in enumerate(numbers) if number), len(numbers) - 1)
        else:  # up to the next minor version, or major one where only that is given
            at = min(1, len(numbers) - 1)
        upper = ".".join(map(str, [*numbers[:at], numbers[at] + 1]))
        return f">={part[1:]},<{upper}"
    return part if part[0] in "<>=!" else f"=={part}"


def _hatch_environments(tree: Tree, envs: Table, place: str) -> Iterable[RequirementSet]:
    """Hatch's environments, with what they take over from their templates."""
    for name in envs:
        env = _hatch_environment(envs, name)
        asks = read_list(
            tree, [*strings(env.get("dependencies")), *strings(env.get("extra-dependencies"))]
        ) + Asked(
            extras=tuple(map(canonicalize_name, strings(env.get("features")))),
            groups=tuple(map(canonicalize_name, strings(env.get("dependency-groups")))),
        )
        scripts = table(env, "scripts").values()
        yield RequirementSet(
            kind=SetKind.HATCH,
            name=name,
            place=place,
            asks=asks,
            commands=tuple(line for script in scripts for line in strings(script)),
        )


def _hatch_environment(envs: Table, name: str) -> Table:
    chain: list[Table] = []
    seen: set[str] = set()
    at = name
    while at not in seen and table(envs, at):
        seen.add(at)
        env = table(envs, at)
        chain.append(env)
        at = str(env.get("template", "default"))
    merged: Table = {}
    for env in reversed(chain):
        merged |= env
    return merged


def _pipfile(tree: Tree) -> Iterable[RequirementSet]:
    if entries := table(tree.toml("Pipfile"), "dev-packages"):
        yield RequirementSet(
            kind=SetKind.TOOL_GROUP,
            name="dev",
            place="Pipfile",
            asks=poetry_list(tree, entries),
        )
