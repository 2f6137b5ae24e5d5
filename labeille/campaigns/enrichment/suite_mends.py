"""Mends of suites that do not run: by pytest's exit code and its words."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from labeille.campaigns.enrichment.attempt import Attempt, Stage
from labeille.campaigns.enrichment.install_rules import needed, without
from labeille.campaigns.enrichment.model import Change, Facts, changed
from labeille.campaigns.enrichment.modules import (
    missing_modules,
    package_of,
    packages_asked_for,
)
from labeille.campaigns.enrichment.suite_rules import any_marker, loosened
from labeille.projects.catalogue import PytestPlugin, known_plugins
from labeille.registry.model import SourceKind, TestFramework
from labeille.results.model import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

#: The share of tests that must fail for one reason before it is worth another attempt.
_WORTH_AN_ATTEMPT = 0.02

_NO_FIXTURE = re.compile(r"fixture ['\"](?P<name>\w+)['\"] not found")
_NO_MARKER = re.compile(r"['\"](?P<name>\w+)['\"] not found in `markers` configuration option")
_NO_OPTION = re.compile(r"unrecognized arguments: (?P<words>[^\n]+)")
_NO_SETTING = re.compile(r"Unknown config (?:option|ini key)s?: (?P<name>\w+)")
# A setting of pyproject.toml whose type pytest minds, and does not on its command line.
_SETTING_TYPE = re.compile(
    r"config option '(?P<name>\w+)' expects [^\n]*, got \w+: '?(?P<value>[^'\n]*)'?"
)
_NO_PLUGINS = re.compile(r"Missing required plugins: (?P<names>[^\n]+)")
# Warnings of Python and of pytest itself, as the exceptions that filterwarnings = error makes.
_WARNING_AS_ERROR = re.compile(
    r"^(?:E|INTERNALERROR>)?\s*(?P<name>(?:Pending)?DeprecationWarning|FutureWarning|SyntaxWarning"
    r"|ImportWarning|EncodingWarning|ResourceWarning|pytest\.Pytest\w+Warning): ",
    re.MULTILINE,
)
_INTERNAL_FRAME = re.compile(
    r"^INTERNALERROR>\s+File \"[^\"]*/site-packages/(?P<name>(?!_pytest\b)\w+)", re.MULTILINE
)
_ALARM = re.compile(r"^INTERNALERROR> .*Timeout \(?>[\d.]+s\)?.*", re.MULTILINE)
#: https://github.com/pytest-dev/pytest-timeout#avoiding-timeouts-in-fixtures
_FUNCTIONS_ONLY = "timeout_func_only=true"
#: https://docs.pytest.org/en/stable/reference/exit-codes.html
_INTERNAL_ERROR = 3
# What tests import of each other, from a folder whose __init__.py or module is not there.
_OF_THE_TESTS = re.compile(
    r"cannot import name '(?P<name>\w+)' from '(?P<namespace>[\w.]+)' \(unknown location\)"
    r"|No module named '(?P<module>\w+(?:\.\w+)+)'"
)
_MISMATCH = re.compile(r"import file mismatch")
_FILTER = re.compile(r"while parsing the following warning configuration")


def missing_module(facts: Facts, attempt: Attempt) -> Change | None:
    """Modules that the suite could not import and whose package is known."""
    if attempt.stage is not Stage.TEST:
        return None
    texts = [attempt.output] if not attempt.ran else _frequent_messages(attempt)
    modules = [module for text in texts for module in missing_modules(text)]
    found = [package_of(facts, module) for module in modules]
    found += [package for text in texts for package in packages_asked_for(facts, text)]
    return _with_packages(attempt, found, "missing")


def missing_fixture(facts: Facts, attempt: Attempt) -> Change | None:
    """A fixture of a plugin that nothing declares."""
    del facts
    names = {match["name"] for match in _NO_FIXTURE.finditer(attempt.output)}
    if attempt.stage is not Stage.TEST or not names:
        return None
    found = [
        _only(plugin for plugin in known_plugins() if name in plugin.fixtures) for name in names
    ]
    return _with_packages(attempt, found, "fixtures")


def missing_marker(facts: Facts, attempt: Attempt) -> Change | None:
    """A marker of a plugin, or one that strict markers refuse."""
    names = {match["name"] for match in _NO_MARKER.finditer(attempt.output)}
    if attempt.stage is not Stage.TEST or not names:
        return None
    found = [
        _only(plugin for plugin in known_plugins() if name in plugin.markers) for name in names
    ]
    change = _with_packages(attempt, found, "markers")
    if change is not None:
        return change
    return any_marker(
        facts, attempt.recipe, f"the marker {', '.join(sorted(names))} is not registered"
    )


def unknown_option(facts: Facts, attempt: Attempt) -> Change | None:
    """An option of pytest's configuration that no plugin here has: the plugin, or without it."""
    match = _NO_OPTION.search(attempt.output)
    if attempt.stage is not Stage.TEST or match is None:
        return None
    words = match["words"].split()
    names = [word.lstrip("-").partition("=")[0] for word in words if word.startswith("-")]
    found = [
        _only(plugin for plugin in known_plugins() if plugin.has_option(name)) for name in names
    ]
    found = [name for name in found if name not in ("pytest-xdist", "pytest-cov")]
    change = _with_packages(attempt, found, "options")
    if change is not None:
        return change
    settings = facts.project.pytest
    addopts = attempt.recipe.addopts
    if addopts is None:
        addopts = settings.addopts if settings else ()
    kept = tuple(word for word in addopts if word not in words)
    if kept == tuple(addopts):
        return None
    return changed(
        attempt.recipe, f"addopts without {' '.join(words)}, which nothing here has", addopts=kept
    )


