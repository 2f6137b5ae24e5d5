"""One crash as a bug report, ready for CPython's tracker.

Its headings are those of CPython's form for crashes (.github/ISSUE_TEMPLATE/crash.yml).
"""

from __future__ import annotations

import re
import shlex
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from labeille.analysis.crash import invocation_of, test_alone
from labeille.analysis.inputs import condition_facts, target_facts
from labeille.analysis.repeat import repeat_command
from labeille.reports.crash_title import crash_title
from labeille.reports.document import (
    Bullets,
    Code,
    Document,
    Grid,
    Heading,
    Listing,
    Paragraph,
    document_markdown,
    inline,
)
from labeille.reports.page.circumstances import env_words, interpreter_words
from labeille.reports.quantities import counted
from labeille.reports.showable import last_lines, shortened, showable, shown_line
from labeille.results.model import Status
from labeille.results.triage import Attribution, LookKind, Repeats, Thresholds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from labeille.analysis.crash import Sighting, StoredCrash
    from labeille.analysis.runs import StoredRun
    from labeille.reports.document import Block, Inline
    from labeille.results.model import Record
    from labeille.results.triage import Look, TriageResult

#: Lines of the crash's own text: its words and both stacks are at its beginning.
_BLOCK_LINES = 90
#: Frames of a stack where only the record tells of it.
_FRAMES = 30
#: Other packages with the same signature that are named.
_NAMED = 15
_BACKTRACE = 12_000

_CONDITIONS = {
    "jit": "with the JIT on",
    "nojit": "with the JIT off",
    "jit-stress": "with the JIT on, under stress",
    "nogil": "with the GIL off",
    "gil": "with the GIL on",
}


def crash_report(crash: StoredCrash) -> str:
    """The report as markdown; the first heading is the issue's title, as it is to be entered."""
    body = document_markdown(Document("Crash report", tuple(_blocks(crash))))
    return _without_home(f"# {_title(crash)}\n\n#{body}")


def _title(crash: StoredCrash) -> str:
    title = crash_title(crash.signature)
    if not re.search(r"\bJIT\b", title) and _needs_jit(crash):
        title += " with the JIT"
    return title


def _blocks(crash: StoredCrash) -> Iterator[Block]:
    yield Heading("What happened?", level=3)
    yield from _what_happened(crash)
    yield from _steps(crash)
    yield from _jit(crash)
    yield from _stacks(crash)
    meta = crash.run.meta
    yield Heading("CPython versions tested on", level=3)
    yield Bullets(tuple(_versions(crash)))
    yield Heading("Operating systems tested on", level=3)
    system = shown_line(meta.platform) or "not recorded"
    yield Paragraph(inline(Code(system)))
    yield Heading("Output from running 'python -VV' on the command line", level=3)
    version = shown_line(target_facts(meta).version, 300)
    yield Listing(f"Python {version}" if version else "not recorded")
    target = meta.target or {}
    arguments = shown_line(str(target.get("configure_args") or ""), 2000)
    if arguments:
        yield Heading("Configure arguments", level=3)
        yield Listing(arguments)
    yield from _packages(crash)


# What happened


def _what_happened(crash: StoredCrash) -> Iterator[Block]:
    record = crash.record
    interpreter = interpreter_words(crash.run.meta)
    condition = _condition(crash.run, record)
    verb = "A child process of the test suite" if _in_child(record) else "The test suite"
    what = f"{verb} of {record.package} {_version(record)} crashes {interpreter} {condition}"
    yield Paragraph(inline(shown_line(what), *_where(record), "."))
    facts: list[Inline] = [inline("signature: ", Code(shown_line(crash.signature, 400)))]
    facts += [inline(text) for text in _repeated(crash)]
    if crash.triage is not None:
        facts += _triage_facts(crash.triage)
    yield Bullets(tuple(facts))


def _where(record: Record) -> Inline:
    phase = record.crash.phase if record.crash else "test"
    if phase != "test":
        return inline(f", in its {phase} phase")
    if record.running_test:
        return inline(", in ", Code(shown_line(record.running_test, 300)))
    return inline(f", {shown_line(record.reason, 300)}") if record.reason else ()


