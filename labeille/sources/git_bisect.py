"""``git bisect`` on a history, driven a mark at a time.

It runs in a bare repository, where nothing is checked out: which commit's files are put where is
its caller's business (git-bisect(1), --no-checkout).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from labeille.errors import SourceError

if TYPE_CHECKING:
    from labeille.sources.history import History


class GitBisect:
    """One bisection between a good and a bad commit; git keeps its state in the history.

    A new one begins anew: whoever goes on with an old one marks again what was marked.
    """

    def __init__(self, history: History, *, good: str, bad: str) -> None:
        self._history = history
        history.asks("bisect", "reset")
        if history.asks("bisect", "start", "--no-checkout", bad, good) is None:
            raise SourceError(
                f"git cannot bisect {history.shown} between {good} and {bad}",
                hint="name two commits of which the bad one came later",
            )

    def mark_good(self, commit: str) -> None:
        """The commit does not have what is looked for. Marks may be set in any order."""
        self._mark("good", commit)

    def mark_bad(self, commit: str) -> None:
        """The commit has it."""
        self._mark("bad", commit)

    def skip(self, commit: str) -> None:
        """The commit cannot be told."""
        self._mark("skip", commit)

    def suggested(self) -> str | None:
        """The commit that git asks for; when it asks for none any more, the last one still."""
        return self._history.asks("rev-parse", "--verify", "--quiet", "BISECT_HEAD")

    def candidates(self) -> tuple[str, ...]:
        """What may be the first bad commit by now, oldest first; the last one is known as bad."""
        return tuple(self._listed("--topo-order", "--reverse").split())

    def by_worth(self) -> tuple[str, ...]:
        """The same, those first that tell most, whatever they turn out to be."""
        return tuple(line.split(" ", 1)[0] for line in self._listed("--bisect-all").splitlines())

    def _listed(self, *options: str) -> str:
        between = ("refs/bisect/bad", "--not", "--glob=refs/bisect/good-*")
        return self._history.local("rev-list", *options, *between, "--")

    def _mark(self, term: str, commit: str) -> None:
        # Exit codes tell how it stands (2: only skipped ones are left), which the refs do too.
        self._history.asks("bisect", term, commit)
