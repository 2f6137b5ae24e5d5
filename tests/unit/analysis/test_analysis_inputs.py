"""What a package was tested with is compared aspect by aspect, and concluded from with care."""

from __future__ import annotations

import pytest

from labeille.analysis.compare import Change
from labeille.analysis.inputs import Aspect, Differences, InRun, Sameness, differences
from labeille.reports.comparison import difference_lines
from labeille.results.model import Record, RunMeta, Status

COMMIT = "abc1234def5678abc1234def5678abc1234def56"
OTHER = "fff1234def5678abc1234def5678abc1234def56"
VERSION = "3.15.0a5 (main, Feb 20 2026, 10:00:00) [GCC 15.2.0]"
NEWER = "3.15.0a6 (main, Mar 12 2026, 10:00:00) [GCC 15.2.0]"

#: As the original writes them: no target id, no condition, arguments as a mapping.
ORIGINAL = RunMeta(
    run_id="run_1",
    started_at="2026-02-24T10:00:00+00:00",
    target_python="/opt/jit/python",
    python_version=VERSION,
    jit_enabled=True,
    cli_args={"workers": 4, "target_python": "/opt/jit/python"},
)
OURS = RunMeta(
    run_id="r",
    started_at="2026-02-24T10:00:00+00:00",
    target_python="/opt/jit/python",
    python_version=VERSION,
    target_id="d1b106c968d0",
    target={"version_text": VERSION, "debug": False, "configure_args": "--with-x", "build": "1"},
)


def in_run(meta: RunMeta = ORIGINAL, **fields: object) -> InRun:
    values: dict[str, object] = {
        "package": "requests",
        "status": Status.PASS,
        "repo": "https://example.org/requests",
        "git_revision": COMMIT,
        "test_command": "pytest",
        "installed_dependencies": {"pytest": "9.1", "pluggy": "1.6", "requests": "2.33.dev1"},
    }
    return InRun(record=Record(**(values | fields)), meta=meta)  # type: ignore[arg-type]


def changed_meta(meta: RunMeta = ORIGINAL, **fields: object) -> RunMeta:
    return RunMeta(**{name: getattr(meta, name) for name in meta.__struct_fields__} | fields)


def lines(before: InRun, after: InRun, change: Change = Change.NEW_CRASH) -> list[str]:
    return difference_lines(change, differences(before, after))


BLAME = "Repo: abc1234 → abc1234 (unchanged — likely a CPython/JIT regression)"


@pytest.mark.parametrize("meta", [ORIGINAL, OURS])
@pytest.mark.parametrize("change", [Change.NEW_CRASH, Change.REGRESSED, Change.OTHER_CRASH])
def test_with_all_else_unchanged_the_interpreter_is_to_blame(meta: RunMeta, change: Change) -> None:
    said = lines(in_run(meta), in_run(meta), change)
    assert said[0] == BLAME
    assert "dependencies" in said[-2]
    assert "Nothing that is recorded changed" in said[-1]


