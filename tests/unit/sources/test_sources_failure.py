"""What git's own words mean."""

from __future__ import annotations

import pytest

from labeille.sources.failure import Trouble, classify, last_words

NETWORK, REFUSED, NO_REF, DAMAGE = Trouble.NETWORK, Trouble.REFUSED, Trouble.NO_REF, Trouble.DAMAGE
ACCESS = "fatal: unable to access 'http://127.0.0.1:42573/a/b/': "
RIGHTS = """
fatal: Could not read from remote repository.

Please make sure you have the correct access rights
and the repository exists.
"""

# Whole messages of git 2.39.5 against servers on the loopback interface, under LC_ALL=C.
RECORDED = [
    (ACCESS + "Could not resolve host: host.invalid", NETWORK),
    (
        ACCESS + "Failed to connect to 127.0.0.1 port 1 after 0 ms: Couldn't connect to server",
        NETWORK,
    ),
    (ACCESS + "The requested URL returned error: 503", NETWORK),
    (ACCESS + "The requested URL returned error: 429", NETWORK),
    (ACCESS + "The requested URL returned error: 403", REFUSED),
    (ACCESS + "transfer closed with 870 bytes remaining to read", NETWORK),
    (
        "fatal: unable to connect to 127.0.0.1:\n127.0.0.1[0: 127.0.0.1]: errno=Connection refused",
        NETWORK,
    ),
    ("ssh: connect to host 127.0.0.1 port 1: Connection refused\r" + RIGHTS, NETWORK),
    ("fatal: repository 'http://127.0.0.1:42573/a/b/' not found", REFUSED),
    ("fatal: could not read Username for 'http://127.0.0.1': terminal prompts disabled", REFUSED),
    ("fatal: Authentication failed for 'http://127.0.0.1:42573/a/b/'", REFUSED),
]

# Not recorded: no server here that says so. Known from reports of others.
KNOWN = [
    ("error: RPC failed; curl 56 GnuTLS recv error (-9)\nfatal: early EOF\n", NETWORK),
    ("remote: Repository not found.\nfatal: repository 'https://host.test/a/' not found", REFUSED),
    ("git@host.test: Permission denied (publickey).\r" + RIGHTS, REFUSED),
    (ACCESS + "server certificate verification failed. CAfile: none CRLfile: none", REFUSED),
    ("fatal: couldn't find remote ref x", NO_REF),
    ("error: Server does not allow request for unadvertised object 0123", NO_REF),
    ("fatal: Unable to create '/m/shallow.lock': File exists.", DAMAGE),
    ("error: object file objects/01/23 is empty\n", DAMAGE),
    ("fatal: bad object refs/remotes/origin/HEAD", DAMAGE),
    ("something new", REFUSED),
    ("", REFUSED),
]


@pytest.mark.parametrize(("stderr", "trouble"), RECORDED + KNOWN)
def test_trouble(stderr: str, trouble: Trouble) -> None:
    assert classify(stderr) is trouble


@pytest.mark.parametrize(
    ("stderr", "words"),
    [
        (RECORDED[0][0], "Could not resolve host: host.invalid"),
        (RECORDED[7][0], "connect to host 127.0.0.1 port 1: Connection refused"),
        (RECORDED[8][0], "repository 'http://127.0.0.1:42573/a/b/' not found"),
        (KNOWN[0][0], "early EOF"),
        ("something new\n\n", "something new"),
        ("", "no message"),
    ],
)
def test_last_words(stderr: str, words: str) -> None:
    assert last_words(stderr) == words
