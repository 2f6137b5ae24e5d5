"""What git's own words mean: recorded from git 2.39.5 where nothing else is said."""

from __future__ import annotations

import pytest

from labeille.sources.failure import Trouble, classify, last_words

NETWORK, REFUSED, NO_REF, DAMAGE = Trouble.NETWORK, Trouble.REFUSED, Trouble.NO_REF, Trouble.DAMAGE
_ACCESS = "fatal: unable to access 'https://host.test/a/b/': "
_RIGHTS = """fatal: Could not read from remote repository.

Please make sure you have the correct access rights
and the repository exists.
"""


@pytest.mark.parametrize(
    ("stderr", "trouble", "words"),
    [
        (
            _ACCESS + "Could not resolve host: host.test",
            NETWORK,
            "Could not resolve host: host.test",
        ),
        (
            _ACCESS
            + "Failed to connect to host.test port 443 after 12 ms: Couldn't connect to server",
            NETWORK,
            "Failed to connect to host.test port 443 after 12 ms: Couldn't connect to server",
        ),
        (
            _ACCESS + "The requested URL returned error: 503",
            NETWORK,
            "The requested URL returned error: 503",
        ),
        (
            _ACCESS + "The requested URL returned error: 429",
            NETWORK,
            "The requested URL returned error: 429",
        ),
        (
            _ACCESS + "The requested URL returned error: 403",
            REFUSED,
            "The requested URL returned error: 403",
        ),
        (
            _ACCESS + "server certificate verification failed. CAfile: none CRLfile: none",
            REFUSED,
            "server certificate verification failed. CAfile: none CRLfile: none",
        ),
        (
            "error: RPC failed; curl 56 GnuTLS recv error (-9)\nfatal: early EOF\n",
            NETWORK,
            "early EOF",
        ),
        (
            "remote: Repository not found.\nfatal: repository 'https://host.test/a/b/' not found\n",
            REFUSED,
            "repository 'https://host.test/a/b/' not found",
        ),
        (
            "fatal: could not read Username for 'https://host.test': terminal prompts disabled",
            REFUSED,
            "could not read Username for 'https://host.test': terminal prompts disabled",
        ),
        (
            "ssh: connect to host 127.0.0.1 port 1: Connection refused\r\n" + _RIGHTS,
            NETWORK,
            "connect to host 127.0.0.1 port 1: Connection refused",
        ),
        (
            "git@host.test: Permission denied (publickey).\r\n" + _RIGHTS,
            REFUSED,
            "Could not read from remote repository.",
        ),
        ("fatal: couldn't find remote ref x", NO_REF, "couldn't find remote ref x"),
        (
            "error: Server does not allow request for unadvertised object 0123",
            NO_REF,
            "Server does not allow request for unadvertised object 0123",
        ),
        (
            "fatal: Unable to create '/m/shallow.lock': File exists.",
            DAMAGE,
            "Unable to create '/m/shallow.lock': File exists.",
        ),
        (
            "error: object file objects/01/23 is empty\n",
            DAMAGE,
            "object file objects/01/23 is empty",
        ),
        (
            "fatal: bad object refs/remotes/origin/HEAD",
            DAMAGE,
            "bad object refs/remotes/origin/HEAD",
        ),
        ("something new", REFUSED, "something new"),
        ("", REFUSED, "no message"),
    ],
)
def test_words(stderr: str, trouble: Trouble, words: str) -> None:
    assert classify(stderr) is trouble
    assert last_words(stderr) == words