@pytest.mark.parametrize(
    ("after", "source", "what"),
    [
        pytest.param(
            in_run(changed_meta(python_version=NEWER, target_python="/opt/a6/python")),
            "Repo: abc1234 → abc1234 (unchanged, but the target changed)",
            f"Target: {VERSION} → {NEWER} (changed — nothing else did, so look there first)",
            id="another target",
        ),
        pytest.param(
            in_run(changed_meta(target_python="/opt/debug/python")),
            "Repo: abc1234 → abc1234 (unchanged, but the target changed)",
            f"Target: {VERSION} → {VERSION} (changed — nothing else did, so look there first): "
            "the same version at another path, /opt/jit/python → /opt/debug/python",
            id="the same version elsewhere may be another build",
        ),
        pytest.param(
            in_run(installed_dependencies={"Pytest": "9.2", "iniconfig": "2"}),
            "Repo: abc1234 → abc1234 (unchanged, but the dependencies changed)",
            "Dependencies: iniconfig 2 (added), pluggy 1.6 (gone), pytest 9.1 → 9.2 "
            "(changed — nothing else did, so look there first)",
            id="other dependencies",
        ),
        pytest.param(
            in_run(changed_meta(jit_enabled=False)),
            "Repo: abc1234 → abc1234 (unchanged, but the condition changed)",
            "Condition: JIT on → JIT off (changed — nothing else did, so look there first)",
            id="another condition",
        ),
        pytest.param(
            in_run(changed_meta(env_overrides={"PYTHONHASHSEED": "1"})),
            "Repo: abc1234 → abc1234 (unchanged, but the condition changed)",
            "Condition: JIT on → JIT on (changed — nothing else did, so look there first): "
            "PYTHONHASHSEED 1 (added)",
            id="another variable",
        ),
        pytest.param(
            in_run(changed_meta(python_version=NEWER), installed_dependencies={"pytest": "9.2"}),
            "Repo: abc1234 → abc1234 (unchanged, but the target and the dependencies changed)",
            "Dependencies: pluggy 1.6 (gone), pytest 9.1 → 9.2 (changed)",
            id="two things",
        ),
        pytest.param(
            in_run(test_command="pytest -x"),
            "Repo: abc1234 → abc1234 (unchanged, but the test command changed)",
            "Test command: pytest → pytest -x (changed — nothing else did, so look there first)",
            id="another command",
        ),
        pytest.param(
            in_run(git_revision=OTHER),
            "Repo: abc1234 → fff1234 (changed — nothing else did, so look there first)",
            "Target, condition, dependencies, test command: unchanged",
            id="another commit",
        ),
        pytest.param(
            in_run(git_revision=OTHER, repo="https://example.org/fork/requests"),
            "Repo: abc1234 → fff1234 (changed — nothing else did, so look there first; "
            "the repository changed: https://example.org/requests → "
            "https://example.org/fork/requests)",
            "Target, condition, dependencies, test command: unchanged",
            id="a fork",
        ),
        pytest.param(
            in_run(installed_dependencies={}),
            "Repo: abc1234 → abc1234 (unchanged, but one run did not record the dependencies)",
            "Dependencies: recorded in one run only",
            id="dependencies of one run only",
        ),
    ],
)
def test_what_else_changed_is_named_instead(after: InRun, source: str, what: str) -> None:
    said = lines(in_run(), after)
    assert said[0] == source
    assert what in said
    assert "regression" not in "".join(said)


def test_an_improvement_or_an_unchanged_verdict_blames_nobody() -> None:
    for change in (Change.FIXED, Change.CRASH_GONE, Change.UNTESTED, Change.SAME):
        assert lines(in_run(), in_run(), change)[0] == "Repo: abc1234 → abc1234 (unchanged)"


def test_nothing_is_concluded_from_an_unknown_source() -> None:
    said = lines(in_run(git_revision=None), in_run(git_revision=None))
    assert said[0] == "Repo: not recorded" or said[0] == "Release: not recorded"
    half = lines(in_run(git_revision=None), in_run(changed_meta(python_version=NEWER)))
    assert half[0] == "Repo: recorded in one run only"
    assert "nothing else did" not in "".join(half)


