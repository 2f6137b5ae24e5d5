"""Which packages missing modules are: only where that is known, never by a module's name alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.utils import InvalidName, canonicalize_name

from labeille.projects.catalogue import known_modules, known_plugins, popular_packages

if TYPE_CHECKING:
    from labeille.campaigns.enrichment.model import Facts

# "To use this, pip install NAME", and the like.
_ASKED_FOR = re.compile(
    r"\bpip3? install (?:(?:-U|--upgrade) )?['\"`]?(?P<pip>[A-Za-z0-9][\w.-]*)"
    r"|requires? ['\"`](?P<name>[A-Za-z0-9][\w.-]*)['\"`] to be installed"
)
_MISSING = re.compile(r"No module named ['\"]?(?P<name>[A-Za-z_][\w.]*)")


def missing_modules(output: str) -> list[str]:
    """Every module that was missing, in the order of the output, each once."""
    return list(dict.fromkeys(match["name"].rstrip(".") for match in _MISSING.finditer(output)))


def package_of(facts: Facts, module: str) -> str | None:
    """The package that brings a module: by labeille's data, or because the project names it.

    The data has the names of packages so well known that a module of the name is theirs.

    None for the standard library's, the project's own, and for what would be a guess.
    """
    known = known_modules()
    top = module.partition(".")[0]
    own = {name.partition(".")[0] for name in facts.project.layout.modules}
    if known.is_standard(top) or top in known.nothing or top in own:
        return None
    found = known.find(module)
    if found is not None:
        return found.package
    if top in known.namespaces:
        return None
    for plugin in known_plugins():
        if top in plugin.modules:
            return plugin.package
    return _certain(facts, top.replace("_", "-"))


def packages_asked_for(facts: Facts, output: str) -> list[str]:
    """Packages that messages tell to install, as far as they are known to be what is meant."""
    names = [match["pip"] or match["name"] for match in _ASKED_FOR.finditer(output)]
    found = (_certain(facts, name.rstrip(".")) for name in names)
    return list(dict.fromkeys(name for name in found if name is not None))


def _certain(facts: Facts, name: str) -> str | None:
    """A package's normalised name, where the project or labeille's data has it."""
    try:
        name = canonicalize_name(name, validate=True)
    except InvalidName:
        return None
    declared = {
        canonicalize_name(requirement.name)
        for each in facts.project.sets
        for requirement in each.asks.requirements
    }
    certain = {need.package for need in facts.needs.needs if need.installable}
    return name if name in declared | certain | popular_packages() else None
