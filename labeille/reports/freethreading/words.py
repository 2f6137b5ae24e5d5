"""Words for what free-threaded runs found, the same in every table and document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labeille.analysis.freethreading.compat import package_compat
from labeille.analysis.freethreading.flaky import Cluster, Sameness
from labeille.reports.document import Code, Inline, inline
from labeille.reports.words import one_line
from labeille.results.freethreading import Breakage, Category

if TYPE_CHECKING:
    from labeille.analysis.freethreading.flaky import Counts
    from labeille.analysis.freethreading.rates import FailureRate
    from labeille.results.freethreading import FreeThreadedRecord, TestTally

#: Categories in the order in which people want to read them.
GRAVITY = (
    Category.CRASH,
    Category.DEADLOCK,
    Category.TSAN_WARNINGS,
    Category.INCOMPATIBLE,
    Category.INTERMITTENT,
    Category.COMPATIBLE_GIL_FALLBACK,
    Category.COMPATIBLE,
    Category.IMPORT_FAILURE,
    Category.INSTALL_FAILURE,
    Category.UNKNOWN,
)

#: What each category means, in a sentence.
MEANINGS = {
    Category.CRASH: "at least one iteration crashed",
    Category.DEADLOCK: "at least one iteration stalled: nothing was printed for the threshold",
    Category.TSAN_WARNINGS: "ThreadSanitizer reported at least one race",
    Category.INCOMPATIBLE: "no iteration passed",
    Category.INTERMITTENT: "some iterations passed and some did not",
    Category.COMPATIBLE_GIL_FALLBACK: "all passed, but an extension module turns the GIL on again",
    Category.COMPATIBLE: "all iterations passed",
    Category.IMPORT_FAILURE: "it cannot be imported",
    Category.INSTALL_FAILURE: "it cannot be installed",
    Category.UNKNOWN: "no iteration says anything",
}

_VERDICTS = {
    Breakage.NONE: "",
    Breakage.FREE_THREADING: "free threading breaks it",
    Breakage.PRE_EXISTING: "fails with the GIL too",
    Breakage.UNDECIDED: "too few runs to tell",
}

_CLUSTERS = {
    Cluster.ONE_TEST: "every failure is in one and the same test",
    Cluster.TOGETHER: "the same tests fail together each time",
    Cluster.SHARED: "one test is always among those that fail, the others vary",
    Cluster.SPREAD: "the failing tests vary from one iteration to the next",
    Cluster.NONE: "",
}


def percent(share: float) -> str:
    """A share in percent; what is not quite 0 or 100 is not shown as either."""
    text = f"{100 * share:.0f}"
    if (text == "0" and share > 0) or (text == "100" and share < 1):
        text = f"{100 * share:.1f}"
        if text in ("0.0", "100.0"):
            return "<0.1 %" if text == "0.0" else ">99.9 %"
    return f"{text} %"


def interval_text(rate: FailureRate) -> str:
    """The 95 % interval of a failure rate."""
    return f"{100 * rate.interval.low:.0f}–{100 * rate.interval.high:.0f} %"


def catch_text(rate: FailureRate) -> str:
    """How many runs show a failure with 99 %: at the measured rate, and at the interval's low."""
    if rate.to_catch is None:
        return ""
    if rate.to_catch == rate.to_catch_at_worst or rate.to_catch_at_worst is None:
        return str(rate.to_catch)
    return f"{rate.to_catch} to {rate.to_catch_at_worst}"


def rate_sentence(rate: FailureRate) -> str:
    """How many iterations fail, the rate with its interval, and what would catch it."""
    if not rate.runs:
        return "no iteration says anything"
    if not rate.failures:
        return f"all {rate.runs} iterations pass"
    text = f"fails in {rate.failures} of {rate.runs} iterations"
    text += f": {percent(rate.rate)} (95 % interval {interval_text(rate)})"
    if rate.is_intermittent:
        text += f"; {rate.to_catch} runs show it with 99 %"
        if rate.to_catch_at_worst != rate.to_catch:
            text += f", {rate.to_catch_at_worst} at the interval's lower end"
    return text


def verdict_text(breakage: Breakage | None) -> str:
    """Whether free threading is to blame; empty where that was not asked, or nothing fails."""
    return _VERDICTS[breakage] if breakage is not None else ""


def tally_verdict(tally: TestTally) -> str:
    """The verdict on a test, with the figures that it rests on; empty without runs with the GIL."""
    if not tally.gil_runs:
        return ""
    failures = tally.gil_runs - tally.gil_passes
    p_value = f", p = {tally.p_value:.2g}" if tally.p_value is not None else ""
    return f"{verdict_text(tally.breakage)} ({failures} of {tally.gil_runs} with it{p_value})"


def cluster_text(cluster: Cluster) -> str:
    """Where a package's failures fall."""
    return _CLUSTERS[cluster]


def times(count: int) -> str:
    """How often: "once", "3 times"."""
    return "once" if count == 1 else f"{count} times"


def counts_text(counts: Counts) -> str:
    """Counts on a line: "6 pass, 4 fail"."""
    return ", ".join(f"{count} {word}" for word, count in counts)


def same_text(same: Sameness, singular: str) -> str:
    """Whether things agree: "one and the same place", "varied places"."""
    return {
        Sameness.SAME: f"one and the same {singular}",
        Sameness.VARIED: f"varied {singular}s",
        Sameness.ONCE: f"one {singular}, seen once",
        Sameness.UNKNOWN: "",
    }[same]


def category_counts(records: list[FreeThreadedRecord]) -> list[tuple[Category, int]]:
    """How many packages each category has, the gravest first; those that have none left out."""
    counts = {each: sum(record.category is each for record in records) for each in GRAVITY}
    return [(category, count) for category, count in counts.items() if count]


def remark(record: FreeThreadedRecord) -> Inline:
    """What there is to say of a package on one line."""
    if record.install_error or record.import_error:
        return inline(one_line(record.install_error or record.import_error or ""))
    parts: list[str | Code] = []
    crashes = [i.crash_signature for i in record.iterations if i.crash_signature]
    hung = [i for i in record.iterations if i.stacks or i.output_stalled]
    if crashes:
        parts.append(Code(crashes[0]))
    elif hung and hung[0].running_test:
        parts += ["in ", Code(hung[0].running_test)]
        if hung[0].activity:
            parts.append(f", {hung[0].activity}")
    elif record.tsan_reports:
        report = record.tsan_reports[0]
        parts += [f"{report.type}: ", Code(" / ".join(report.functions))]
        parts += _more(len(record.tsan_reports), "report")
    elif record.flaky_tests:
        names = sorted(record.flaky_tests, key=lambda name: -record.flaky_tests[name])
        parts.append(Code(names[0]))
        parts += _more(len(names), "test")
    elif record.tests:
        parts.append(Code(next(iter(record.tests))))
        parts += _more(len(record.tests), "test")
    elif record.category is Category.COMPATIBLE_GIL_FALLBACK:
        parts += _turned_on_by(record)
    elif record.reason:
        parts.append(one_line(record.reason))
    if verdict := verdict_text(record.breakage):
        parts.append(f"; {verdict}" if parts else verdict)
    return tuple(parts)


def _turned_on_by(record: FreeThreadedRecord) -> list[str | Code]:
    asking = package_compat(record).asking
    if not asking:
        return ["the GIL comes on"]
    return [
        "the GIL comes on with ",
        Code(asking[0].module_name),
        *_more(len(asking), "module"),
    ]


def _more(count: int, singular: str) -> list[str]:
    return [f" and {count - 1} more {singular}{'s' if count > 2 else ''}"] if count > 1 else []
