"""Rules for how a package's tests are run."""

from __future__ import annotations

import posixpath
import re
import shlex
from typing import TYPE_CHECKING

from labeille.campaigns.enrichment.aside import SIDE_FOLDERS, is_aside, is_vendored
from labeille.campaigns.enrichment.install_rules import is_spared
from labeille.campaigns.enrichment.model import Change, Facts, Recipe, changed, is_compiled
from labeille.campaigns.enrichment.own_runner import own_runner
from labeille.projects.catalogue import PytestPlugin, known_plugins
from labeille.projects.needs import ReasonKind
from labeille.registry.model import TestFramework

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

#: Markers of tests that want the internet, which a test machine need not have.
_NETWORK_MARKERS = frozenset(
    {"network", "online", "internet", "requires_internet", "requires_network", "remote_data"}
)
#: More paths than that on a command line are not for people.
_MOST_PATHS = 6

_FIRST_FAILURE = re.compile(r"--(?:exitfirst|maxfail(?:=.*)?|stepwise|sw)")
_SHORT_FLAGS = re.compile(r"-[a-zA-Z]*x[a-zA-Z]*")
_VALUED_SHORT = "kmnpcorW"
_WORKERS = re.compile(r"-n(?:\d+|auto|logical)?")
#: Options of development tools that take no value: what follows is something else.
_FLAGS = re.compile(
    r"--(?:no-cov.*|cov-append|cov-branch|cov-reset|looponfail|boxed|forked|mypy|flake8|pylint|black"
    r"|isort|ruff|pycodestyle|pydocstyle|self-contained-html|instafail|checkdocs|flakes|pep8)"
)


def framework(facts: Facts, recipe: Recipe) -> Change | None:
    """The framework that the tests are written for."""
    if facts.needs.framework is TestFramework.UNITTEST:
        words = unittest_words(facts)
        return changed(
            recipe,
            "unittest: its cases are all there is, and nothing speaks of pytest",
            framework=TestFramework.UNITTEST,
            command=shlex.join(("python", "-m", "unittest", *words)),
        )
    script = own_runner(facts)
    if script is None:
        return None
    return changed(
        recipe,
        f"custom: {script} is there, and neither pytest's tests nor unittest's cases",
        framework=TestFramework.CUSTOM,
        command=shlex.join(("python", script)),
    )


def unittest_words(facts: Facts) -> list[str]:
    """What follows ``python -m unittest``: names, so that a crash tells the running test."""
    dirs = facts.needs.test_dirs
    if any(path.endswith(".py") for path in dirs):
        return ["-v", *dirs]
    folder = dirs[0] if dirs else "."
    words = ["discover", "-v", "-s", folder]
    if (facts.root / folder / "__init__.py").is_file():
        top = folder
        while (facts.root / top / "__init__.py").is_file() and top != ".":
            top = posixpath.dirname(top) or "."
        words += ["-t", top]
    names = [path.name for path in (facts.root / folder).rglob("*.py")]
    if not any(name.startswith("test") for name in names):
        pattern = "*_test.py" if any(name.endswith("_test.py") for name in names) else "*.py"
        words += ["-p", pattern]
    return words


def no_xdist(facts: Facts, recipe: Recipe) -> Change | None:
    """pytest-xdist hides which test crashed: it is noted, and kept from being loaded."""
    if recipe.framework is not TestFramework.PYTEST:
        return None
    need = next((each for each in facts.needs.needs if each.package == "pytest-xdist"), None)
    if need is None:
        return None
    reason = need.reasons[0]
    return changed(
        recipe,
        f"-p no:xdist: the suite is set up for it ({reason.detail} in {reason.place})",
        uses_xdist=True,
        options=(*recipe.options, "-p", "no:xdist"),
    )


def addopts_without_tools(facts: Facts, recipe: Recipe) -> Change | None:
    """pytest's own options of the project, without coverage, workers and the first failure."""
    settings = facts.project.pytest
    if settings is None or recipe.framework is not TestFramework.PYTEST:
        return None
    spared = {need.package for need in facts.needs.needs if is_spared(facts, need)} | {
        "pytest-xdist"
    }
    kept, dropped = split_options(settings.addopts, spared)
    if not dropped:
        return None
    return changed(
        recipe,
        f"addopts without {' '.join(dropped)}: no workers, coverage, or stop at the first failure",
        addopts=tuple(kept),
    )