def unknown_setting(facts: Facts, attempt: Attempt) -> Change | None:
    """A setting that strict_config refuses: its plugin, or -o strict_config=false."""
    names = {match["name"] for match in _NO_SETTING.finditer(attempt.output)}
    if attempt.stage is not Stage.TEST or not names or attempt.ran:
        return None
    found = [
        _only(plugin for plugin in known_plugins() if name.lower() in plugin.ini) for name in names
    ]
    change = _with_packages(attempt, found, "settings")
    if change is not None:
        return change
    if "strict_config=false" in attempt.recipe.options:
        return None
    return loosened(facts, attempt.recipe, f"{', '.join(sorted(names))} is unknown")


def setting_of_another_type(facts: Facts, attempt: Attempt) -> Change | None:
    """A number that is written as text, or the other way: as text, which -o takes for both."""
    del facts
    match = _SETTING_TYPE.search(attempt.output)
    if attempt.ran or attempt.stage is not Stage.TEST or match is None:
        return None
    word = f"{match['name']}={match['value']}"
    if word in attempt.recipe.options:
        return None
    options = (*attempt.recipe.options, "-o", word)
    reason = f"-o {word}: pytest minds the type that the setting is written in"
    return changed(attempt.recipe, reason, options=options)


def required_plugins(facts: Facts, attempt: Attempt) -> Change | None:
    """Plugins that the configuration insists on."""
    del facts
    match = _NO_PLUGINS.search(attempt.output)
    if attempt.stage is not Stage.TEST or match is None:
        return None
    words = re.split(r",\s*", match["names"].strip())
    names = [re.split(r"[<>=!~\s]", word)[0] for word in words]
    return _with_packages(attempt, [canonicalize_name(name) for name in names if name], "required")


def broken_plugin(facts: Facts, attempt: Attempt) -> Change | None:
    """A plugin that breaks pytest from inside is left out; what needs it shows as errors."""
    found = _INTERNAL_FRAME.findall(attempt.output)
    if attempt.exit_code != _INTERNAL_ERROR or not found or attempt.ran:
        return None
    if _ALARM.search(attempt.output) or warnings_shown(facts, attempt) is not None:
        return None  # no fault of its own: an alarm, or a warning that is made an error
    package = canonicalize_name(found[-1])
    if package in ("pytest", "pluggy", *attempt.recipe.left_out):
        return None
    if package not in {need.package for need in needed(facts)}:
        return None
    change = changed(
        without(facts, attempt.recipe, [package]),
        f"without {package}, which breaks pytest from inside",
    )
    if _has(attempt, "--continue-on-collection-errors"):
        return change
    options = (*change.recipe.options, "--continue-on-collection-errors")
    return changed(change.recipe, change.reason, options=options)


def alarm_in_pytest(facts: Facts, attempt: Attempt) -> Change | None:
    """pytest-timeout's alarm went off in pytest's own work, after a test: only in tests then."""
    del facts
    if attempt.exit_code != _INTERNAL_ERROR or not _ALARM.search(attempt.output):
        return None
    if _FUNCTIONS_ONLY in attempt.recipe.options:
        return None
    return changed(
        attempt.recipe,
        f"-o {_FUNCTIONS_ONLY}: an alarm of pytest-timeout went off in pytest itself",
        options=(*attempt.recipe.options, "-o", _FUNCTIONS_ONLY),
    )


def import_mode(facts: Facts, attempt: Attempt) -> Change | None:
    """Test files of one name in several folders."""
    del facts
    if not _MISMATCH.search(attempt.output) or _has(attempt, "--import-mode"):
        return None
    return _with_option(attempt, "--import-mode=importlib", "test files share a name")


def warnings_shown(facts: Facts, attempt: Attempt) -> Change | None:
    """Warnings as errors that stop a suite older than this Python are only shown."""
    if attempt.ran or attempt.trial is None:
        return None
    settings = facts.project.pytest
    if settings is None or not any(line.startswith("error") for line in settings.filterwarnings):
        return None
    messages = [error.message or "" for error in attempt.trial.log.collect_errors]
    text = "\n".join([attempt.output, *messages])
    found = {match["name"] for match in _WARNING_AS_ERROR.finditer(text)}
    # of pytest's own all, which are about the suite: one may well hide the next
    names = sorted("pytest.PytestWarning" if "." in name else name for name in found)
    shown = attempt.recipe.options
    names = [name for name in dict.fromkeys(names) if f"default::{name}" not in shown]
    if not names:
        return None
    words = [word for name in names for word in ("-W", f"default::{name}")]
    return changed(
        attempt.recipe,
        f"{shlex.join(words)}: as an error it stops the suite on {facts.python_version}",
        options=(*attempt.recipe.options, *words),
    )


