"""tox's environments: what they install and run, for the newest Python that each is made for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from labeille.projects.model import Asked, RequirementSet, SetKind
from labeille.projects.requirements import Reader
from labeille.projects.tree import strings, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from configparser import RawConfigParser

    from labeille.projects.tree import Table, Tree

TOX_INI = "tox.ini"
BASE = "testenv"
_MOST_ENVIRONMENTS = 500  # that one list may spell out

_BRACES = re.compile(r"\{([^{}]*)\}")
_RANGE = re.compile(r"(\d+)-(\d+)")
_PYTHON = re.compile(r"(?:py(?:thon)?|(?=[23]\.\d))(?P<major>\d)?(?:\.?(?P<minor>\d+))?t?")
_OTHER_PYTHON = re.compile(r"(?:pypy|graalpy|jython|pyston)\d*(?:\.\d+)*")
_FACTOR = re.compile(r"(?P<factors>[\w.,!{}-]+):(?:\s+|$)(?P<rest>.*)")
_REFERENCE = re.compile(r"\{\[(?P<section>[^\]]+)\](?P<key>\w+)\}")
_POSARGS = re.compile(r"\{posargs(?::(?P<default>(?:[^{}]|\{[^{}]*\})*))?\}")
_ENV_DEFAULT = re.compile(r"\{env:[^:{}]+(?::(?P<default>[^{}]*))?\}")
_ROOT = re.compile(r"\{(?:toxinidir|tox_root)\}/?")


@dataclass(frozen=True, kw_only=True)
class _Settings:
    """One environment's settings, lines and words still as they are written."""

    deps: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    place: str = TOX_INI
    installs_project: bool = True

    def requirement_set(self, tree: Tree, name: str) -> RequirementSet:
        reader = Reader(tree)
        for line in self.deps:
            reader.line(line)
        asks = reader.asked() + Asked(
            extras=tuple(map(canonicalize_name, self.extras)),
            groups=tuple(map(canonicalize_name, self.groups)),
            project=self.installs_project,
        )
        return RequirementSet(
            kind=SetKind.TOX, name=name, place=self.place, asks=asks, commands=self.commands
        )


def tox_sets(tree: Tree, pyproject: Table) -> list[RequirementSet]:
    """The environments of the first of tox's files that there is; the plain one is "testenv".

    Of environments that differ in nothing but the Python, there is only the one for the newest.
    """
    if tree.is_file(TOX_INI):
        return _ini_sets(tree, tree.ini(TOX_INI), TOX_INI)
    setup_cfg = tree.ini("setup.cfg")
    if setup_cfg.has_section("tox:tox"):
        return _ini_sets(tree, setup_cfg, "setup.cfg")
    tool = table(pyproject, "tool", "tox")
    if isinstance(tool.get("legacy_tox_ini"), str):
        text = tool["legacy_tox_ini"]
        return _ini_sets(tree, tree.ini("pyproject.toml", text), "pyproject.toml")
    if tool:
        return _toml_sets(tree, tool, "pyproject.toml")
    return _toml_sets(tree, tree.toml("tox.toml"), "tox.toml")


def expand_braces(text: str) -> list[str]:
    """tox's generative names: ``py3{9-11}-{a,b}`` is six of them."""
    match = _BRACES.search(text)
    if match is None:
        return [text]
    options: list[str] = []
    for option in match[1].split(","):
        bounds = _RANGE.fullmatch(option.strip())
        if bounds is None:
            options.append(option.strip())
        else:
            low, high = sorted((int(bounds[1]), int(bounds[2])))
            options += map(str, range(low, min(high, low + _MOST_ENVIRONMENTS) + 1))
    found: list[str] = []
    for option in options:
        found += expand_braces(text[: match.start()] + option + text[match.end() :])
        if len(found) > _MOST_ENVIRONMENTS:
            break
    return found[:_MOST_ENVIRONMENTS]


def applies(expression: str, factors: Iterable[str]) -> bool:
    """Whether a conditional prefix (``py39-!cov,lint``) holds for an environment's factors."""
    have = set(factors)
    return any(
        all((part.lstrip("!") in have) is not part.startswith("!") for part in option.split("-"))
        for alternative in _split_list(expression)
        for option in expand_braces(alternative)
    )


def newest_only(names: Iterable[str]) -> list[str]:
    """Of names that differ in the Python alone, the one of the newest; other Pythons go."""
    best: dict[tuple[str, ...], tuple[tuple[int, int], str]] = {}
    for name in names:
        rest: list[str] = []
        version = (0, 0)
        parts = name.split("-")
        if any(_OTHER_PYTHON.fullmatch(part) for part in parts):
            continue
        for part in parts:
            match = _PYTHON.fullmatch(part)
            if match is None or part.endswith("t"):  # a free-threaded one is its own kind
                rest.append(part)
                continue
            version = (int(match["major"] or 3), int(match["minor"] or 0))
        key = tuple(rest)
        if key not in best or version > best[key][0]:
            best[key] = (version, name)
    return [name for _, name in best.values()]


def without_python(name: str) -> str:
    """An environment's name without the parts that say which Python it is for.

    A free-threaded Python stays: it is an environment of its own kind.
    """
    return "-".join(
        part for part in name.split("-") if part.endswith("t") or not _PYTHON.fullmatch(part)
    )


def _split_list(text: str) -> list[str]:
    """A list with commas and line ends, commas within braces aside."""
    return [part.strip() for part in re.split(r",(?![^{}]*\})|\n", text) if part.strip()]


# tox.ini