def split_options(words: Iterable[str], spared: Iterable[str]) -> tuple[list[str], list[str]]:
    """addopts in those that stay and those that go: of ``spared`` plugins, or ``-x`` and such."""
    plugins = [plugin for plugin in known_plugins() if plugin.package in set(spared)]
    modules = {name for plugin in plugins for name in (*plugin.modules, _short_name(plugin))}
    kept: list[str] = []
    dropped: list[str] = []
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        name = word.lstrip("-").partition("=")[0]
        if word in ("-m", "-k", "-p", "-o", "-W", "-c", "-r", "--maxfail"):
            group = [word, *waiting[:1]]
            del waiting[:1]
            goes = word == "--maxfail" or (word == "-p" and group[-1] in modules)
            (dropped if goes else kept).extend(group)
        elif _FIRST_FAILURE.fullmatch(word) or _loaded_plugin(word) in modules:
            dropped.append(word)
        elif _SHORT_FLAGS.fullmatch(word) and word[1] not in _VALUED_SHORT:
            dropped.append("-x")
            if len(word) > 2:
                kept.append(word.replace("x", ""))
        elif _WORKERS.fullmatch(word) or (
            word.startswith("--") and any(plugin.has_option(name) for plugin in plugins)
        ):
            dropped.append(word)
            takes_value = (
                "=" not in word and not _FLAGS.fullmatch(word) and word in ("-n", f"--{name}")
            )
            if takes_value and waiting and not waiting[0].startswith("-"):
                dropped.append(waiting.pop(0))
        else:
            kept.append(word)
    return kept, dropped


def _loaded_plugin(word: str) -> str | None:
    """The plugin that ``-pNAME`` loads, also as one word with a space in it."""
    return word[2:].strip() if word.startswith("-p") else None


def _short_name(plugin: PytestPlugin) -> str:
    """What a plugin's entry point is usually called."""
    return plugin.package.removeprefix("pytest-").replace("-", "_")


def own_rootdir(facts: Facts, recipe: Recipe) -> Change | None:
    """Without a configuration, pytest would look for one above the checkout."""
    if facts.project.pytest is not None or recipe.framework is not TestFramework.PYTEST:
        return None
    return changed(
        recipe,
        "--rootdir .: no configuration of pytest stands in the tree",
        options=(*recipe.options, "--rootdir", "."),
    )


def test_paths(facts: Facts, recipe: Recipe) -> Change | None:
    """Where the tests are; nothing where pytest's configuration says just that."""
    if recipe.framework is not TestFramework.PYTEST:
        return None
    dirs = facts.needs.test_dirs
    kept = [path for path in dirs if not is_aside(path) and not is_vendored(path)]
    settings = facts.project.pytest
    configured = settings is not None and settings.testpaths
    if not kept or (configured and len(kept) == len(dirs)):
        return None
    if len(kept) > _MOST_PATHS:
        parents = {posixpath.dirname(path) or "." for path in kept}
        tops = {path.partition("/")[0] for path in parents}
        kept = [posixpath.commonpath(parents)] if len(tops) == 1 else _module_folders(facts)
    if not kept or kept == ["."]:
        return None
    return changed(recipe, f"tests in {', '.join(kept)}", paths=tuple(kept))


def shipped_tests(facts: Facts, recipe: Recipe) -> Change | None:
    """Tests shipped in a package whose source tree lacks its compiled parts: the installed ones."""
    if recipe.editable or not is_compiled(facts) or len(recipe.paths) != 1:
        return None
    for folder in facts.project.layout.source_dirs:
        start = "" if folder == "." else f"{folder}/"
        (path,) = recipe.paths
        inner = path.removeprefix(start).removesuffix(".py").replace("/", ".")
        if path.startswith(start) and inner.partition(".")[0] in {
            name.partition(".")[0] for name in facts.project.layout.modules
        }:
            return changed(
                recipe,
                f"--pyargs {inner}: the tests of the installed package",
                paths=(inner,),
                options=(*recipe.options, "--pyargs"),
            )
    return None


def side_folders(facts: Facts, recipe: Recipe) -> Change | None:
    """Benchmarks, type checks, documents and online tests among the tests are left out."""
    if recipe.framework is not TestFramework.PYTEST:
        return None
    found = [
        path
        for folder in facts.needs.test_dirs
        for path in _below(facts, folder)
        if posixpath.basename(path) in SIDE_FOLDERS
    ]
    found = [path for path in found if not is_aside(posixpath.dirname(path))]
    if not found or len(found) > _MOST_PATHS or "--pyargs" in recipe.options:
        return None
    return changed(
        recipe,
        f"--ignore {' '.join(found)}: no tests of the package's behaviour",
        ignored=(*recipe.ignored, *found),
    )