def runs_by_pytest(facts: Facts, attempt: Attempt) -> Change | None:
    """What unittest does not find, pytest may."""
    if attempt.recipe.framework is TestFramework.PYTEST or attempt.stage is not Stage.TEST:
        return None
    if attempt.ran or attempt.verdict.status in (Status.TIMEOUT, Status.CRASH):
        return None
    rootdir = ("--rootdir", ".") if facts.project.pytest is None else ()
    return changed(
        attempt.recipe,
        f"pytest: {attempt.recipe.framework} does not run it ({attempt.summary[:80]})",
        framework=TestFramework.PYTEST,
        command="",
        requirements=(*attempt.recipe.requirements, "pytest"),
        options=rootdir,
        paths=facts.needs.test_dirs,
    )


def past_collection(facts: Facts, attempt: Attempt) -> Change | None:
    """Files that cannot be collected stay visible as errors, and the others run."""
    del facts
    if attempt.ran or attempt.trial is None or _has(attempt, "--continue-on-collection-errors"):
        return None
    if attempt.exit_code not in (1, 2) or not attempt.trial.log.collect_errors:
        return None
    count = len(attempt.trial.log.collect_errors)
    return _with_option(
        attempt,
        "--continue-on-collection-errors",
        f"{count} file{'s' * (count != 1)} cannot be collected "
        f"({attempt.trial.log.collect_errors[0].message or 'an error'})"[:160],
    )


def incomplete_tests(facts: Facts, attempt: Attempt) -> Change | None:
    """The last resort: an sdist whose tests want modules of theirs that it lacks is skipped."""
    if attempt.ran or attempt.trial is None or facts.source is not SourceKind.SDIST:
        return None
    errors = attempt.trial.log.collect_errors
    tops = {path.partition("/")[0] for path in facts.needs.test_dirs}
    lacking: list[str] = []
    for error in errors:
        match = _OF_THE_TESTS.search(error.message or "")
        module = match and (match["namespace"] or match["module"])
        if match and module and module.partition(".")[0] in tops:
            lacking.append(f"{module}:{match['name']}" if match["name"] else module)
    if not lacking or len(lacking) * 2 < len(errors):
        return None
    reason = f"the sdist lacks part of its tests: {', '.join(dict.fromkeys(lacking))}"[:160]
    return changed(attempt.recipe, reason, skip_reason=reason)


def plain_paths(facts: Facts, attempt: Attempt) -> Change | None:
    """pytest found nothing: by the files themselves."""
    if attempt.exit_code not in (4, 5) or attempt.recipe.framework is not TestFramework.PYTEST:
        return None
    dirs = facts.needs.test_dirs
    if not dirs or attempt.recipe.paths == dirs or "--pyargs" in attempt.recipe.options:
        return None
    return changed(attempt.recipe, f"tests in {', '.join(dirs)}", paths=dirs)


def _frequent_messages(attempt: Attempt) -> list[str]:
    """Messages of failed tests that many share."""
    if attempt.trial is None or not attempt.trial.log.results:
        return []
    messages = Counter(result.message for result in attempt.trial.log.results if result.message)
    messages.update(error.message for error in attempt.trial.log.collect_errors if error.message)
    many = max(1.0, len(attempt.trial.log.results) * _WORTH_AN_ATTEMPT)
    return [message for message, count in messages.items() if message and count >= many]


def _only(plugins: Iterable[PytestPlugin]) -> str | None:
    """The package, where just one has the thing."""
    found = [plugin.package for plugin in plugins]
    return found[0] if len(found) == 1 else None


def _with_packages(attempt: Attempt, found: Iterable[str | None], why: str) -> Change | None:
    recipe = attempt.recipe
    there: set[str] = {canonicalize_name(Requirement(each).name) for each in recipe.requirements}
    there.update(recipe.left_out)
    packages = tuple(dict.fromkeys(name for name in found if name and name not in there))
    if not packages:
        return None
    return changed(
        recipe,
        f"{', '.join(packages)}: the suite shows that it needs it ({why})",
        requirements=(*recipe.requirements, *packages),
    )


def _has(attempt: Attempt, option: str) -> bool:
    return any(word.startswith(option) for word in attempt.recipe.options)


def _with_option(attempt: Attempt, option: str, why: str) -> Change:
    return changed(attempt.recipe, f"{option}: {why}", options=(*attempt.recipe.options, option))


MENDS: tuple[Callable[[Facts, Attempt], Change | None], ...] = (
    missing_module,
    missing_fixture,
    missing_marker,
    unknown_option,
    unknown_setting,
    setting_of_another_type,
    required_plugins,
    broken_plugin,
    alarm_in_pytest,
    import_mode,
    warnings_shown,
    runs_by_pytest,
)
LAST_RESORTS: tuple[Callable[[Facts, Attempt], Change | None], ...] = (
    plain_paths,
    past_collection,
    incomplete_tests,
)