@dataclass(frozen=True, kw_only=True)
class _Ini:
    parser: RawConfigParser
    place: str
    sections: Mapping[str, str] = field(default_factory=dict)  # by environment

    def value(self, section: str, key: str, depth: int = 0) -> str:
        """A setting, or that of [testenv], with what it refers to in other sections."""
        names = (key, key.replace("_", "-"), key.replace("_", ""))
        for place in dict.fromkeys((section, BASE if section.startswith(BASE) else section)):
            for name in names:
                if self.parser.has_option(place, name):
                    text = self.parser.get(place, name) or ""
                    return self._resolved(text, depth)
        return ""

    def _resolved(self, text: str, depth: int) -> str:
        if depth > 5:
            return ""
        return _REFERENCE.sub(
            lambda match: self.value(match["section"], match["key"], depth + 1), text
        )

    def settings(self, name: str) -> _Settings:
        section = self.sections.get(name, BASE)
        factors = name.split("-")

        def lines(key: str) -> tuple[str, ...]:
            return tuple(_chosen_lines(self.value(section, key), factors))

        def words(key: str) -> tuple[str, ...]:
            return tuple(word for line in lines(key) for word in re.split(r"[,\s]+", line) if word)

        skips = self.value(section, "skip_install") or self.value(section, "skipsdist")
        return _Settings(
            deps=lines("deps"),
            extras=words("extras"),
            groups=words("dependency_groups"),
            commands=lines("commands"),
            place=self.place,
            installs_project=skips.strip().lower() not in ("true", "1", "yes"),
        )


def _ini_sets(tree: Tree, parser: RawConfigParser, place: str) -> list[RequirementSet]:
    sections: dict[str, str] = {}
    for section in parser.sections():
        kind, colon, names = section.partition(":")
        if kind == BASE and colon:
            for alternative in _split_list(names):
                sections |= dict.fromkeys(expand_braces(alternative), section)
    ini = _Ini(parser=parser, place=place, sections=sections)
    core = "tox:tox" if place == "setup.cfg" else "tox"
    listed = [
        name
        for item in _split_list(ini.value(core, "envlist") or ini.value(core, "env_list"))
        for name in expand_braces(item.partition("#")[0].strip())
        if name
    ]
    base = ini.settings("").requirement_set(tree, BASE)
    kept = newest_only(dict.fromkeys((*listed, *sections)))
    return [base, *(ini.settings(name).requirement_set(tree, name) for name in kept)]


def _chosen_lines(text: str, factors: list[str]) -> Iterable[str]:
    """The lines of a setting that hold for these factors, without their prefixes."""
    for line in map(str.strip, re.sub(r"\\\n\s*", " ", text).splitlines()):
        if not line or line.startswith("#"):
            continue
        match = _FACTOR.fullmatch(line)
        if match is not None:
            if not applies(match["factors"], factors):
                continue
            line = match["rest"]
        if line := _substituted(line):
            yield line


def _substituted(text: str) -> str:
    """Without tox's substitutions, as far as there is something to put there."""
    text = _POSARGS.sub(lambda match: match["default"] or "", text)
    text = _ENV_DEFAULT.sub(lambda match: match["default"] or "", text)
    text = _ROOT.sub("./", text)
    return text.replace("{envpython}", "python").replace("{env_python}", "python").strip()


# tox.toml and [tool.tox]


def _toml_sets(tree: Tree, config: Table, place: str) -> list[RequirementSet]:
    if not config:
        return []
    base = table(config, "env_run_base")
    found = [_toml_settings(config, base, place).requirement_set(tree, BASE)]
    envs = table(config, "env")
    listed = [name for item in config.get("env_list") or () for name in _toml_names(item)]
    for name in newest_only(dict.fromkeys((*listed, *envs))):
        settings = _toml_settings(config, base | table(envs, name), place)
        found.append(settings.requirement_set(tree, name))
    return found


def _toml_names(item: object) -> list[str]:
    """A name, or ``{product = [[…], {prefix = "py3", start = 9, stop = 14}]}``."""
    if isinstance(item, str):
        return expand_braces(item)
    names = [""]
    for axis in item.get("product", []) if isinstance(item, dict) else []:
        if isinstance(axis, dict):
            prefix, start, stop = axis.get("prefix", ""), axis.get("start"), axis.get("stop")
            if not isinstance(start, int):
                return []
            last = min(stop if isinstance(stop, int) else 15, start + _MOST_ENVIRONMENTS)
            parts = [f"{prefix}{number}" for number in range(start, last + 1)]
        else:
            parts = list(strings(axis))
        names = [f"{name}-{part}".strip("-") for name in names for part in parts]
        names = names[:_MOST_ENVIRONMENTS]
    return [name for name in names if name]


def _toml_settings(config: Table, env: Table, place: str) -> _Settings:
    def words(value: Any, depth: int = 0) -> list[str]:
        """The words of a list, whose tables stand for other places or posargs."""
        found: list[str] = []
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, str):
                found += map(_substituted, item.splitlines())
            elif isinstance(item, dict) and depth < 5:
                if item.get("replace") == "ref":
                    of = strings(item.get("of"))
                    holder = table(config, *of[:-1])
                    found += words(holder.get(of[-1]) if of else None, depth + 1)
                elif item.get("replace") in ("posargs", "env"):
                    found += words(item.get("default"), depth + 1)
                elif item.get("replace") == "if":
                    found += words(item.get("else"), depth + 1)
        return [word for word in found if word]

    commands = env.get("commands")
    return _Settings(
        deps=tuple(words(env.get("deps"))),
        extras=tuple(words(env.get("extras"))),
        groups=tuple(words(env.get("dependency_groups"))),
        commands=tuple(
            " ".join(words(command)) for command in commands if isinstance(command, list)
        )
        if isinstance(commands, list)
        else (),
        place=place,
        installs_project=env.get("skip_install") is not True,
    )