def network_markers(facts: Facts, recipe: Recipe) -> Change | None:
    """Tests that the project marks as wanting the internet are left out."""
    settings = facts.project.pytest
    if settings is None or recipe.framework is not TestFramework.PYTEST:
        return None
    addopts = settings.addopts if recipe.addopts is None else recipe.addopts
    found = tuple(name for name in settings.markers if name in _NETWORK_MARKERS)
    if not found or "-m" in addopts:  # a second -m would undo the project's own
        return None
    return changed(recipe, f"not {', '.join(found)}: those tests want the internet", markers=found)


def strict_config(facts: Facts, recipe: Recipe) -> Change | None:
    """Settings of plugins that are left out are unknown ones, which strict_config refuses."""
    settings = facts.project.pytest
    if (
        settings is None
        or not settings.strict_config
        or recipe.framework is not TestFramework.PYTEST
    ):
        return None
    for need in facts.needs.needs:
        if is_spared(facts, need) and any(
            reason.kind is ReasonKind.SETTING for reason in need.reasons
        ):
            return loosened(facts, recipe, f"settings of {need.package}, which is left out")
    return None


def markers_of_xdist(facts: Facts, recipe: Recipe) -> Change | None:
    """Without xdist its markers are unknown, which strict markers and warnings as errors mind."""
    settings = facts.project.pytest
    need = next((each for each in facts.needs.needs if each.package == "pytest-xdist"), None)
    if need is None or settings is None or recipe.framework is not TestFramework.PYTEST:
        return None
    marker = next((each for each in need.reasons if each.kind is ReasonKind.MARKER), None)
    if marker is None:
        return None
    reason = f"the marker {marker.detail} is xdist's"
    change = any_marker(facts, recipe, reason) if settings.strict_markers else None
    if any(line.startswith("error") for line in settings.filterwarnings):
        before = recipe if change is None else change.recipe
        words = ("-W", "default::pytest.PytestUnknownMarkWarning")
        change = changed(
            before, f"{shlex.join(words)}: {reason}", options=(*before.options, *words)
        )
    return change


def any_marker(facts: Facts, recipe: Recipe, reason: str) -> Change | None:
    """A recipe in which unregistered markers are taken; None where it takes them already."""
    settings = facts.project.pytest
    addopts = recipe.addopts
    if addopts is None:
        addopts = settings.addopts if settings else ()
    strict = [word for word in addopts if word in ("--strict-markers", "--strict")]
    if strict:
        kept = tuple(word for word in addopts if word not in strict)
        return changed(recipe, f"addopts without {strict[0]}: {reason}", addopts=kept)
    if "strict_markers=false" in recipe.options:
        return None
    return changed(
        recipe,
        f"-o strict_markers=false: {reason}",
        options=(*recipe.options, "-o", "strict_markers=false"),
    )


def loosened(facts: Facts, recipe: Recipe, reason: str) -> Change:
    """A recipe in which unknown settings are only warned of."""
    settings = facts.project.pytest
    addopts = recipe.addopts
    if addopts is None:
        addopts = settings.addopts if settings else ()
    if "--strict-config" in addopts:
        return changed(
            recipe,
            f"addopts without --strict-config: {reason}",
            addopts=tuple(word for word in addopts if word != "--strict-config"),
        )
    return changed(
        recipe,
        f"-o strict_config=false: {reason}",
        options=(*recipe.options, "-o", "strict_config=false"),
    )


def _module_folders(facts: Facts) -> list[str]:
    """The folders of the project's own packages, for tests that lie all over them."""
    folders = [
        posixpath.normpath(posixpath.join(source, module.replace(".", "/")))
        for source in facts.project.layout.source_dirs
        for module in facts.project.layout.modules
    ]
    return [folder for folder in folders if (facts.root / folder).is_dir()][:_MOST_PATHS]


def _below(facts: Facts, folder: str) -> Iterator[str]:
    top = facts.root / folder
    if top.is_dir():
        for path in sorted(top.rglob("*")):
            if path.is_dir() and path.name in SIDE_FOLDERS:
                yield path.relative_to(facts.root).as_posix()


test_paths.__test__ = False  # type: ignore[attr-defined]  # no test, though pytest likes the name

RULES: tuple[Callable[[Facts, Recipe], Change | None], ...] = (
    framework,
    no_xdist,
    addopts_without_tools,
    strict_config,
    markers_of_xdist,
    own_rootdir,
    test_paths,
    shipped_tests,
    side_folders,
    network_markers,
)
