"""An apt of its own for another suite of this machine's Debian mirror: no root, no change to it."""

from __future__ import annotations

import platform
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from labeille.errors import LabeilleError, TargetError
from labeille.supervision.capture import capture
from labeille.supervision.environ import base_environ, network_environ

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

#: Seconds that one download step may take: 140 MB at 0.2 MB/s.
DOWNLOAD_TIMEOUT = 720.0

APT_FOLDER = Path("/etc/apt")

#: What Debian's keyring is called; from Debian 13 on its main name ends in .pgp.
KEYRINGS = tuple(
    Path(f"/usr/share/keyrings/debian-archive-keyring.{ending}") for ending in ("gpg", "pgp")
)

#: Names of Debian's own suites that go with a release's code name.
_SUITES = {"oldoldstable", "oldstable", "stable", "testing", "unstable", "sid"}

_ONE_LINE = re.compile(r"deb\s+(?:\[[^\]]*\]\s*)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<rest>[^#]*)")


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """One source of packages: every suite at every URI."""

    uris: tuple[str, ...]
    suites: tuple[str, ...]
    components: tuple[str, ...]


def is_debian_kin() -> bool:
    """Whether this machine has the tools to fetch and unpack Debian's packages."""
    return all(shutil.which(tool) for tool in ("apt-get", "dpkg"))


def mirrors(apt_folder: Path = APT_FOLDER, codename: str | None = None) -> list[str]:
    """URIs of the archive that this machine's own packages come from, as apt's sources name it.

    Those of the release itself; third parties and security updates, whose suites have other
    names, are left out. Raises TargetError when there is none.
    """
    if codename is None:
        codename = _codename()
    suites = _SUITES | {codename}
    found = [
        uri
        for entry in _entries(apt_folder)
        if "main" in entry.components and not suites.isdisjoint(entry.suites)
        for uri in entry.uris
    ]
    if not found:
        raise TargetError(
            f"no Debian mirror is named in {apt_folder}/sources.list and sources.list.d",
            hint="give an interpreter by --target-python instead",
        )
    return list(dict.fromkeys(found))


class Apt:
    """One suite of a mirror, with lists, cache and status in a folder of its own.

    apt checks the archive's signature against Debian's keyring. Only where this machine has no such
    keyring is the mirror trusted, and ``report`` is told so.
    """

    def __init__(self, folder: Path, suite: str, report: Callable[[str], None]) -> None:
        self._folder = folder
        self._suite = suite
        self._report = report

    def update(self, kind: str) -> None:
        """Read the suite's lists, "deb" or "deb-src", from the first mirror that has it."""
        failures = []
        for mirror in mirrors():
            self._set_up(kind, mirror)
            self._report(f"reading the package lists of {self._suite} from {mirror}")
            try:
                self._run("apt-get", "-q", "update")
            except TargetError as error:
                failures.append(str(error))
            else:
                return
        raise TargetError(
            f"suite {self._suite!r} could not be read from this machine's mirror: "
            + "; ".join(failures),
            hint="it takes a mirror of Debian itself; or give an interpreter by --target-python",
        )

    def packages(self, prefix: str) -> list[str]:
        """Names of packages that start so, after ``update("deb")``."""
        return sorted(self._run("apt-cache", "pkgnames", prefix).split())

    def download_with_dependencies(self, packages: Iterable[str]) -> list[Path]:
        """Fetch packages and all that they depend on; returns the .deb files."""
        # Nothing counts as installed here, so the closure goes down to the C library.
        self._run(
            "apt-get", "-q", "-y", "--no-install-recommends", "--download-only",
            "install", *packages,
        )  # fmt: skip
        return sorted((self._folder / "cache/archives").glob("*.deb"))

    def download_source(self, package: str) -> list[Path]:
        """Fetch a source package; returns its files."""
        target = self._folder / "source"
        target.mkdir()
        self._run("apt-get", "-q", "--download-only", "source", package, cwd=target)
        return sorted(target.iterdir())

    def _set_up(self, kind: str, mirror: str) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        for name in ("lists/partial", "cache/archives/partial", "empty"):
            (self._folder / name).mkdir(parents=True)
        (self._folder / "status").touch()
        keyring = next((path for path in KEYRINGS if path.is_file()), None)
        if keyring is None:
            self._report(f"warning: {KEYRINGS[0]} is missing, so {mirror} is trusted unchecked")
        (self._folder / "list.sources").write_text(
            f"Types: {kind}\nURIs: {mirror}\nSuites: {self._suite}\nComponents: main\n"
            + (f"Signed-By: {keyring}\n" if keyring else "Trusted: yes\n"),
            encoding="utf-8",
        )

    def _run(self, command: str, *args: str, cwd: Path | None = None) -> str:
        options = {
            "Dir::Etc::sourcelist": self._folder / "list.sources",
            "Dir::Etc::sourceparts": self._folder / "empty",
            "Dir::State": self._folder,
            "Dir::State::lists": self._folder / "lists",
            "Dir::State::status": self._folder / "status",
            "Dir::Cache": self._folder / "cache",
            "Debug::NoLocking": "true",  # the system's lock is not ours to take
            "APT::Sandbox::User": "root",  # no other user may read our folder
            "APT::Update::Post-Invoke": "",
            "APT::Update::Error-Mode": "any",  # else an unreachable mirror is a mere warning
            "Acquire::Languages": "none",
            "Acquire::Retries": "1",
            "Acquire::http::Timeout": "20",
            "Acquire::https::Timeout": "20",
        }
        argv = [command, *(f"-o{key}={value}" for key, value in options.items()), *args]
        return run(argv, cwd=cwd, timeout=DOWNLOAD_TIMEOUT)


