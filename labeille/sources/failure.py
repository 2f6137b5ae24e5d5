"""What can go wrong between us and a repository, and what it means for a second try."""

from __future__ import annotations

import enum
import re

from labeille.errors import SourceError


class Trouble(enum.Enum):
    """Why a source could not be had from git."""

    NETWORK = "network"  # nobody answered, or the answer broke off: worth another try
    REFUSED = "refused"  # an answer: no such repository, no access, no such submodule
    NO_REF = "no-ref"  # the repository answers, and has no such ref or commit
    DAMAGE = "damage"  # the mirror on this machine is broken: to be made again


NETWORK_HINT = "check the network, or take the released source: --source sdist"


class GitError(SourceError):
    """A SourceError that says which kind of trouble it was."""

    def __init__(self, message: str, *, trouble: Trouble, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.trouble = trouble


class TimedOutError(GitError):
    """The limit is over: another try would take as long."""


# git and curl have no codes for these, only words (LC_ALL=C). Compared in lower case, in this
# order: a connection that broke off explains whatever else is said about what is missing then.
_WORDS: tuple[tuple[Trouble, tuple[str, ...]], ...] = (
    (
        Trouble.REFUSED,
        (
            "repository not found",
            "does not appear to be a git repository",
            "could not read username",
            "could not read password",
            "authentication failed",
            "permission denied",
            "access denied",
            "requested url returned error: 4(?!29)",
            "dubious ownership",
            "transport .* not allowed",
            "host key verification failed",
            "does not exist",
        ),
    ),
    (
        Trouble.NETWORK,
        (
            "could not resolve",
            "name or service not known",
            "temporary failure in name resolution",
            "couldn't connect",
            "could not connect",
            "failed to connect",
            "unable to connect",
            "connection (refused|reset|timed out|closed|was reset|was closed)",
            "timed out",
            "timeout",
            "network is unreachable",
            "no route to host",
            "requested url returned error: (5|429)",
            "rpc failed",
            "early eof",
            "hung up unexpectedly",
            "unexpected disconnect",
            "transfer closed",
            "empty reply from server",
            "recv failure",
            "send failure",
            "gnutls",
            "ssl_error",
            "openssl",
            "unexpected eof",
            "couldn't resolve host",
        ),
    ),
    (
        Trouble.NO_REF,
        (
            "couldn't find remote ref",
            "could not find remote ref",
            "no such remote ref",
            "not our ref",
            "unadvertised object",
        ),
    ),
    (
        Trouble.DAMAGE,
        (
            r"\.lock",
            "bad object",
            "object file .* is empty",
            "corrupt",
            "unable to read",
            "could not read [0-9a-f]{40}",
            "missing (blob|tree|commit|necessary)",
            "did not send all necessary objects",
            "not a git repository",
            "cannot lock ref",
            "unable to update local ref",
            "bad config",
            "shallow file has changed",
            "invalid (sha1 pointer|object|index)",
            "packfile",
            "index file",
            "not a valid object",
            "data stream error",
        ),
    ),
)
_PATTERNS = tuple((trouble, re.compile("|".join(words))) for trouble, words in _WORDS)


# Over ssh this is git's last line whatever happened; ssh's own line before it says what.
_GENERIC = "fatal: Could not read from remote repository"
# The URL is said already where this is shown.
_ACCESS = re.compile(r"^unable to access '[^']*': ")


def classify(stderr: str) -> Trouble:
    """The kind of trouble that git's messages speak of; words not known here are a refusal."""
    lowered = stderr.lower()
    for trouble, pattern in _PATTERNS:
        if pattern.search(lowered):
            return trouble
    return Trouble.REFUSED


def last_words(stderr: str) -> str:
    """The one line of git's messages that says what went wrong."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    if lines and _GENERIC in stderr:
        return lines[0].removeprefix("ssh: ")
    for marker in ("fatal:", "error:", "remote:"):
        found = [line.partition(marker)[2].strip() for line in lines if line.startswith(marker)]
        if found:
            return _ACCESS.sub("", found[0])
    return lines[-1] if lines else "no message"