def _in_child(record: Record) -> bool:
    return record.crash is not None and record.crash.in_child


def _repeated(crash: StoredCrash) -> Iterator[str]:
    """How often it came again, as triage counted, or as the stored runs say."""
    found = crash.triage.look(LookKind.FOUND) if crash.triage else None
    if found is not None and found.repeats is not None:
        yield f"reproduced {found.repeats.same} of {found.repeats.runs} times as it was found"
    runs = {each.run.run_id for each in crash.sightings}
    packages = dict.fromkeys(each.record.package for each in crash.sightings)
    seen = f"seen in {counted(len(runs), 'run')}"
    if len(packages) > 1:
        names = ", ".join(list(packages)[:_NAMED])
        more = f" and {len(packages) - _NAMED} more" if len(packages) > _NAMED else ""
        seen += f", in {len(packages)} packages: {names}{more}"
    yield shown_line(seen, 600)


def _triage_facts(triage: TriageResult) -> Iterator[Inline]:
    if triage.attribution is not None:
        reason = f" ({shown_line(triage.reason, 400)})" if triage.reason else ""
        yield inline(f"{_ATTRIBUTIONS[triage.attribution]}{reason}")
    thresholds = triage.thresholds
    if thresholds is not None and thresholds.highest is not None:
        yield from _threshold_facts(thresholds)
    for known in triage.known:
        fixed = f", fixed in {', '.join(known.fixed_in)}" if known.fixed_in else ""
        yield inline(shown_line(f"may be gh-{known.issue}: {known.title}{fixed}", 300))
    for difference in triage.differences:
        yield inline(shown_line(f"not as recorded: {difference}", 300))


def _threshold_facts(thresholds: Thresholds) -> Iterator[Inline]:
    """An extreme threshold makes bugs that no user meets: which one, and what CPython's own do."""
    tried = ", ".join(f"{rung.threshold}: {rung.repeats}" for rung in thresholds.rungs)
    others = f" (others tried: {tried})" if tried else ""
    yield inline(f"highest JIT threshold at which it came: {thresholds.highest}{others}")
    if thresholds.stock is not None:
        yield inline(f"with the build's own JIT thresholds it came {thresholds.stock} times")


_ATTRIBUTIONS = {
    Attribution.JIT: "it needs the JIT",
    Attribution.INTERPRETER: "it does not need the JIT",
    Attribution.EXTENSION: "the frame that crashed is an extension module's",
    Attribution.UNCLEAR: "whether it needs the JIT is unclear",
}


# Steps


def _steps(crash: StoredCrash) -> Iterator[Block]:
    record = crash.record
    yield Heading("Steps to repeat", level=3)
    reduction = crash.reduction
    if reduction is not None and reduction.signature == crash.signature:
        times = f", which shows it {reduction.repeats} times" if reduction.repeats else ""
        words = "The smallest command that is known" if reduction.smallest else "A smaller command"
        yield Paragraph(inline(f"{words}{times}:"))
        yield Listing(_command(record, reduction.command))
        if reduction.script and (script := _read(crash.run.path / reduction.script)):
            yield Paragraph(inline("A script that does all of it:"))
            yield Listing(script)
    else:
        alone = test_alone(crash.run, record)
        if alone:
            yield Paragraph(inline("The running test alone, which may need others before it:"))
            yield Listing(_command(record, alone))
    yield Paragraph(inline("The whole suite:"))
    yield Listing(_recipe(crash))
    yield Paragraph(inline("The same with labeille:"))
    yield Listing(shown_line(repeat_command(record, crash.run.meta), 3000))


def _command(record: Record, command: str) -> str:
    env = {**record.package_env, **record.env_overrides}
    if re.search(r"\bpy\.?test\b", command):
        env.setdefault("PYTEST_ADDOPTS", "--capture=sys")
    return shown_line(f"{env_words(env)} {command}".strip(), 4000)