def run(argv: list[str], *, cwd: Path | None = None, timeout: float = 600.0) -> str:
    """The stdout of one step of fetching, or TargetError with what it said. ``timeout`` in s."""
    name = Path(argv[0]).name
    env = base_environ() | network_environ() | {"LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    try:
        captured = capture(argv, cwd=cwd, env=env, timeout=timeout)
    except LabeilleError as error:
        raise TargetError(f"{name}: {error}", hint=error.hint) from None
    if captured.exit_code != 0:
        lines = (captured.error_text or captured.text).splitlines()
        telling = [line for line in lines if line.startswith(("E: ", "error: "))] or lines[-3:]
        raise TargetError(
            f"{name} failed with exit code {captured.exit_code}: {' '.join(telling)[:300]}"
        )
    return captured.text


def _codename() -> str:
    """The release's code name, such as "bookworm" (os-release(5)); empty if it has none."""
    try:
        return platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    except OSError:
        return ""


def _entries(folder: Path) -> Iterator[_Entry]:
    for path in (folder / "sources.list", *sorted((folder / "sources.list.d").glob("*"))):
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        if path.suffix == ".sources":
            yield from _deb822_entries(text)
        elif path.suffix == ".list":
            yield from _one_line_entries(text)


def _one_line_entries(text: str) -> Iterator[_Entry]:
    """``deb [options] uri suite components…`` (sources.list(5), "one-line-style format")."""
    for line in text.splitlines():
        match = _ONE_LINE.match(line.strip())
        if match:
            yield _Entry(
                uris=(match["uri"],),
                suites=(match["suite"],),
                components=tuple(match["rest"].split()),
            )


def _deb822_entries(text: str) -> Iterator[_Entry]:
    """Stanzas of fields (sources.list(5), "deb822-style format")."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    for stanza in re.split(r"\n\s*\n", "\n".join(lines)):
        fields: dict[str, list[str]] = {}
        name = ""
        for line in stanza.splitlines():
            if line[:1] not in (" ", "\t"):
                name, _, line = line.partition(":")
            fields.setdefault(name.lower(), []).extend(line.split())
        if "deb" in fields.get("types", []) and fields.get("enabled", ["yes"]) != ["no"]:
            yield _Entry(
                uris=tuple(fields.get("uris", [])),
                suites=tuple(fields.get("suites", [])),
                components=tuple(fields.get("components", [])),
            )