@pytest.mark.parametrize(
    ("before", "after", "sameness", "shown"),
    [
        ({"git_revision": COMMIT}, {"git_revision": COMMIT[:10]}, "unchanged", ("abc1234",) * 2),
        ({"git_revision": COMMIT}, {"git_revision": COMMIT.upper()}, "unchanged", None),
        ({"git_revision": COMMIT[:4]}, {"git_revision": COMMIT}, "changed", None),
        ({"git_revision": COMMIT}, {"git_revision": COMMIT[:-1] + "0"}, "changed", None),
        ({"sdist_version": "1.0"}, {"sdist_version": "1.0"}, "unchanged", ("1.0", "1.0")),
        ({"sdist_version": "1.0"}, {"sdist_version": "1.1"}, "changed", ("1.0", "1.1")),
        ({"package_version": "1.0"}, {"package_version": "1.0"}, "unchanged", ("1.0", "1.0")),
        ({"git_revision": COMMIT}, {"sdist_version": "1.0"}, "changed", ("abc1234", "1.0")),
        ({"sdist_version": "1.0"}, {}, "recorded in one run only", None),
    ],
)
def test_when_a_source_is_the_same(
    before: dict[str, object],
    after: dict[str, object],
    sameness: str,
    shown: tuple[str, str] | None,
) -> None:
    none = {"git_revision": None}
    source = differences(in_run(**none | before), in_run(**none | after)).source  # type: ignore[arg-type]
    assert source.sameness.value == sameness
    assert shown is None or (source.before, source.after) == shown
    if sameness == "changed":
        assert source.before != source.after


def found(before: RunMeta, after: RunMeta) -> Differences:
    return differences(in_run(before), in_run(after))


def test_builds_of_one_version_are_told_apart_by_their_ids() -> None:
    debug = changed_meta(
        OURS,
        target_id="0123456789ab",
        target_python="/elsewhere",
        target={**(OURS.target or {}), "debug": True, "configure_args": "--with-pydebug " * 9},
    )
    target = found(OURS, debug).target
    assert target.sameness is Sameness.CHANGED
    assert target.details == ("debug: no → yes", "another configure args")
    moved = changed_meta(OURS, target_python="/elsewhere")
    assert found(OURS, moved).target.sameness is Sameness.UNCHANGED


def test_a_record_has_a_target_and_a_condition_of_its_own() -> None:
    meta = changed_meta(OURS, condition="jit", env_overrides={"PYTHON_JIT": "1"})
    before = in_run(meta, condition="nojit", env_overrides={"PYTHON_JIT": "0"}, target_id="x")
    after = in_run(meta, condition="jit", env_overrides={"PYTHON_JIT": "1"}, target_id="y")
    assert differences(before, after).changed == (Aspect.TARGET, Aspect.CONDITION)


def test_what_variables_a_condition_sets_is_up_to_the_build() -> None:
    knobs = {"PYTHON_JIT": "1", "PYTHON_JIT_RESUME_INITIAL_VALUE": "1"}
    before = in_run(OURS, condition="jit-eager", env_overrides=knobs)
    more = {**knobs, "PYTHON_JIT_SIDE_EXIT_INITIAL_VALUE": "1"}
    same = in_run(OURS, condition="jit-eager", env_overrides=more)
    other = in_run(changed_meta(OURS, target_id="0123456789ab"), condition="jit-eager",
                   env_overrides=more)  # fmt: skip
    assert differences(before, same).changed == (Aspect.CONDITION,)
    assert differences(before, other).changed == (Aspect.TARGET,)


def test_what_no_run_recorded_is_called_so() -> None:
    empty = RunMeta(run_id="r", started_at="")
    said = lines(in_run(empty, installed_dependencies={}), in_run(empty, installed_dependencies={}))
    assert "Target: not recorded" in said
    assert "Condition: not recorded" in said
    assert "Dependencies: not recorded" in said


def test_a_crash_of_what_was_not_tested_before_blames_nobody() -> None:
    for status in (Status.INSTALL_ERROR, Status.ERROR):
        found = differences(in_run(status=status), in_run())
        said = difference_lines(Change.NEW_CRASH, found, tested_before=False)
        assert said[0] == "Repo: abc1234 → abc1234 (unchanged)"
        assert "Nothing" not in said[-1]
        other = differences(in_run(status=status), in_run(changed_meta(python_version=NEWER)))
        said = difference_lines(Change.NEW_CRASH, other, tested_before=False)
        assert "look there first" not in "".join(said)