def _recipe(crash: StoredCrash) -> str:
    """Source, environment and tests in shell commands that need no labeille.

    pytest's own capture takes away what a C assertion or the C library says before the end.
    """
    record = crash.record
    python = shlex.quote(Path(crash.run.meta.target_python or "python3").name)
    lines = [*_source_lines(record), f"{python} -m venv ../env && . ../env/bin/activate"]
    lines.append(record.install_command or "pip install -e .")
    lines.append(_command(record, record.test_command or "# the crash is in the step above"))
    return "\n".join(shown_line(line, 4000) for line in lines)


def _source_lines(record: Record) -> Iterator[str]:
    if record.git_revision and record.repo:
        yield f"git clone {shlex.quote(record.repo)} source && cd source"
        yield f"git checkout {shlex.quote(record.git_revision)}"
        return
    version = record.sdist_version or record.package_version
    wanted = shlex.quote(f"{record.package}=={version}" if version else record.package)
    yield f"pip download --no-deps --no-binary :all: {wanted}"
    yield "mkdir source && tar xf *.tar.gz -C source --strip-components=1 && cd source"


# JIT on and off


def _jit(crash: StoredCrash) -> Iterator[Block]:
    """The verdicts under each condition: as triage found them, else as the stored runs say."""
    rows = list(_triage_rows(crash.triage)) if crash.triage else []
    rows = rows or list(_stored_rows(crash.others))
    if not rows:
        return
    yield Heading("JIT on and off", level=3)
    yield Grid(
        columns=("condition", "result"),
        rows=tuple((inline(condition), inline(result)) for condition, result in rows),
    )
    if not any(condition.startswith(_CONDITIONS["nojit"]) for condition, _ in rows):
        yield Paragraph(inline("It was not tried with the JIT off."))


def _triage_rows(triage: TriageResult) -> Iterator[tuple[str, str]]:
    for look in triage.looks:
        words = _condition_words(look.condition)
        if look.kind in _BUILDS:
            version = look.python_version.partition(" ")[0]
            words += f", {_BUILDS[look.kind]}" + (f" ({version})" if version else "")
        elif look.kind in _FURTHER:
            words += f", {_FURTHER[look.kind]}"
        yield shown_line(words), _look_result(look)


_BUILDS = {
    LookKind.DEBUG: "debug build",
    LookKind.RELEASE: "release build",
    LookKind.OTHER_TARGET: "other target",
}
_FURTHER = {
    LookKind.ALONE: "these tests alone",
    LookKind.MALLOC_DEBUG: "PYTHONMALLOC=debug",
    LookKind.GDB: "under gdb",
}


def _look_result(look: Look) -> str:
    if look.repeats is None:
        return shown_line(f"not tried: {look.reason or 'no reason is recorded'}", 300)
    repeats = look.repeats
    words = f"crashes {repeats.same} of {repeats.runs} times"
    other = repeats.crashes - repeats.same
    if other:
        words += f", {other} times with another signature"
    statuses = [
        f"{count} {status}" for status, count in repeats.statuses.items() if status != Status.CRASH
    ]
    return shown_line(", ".join([words, *statuses]))


def _stored_rows(others: Iterable[Sighting]) -> Iterator[tuple[str, str]]:
    by_condition: dict[str, Counter[Status]] = {}
    for each in others:
        condition = _condition(each.run, each.record)
        by_condition.setdefault(condition, Counter())[each.record.status] += 1
    for condition, counts in sorted(by_condition.items()):
        found = ", ".join(f"{count} {status}" for status, count in counts.items())
        yield shown_line(condition), f"{found} in {counted(counts.total(), 'run')}"


def _condition(run: StoredRun, record: Record) -> str:
    """The condition of a record in words, as they stand behind "it crashes"."""
    return _condition_words(record.condition or str(condition_facts(run.meta, record)))


def _condition_words(condition: str) -> str:
    if condition.startswith("jit-eager"):
        threshold = condition.partition(":")[2] or "1"
        return f"with the JIT on, compiling after {threshold}"
    return _CONDITIONS.get(condition, f"under {condition}")


def _needs_jit(crash: StoredCrash) -> bool:
    """Whether it is known to crash with the JIT only."""
    if crash.triage is not None and crash.triage.attribution is not None:
        return crash.triage.attribution is Attribution.JIT
    condition = crash.record.condition or ""
    off = [each.record for each in crash.others if each.record.condition == "nojit"]
    return (
        condition.startswith("jit")
        and bool(off)
        and all(record.status is not Status.CRASH for record in off)
    )


