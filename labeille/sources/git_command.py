"""Runs git: with the user's proxies and certificates, without prompts, hooks and surprises."""

from __future__ import annotations

import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from labeille.errors import Interrupted
from labeille.pypi.credentials import redact
from labeille.sources.failure import (
    NETWORK_HINT,
    GitError,
    TimedOutError,
    Trouble,
    classify,
    last_words,
)
from labeille.sources.hosts import HOSTS
from labeille.supervision.capture import capture
from labeille.supervision.environ import base_environ, network_environ
from labeille.supervision.model import Command, Ending, Limits, SupervisionError
from labeille.supervision.run import supervise

if TYPE_CHECKING:
    from labeille.sources.origin import Origin
    from labeille.supervision.cancellation import Cancellation
    from labeille.supervision.capture import Captured

# Set by -c, so that they win over every configuration file and reach submodules too.
_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.autocrlf=false",
    "core.eol=lf",
    "gc.auto=0",  # a gc would go on in the background, after its lock is given back
    "maintenance.auto=false",
    "fetch.prune=false",
    "fetch.pruneTags=false",
    "fetch.recurseSubmodules=false",
    "submodule.recurse=false",
    "advice.detachedHead=false",
    "protocol.ext.allow=never",
    "http.lowSpeedLimit=1000",  # bytes a second
    "http.lowSpeedTime=60",  # seconds
)
_ENVIRON = {
    "GIT_TERMINAL_PROMPT": "0",
    "SSH_ASKPASS_REQUIRE": "never",
    "GCM_INTERACTIVE": "never",
    "GIT_LFS_SKIP_SMUDGE": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "LC_ALL": "C",
}
_KEPT = ("SSH_AUTH_SOCK", "SSH_AGENT_PID")

_LOCAL_TIMEOUT = 300.0  # seconds; a checkout of the largest trees takes one
_PROBE_TIMEOUT = 20.0  # seconds for the first words with a host
_PROBE_PAUSES = (0.5,)  # seconds between tries
_PAUSES = (1.0, 4.0)


@dataclass(frozen=True, kw_only=True)
class Git:
    """git, as one source is got with it. ``timeout`` bounds each network operation, in seconds."""

    origin: Origin
    timeout: float
    cancel: Cancellation | None = None

    def local(self, cwd: Path, *args: str) -> str:
        """Run git on this machine's data in ``cwd`` and return its output.

        Raises GitError, trouble DAMAGE, when it fails: nothing that is asked here can fail else.
        """
        done = self._captured(cwd, args, _LOCAL_TIMEOUT)
        if done.exit_code != 0:
            words = redact(last_words(done.error_text))
            raise GitError(
                f"the copy of {self.origin.shown} is damaged: {words}",
                trouble=Trouble.DAMAGE,
                hint=f"delete {cwd} and run the same command again",
            )
        return done.text

    def asks(self, cwd: Path, *args: str) -> str | None:
        """Run git on this machine's data; None where it fails, which is an answer here."""
        done = self._captured(cwd, args, _LOCAL_TIMEOUT)
        return None if done.exit_code else done.text

    def network(self, cwd: Path, *args: str) -> str:
        """Run git against the origin and return its output; passing trouble is tried again.

        Raises GitError, at once where the origin's host is known to be out of reach, and
        Interrupted when it was cancelled.
        """
        if self.origin.is_local:  # answers at once, so needs none of what follows
            done = self._captured(cwd, args, self.timeout)
            return self._result(done.exit_code, done.text, done.error_text)
        with HOSTS.contact(self.origin.host, self.cancel) as answered:
            if answered:
                return self._patiently(cwd, args, self.timeout, _PAUSES)
            return self._patiently(cwd, args, min(_PROBE_TIMEOUT, self.timeout), _PROBE_PAUSES)

    def elsewhere(self, cwd: Path, *args: str) -> str:
        """The same against other hosts than the origin's, as submodules have them."""
        return self._patiently(cwd, args, self.timeout, _PAUSES)

    def _patiently(
        self, cwd: Path, args: tuple[str, ...], timeout: float, pauses: tuple[float, ...]
    ) -> str:
        for pause in pauses:
            try:
                return self._supervised(cwd, args, timeout)
            except GitError as error:
                if error.trouble is not Trouble.NETWORK or isinstance(error, TimedOutError):
                    raise
            self._sleep(pause)
        return self._supervised(cwd, args, timeout)

    def _captured(self, cwd: Path, args: tuple[str, ...], timeout: float) -> Captured:
        self._check_cancelled()
        argv, env = self._argv(*args), self._environ(cwd)
        try:
            return capture(argv, cwd=cwd, env=env, timeout=timeout, cancel=self.cancel)
        except SupervisionError as error:
            raise GitError(str(error), trouble=Trouble.REFUSED, hint=error.hint) from None

    def _supervised(self, cwd: Path, args: tuple[str, ...], timeout: float) -> str:
        self._check_cancelled()
        with tempfile.TemporaryDirectory(prefix="labeille-git-") as logs:
            command = Command(
                argv=self._argv(*args),
                cwd=cwd,
                env=self._environ(cwd),
                stdout=Path(logs, "stdout"),
                stderr=Path(logs, "stderr"),
                limits=Limits(timeout=timeout),
            )
            try:
                outcome = supervise(command, cancel=self.cancel)
            except SupervisionError as error:
                raise GitError(str(error), trouble=Trouble.REFUSED, hint=error.hint) from None
            stdout, stderr = outcome.stdout.read(), outcome.stderr.read()
        if outcome.ending is Ending.CANCELLED:
            raise Interrupted("interrupted while git was at work")
        if outcome.ending is not Ending.EXITED:
            raise TimedOutError(
                f"{self.origin.shown} did not answer within {timeout:g} s",
                trouble=Trouble.NETWORK,
                hint=NETWORK_HINT,
            )
        return self._result(outcome.exit_code, stdout, stderr)

    def _result(self, exit_code: int, stdout: str, stderr: str) -> str:
        if exit_code == 0:
            return stdout
        trouble = classify(stderr)
        raise GitError(
            f"{self.origin.shown} cannot be had: {redact(last_words(stderr))}",
            trouble=trouble,
            hint=_HINTS.get(trouble),
        )

    def _argv(self, *args: str) -> tuple[str, ...]:
        program = shutil.which("git")
        if program is None:
            raise GitError(
                "git is not installed",
                trouble=Trouble.REFUSED,
                hint="install it, or --source sdist",
            )
        # Submodules by path are refused since CVE-2022-39253; a local origin's are its user's.
        files = "always" if self.origin.is_local else "user"
        settings = (*_SETTINGS, f"protocol.file.allow={files}")
        return (program, *(word for setting in settings for word in ("-c", setting)), *args)

    def _environ(self, cwd: Path) -> dict[str, str]:
        # An askpass program of "true" answers every question with nothing.
        env = {"GIT_ASKPASS": "true", **base_environ(keep=_KEPT), **network_environ(), **_ENVIRON}
        env["GIT_CEILING_DIRECTORIES"] = str(cwd.parent)
        return env

    def _check_cancelled(self) -> None:
        if self.cancel is not None and self.cancel.cancelled:
            raise Interrupted("interrupted")

    def _sleep(self, seconds: float) -> None:
        if self.cancel is None:
            time.sleep(seconds)
        else:
            self.cancel.wait(seconds)


_HINTS = {
    Trouble.NETWORK: NETWORK_HINT,
    Trouble.REFUSED: "check the URL and who may read it, or name another one: --repo-override",
}