# Stacks


def _stacks(crash: StoredCrash) -> Iterator[Block]:
    yield Heading("Stack", level=3)
    block = [_plain_paths(line, crash) for line in showable(crash.block).split("\n")]
    if any(line.strip() for line in block):
        left_out = len(block) - _BLOCK_LINES
        shown = [shortened(line, 400) for line in block[:_BLOCK_LINES]]
        yield Listing("\n".join([*shown, *([f"… {left_out} more lines"] if left_out > 0 else [])]))
    else:
        yield from _recorded_stacks(crash.record)
    triage = crash.triage
    if triage is not None:
        for look in triage.looks:
            if look.kind is not LookKind.FOUND and look.detail:
                title = f"{look.kind}: "
                yield Paragraph(inline(title, Code(shown_line(look.detail, 400))))
        if triage.backtrace and (text := _read(crash.run.path / triage.backtrace)):
            yield Paragraph(inline("Backtrace:"))
            yield Listing(text)


_SITE_PACKAGES = re.compile(r'(?<=")/[^"]*?(?=/site-packages/)')


def _plain_paths(line: str, crash: StoredCrash) -> str:
    """A line of a stack without the folders that only the machine it is from has."""
    invocation = invocation_of(crash.run, crash.record)
    if invocation is not None:
        line = line.replace(f"{invocation.rootdir.rstrip('/')}/", "")
    return _SITE_PACKAGES.sub("…", line)


def _recorded_stacks(record: Record) -> Iterator[Block]:
    crash = record.crash
    stacks: Sequence[tuple[str, tuple[str, ...]]] = ()
    if crash is not None:
        stacks = (("Python stack", crash.python_stack), ("C stack", crash.c_stack))
        if crash.detail:
            yield Listing(last_lines(crash.detail, 2000))
    for title, stack in stacks:
        if stack:
            yield Paragraph(inline(f"{title}, innermost first:"))
            yield Listing("\n".join(shown_line(frame) for frame in stack[:_FRAMES]))
    if not any(stack for _, stack in stacks):
        yield Paragraph(inline("The process left none."))


# Versions


def _versions(crash: StoredCrash) -> Iterator[Inline]:
    yield inline(shown_line(interpreter_words(crash.run.meta)))
    if crash.triage is None:
        return
    for look in crash.triage.looks:
        if look.kind in _BUILDS and look.python_version:
            came = _came(look.repeats)
            yield inline(shown_line(f"{look.python_version} ({look.kind}): {came}", 300))


def _came(repeats: Repeats | None) -> str:
    return "not tried" if repeats is None else f"crashes {repeats.same} of {repeats.runs} times"


def _packages(crash: StoredCrash) -> Iterator[Block]:
    record = crash.record
    yield Heading("Package and versions", level=3)
    facts: list[Inline] = [inline(Code(shown_line(f"{record.package} {_version(record)}")))]
    if record.git_revision:
        source = f"{record.repo or ''} at {record.git_revision}"
        facts.append(inline("source: ", Code(shown_line(source, 300))))
    elif record.install_from:
        facts.append(inline(f"source: {shown_line(record.install_from)}"))
    yield Bullets(tuple(facts))
    versions = [
        f"{name}=={version}" for name, version in sorted(record.installed_dependencies.items())
    ]
    if versions:
        yield Listing("\n".join(shown_line(line) for line in versions))


def _version(record: Record) -> str:
    return record.package_version or record.sdist_version or (record.git_revision or "")[:12]


def _read(path: Path) -> str:
    """A text of the run, bounded; empty where there is none."""
    try:
        content = path.read_bytes()[: 4 * _BACKTRACE]
    except OSError:
        return ""
    return last_lines(content.decode("utf-8", "backslashreplace"), _BACKTRACE)


def _without_home(text: str) -> str:
    """A report goes to strangers: nobody's home is named in it."""
    home = str(Path.home())
    return re.sub(rf"{re.escape(home)}(?=/)", "~", text) if len(home) > 1 else text
