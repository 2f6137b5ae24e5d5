"""A package index on the loopback interface, of any number of projects, with every kind of trouble.

    python loopback_index.py [--troubles] [--max-age SECONDS] [--delay SECONDS]

It prints its port, and serves until it is killed.

Pages of the JSON API have the sizes that the public index has: 20 kB to some hundred for most, up
to 2 MB. It is a process of its own, so that its work is not taken for labeille's.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import enum
import json
import random
import re
import subprocess
import sys
from email.utils import formatdate
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZES = 60  # how many different pages there are
SLOW_SECONDS = 1.0


class Trouble(enum.Enum):
    """What comes instead of a page, or makes it a special one."""

    MISSING = "404"
    LIMITED = "429 with Retry-After, once"
    FAILED = "500, once"
    BROKEN = "500, always"
    SLOW = "after a second"
    GARBAGE = "what is no JSON"
    CUT = "half of a page"
    YANKED = "every release yanked"
    EMPTY = "no files"
    OTHER = "a page of another project"


_TROUBLES = {
    3: Trouble.MISSING,
    13: Trouble.LIMITED,
    23: Trouble.FAILED,
    33: Trouble.SLOW,
    43: Trouble.GARBAGE,
    53: Trouble.CUT,
    63: Trouble.BROKEN,
    73: Trouble.YANKED,
    83: Trouble.EMPTY,
    93: Trouble.OTHER,
}


@contextlib.contextmanager
def serving(*options: str) -> Iterator[str]:
    """The URL of such an index's Simple API, while the block runs."""
    command = [sys.executable, __file__, *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{server.stdout.readline().strip()}/simple/"
        finally:
            server.kill()


def project_name(number: int) -> str:
    """The name of the n-th project, in the normalised form."""
    return f"project-{number:05}"


def trouble_of(number: int) -> Trouble | None:
    """The trouble with the n-th project: one in a hundred of each kind, fewer of the slow ones."""
    trouble = _TROUBLES.get(number % 100)
    if trouble in (Trouble.BROKEN, Trouble.CUT) and number % 500 > 100:
        return None
    return trouble


def has_extensions(number: int) -> bool:
    """Whether the n-th project has wheels for a platform."""
    return number % 7 == 0


@cache
def _page(size: int, extensions: bool, trouble: Trouble | None) -> bytes:
    """A project's page with ``NAME`` for its name."""
    dice = random.Random(size)
    releases = int(min(900, max(3, dice.lognormvariate(3.4, 0.9))))
    tags = ["py3-none-any"]
    if extensions:
        tags = [f"cp3{minor}-cp3{minor}-manylinux_2_28_x86_64" for minor in range(10, 15)]
    listed: dict[str, list[dict[str, object]]] = {}
    for number in range(releases):
        version = f"{number // 20}.{number % 20}.0"
        names = [f"NAME-{version}.tar.gz", *(f"NAME-{version}-{tag}.whl" for tag in tags)]
        files = [_file(name, yanked=trouble is Trouble.YANKED) for name in names]
        listed[version] = [] if trouble is Trouble.EMPTY else files
    newest = f"{(releases - 1) // 20}.{(releases - 1) % 20}.0"
    info = {
        "name": "someone-elses" if trouble is Trouble.OTHER else "NAME",
        "version": newest,
        "description": "Lorem ipsum dolor sit amet. " * dice.randrange(20, 800),
        "home_page": None,
        "package_url": "http://index.invalid/project/NAME/",
        "project_urls": {
            "Documentation": "https://docs.example.org/NAME",
            "Source": "https://github.com/example/NAME",
        },
    }
    page = {"info": info, "last_serial": 1, "releases": listed, "urls": listed[newest]}
    return json.dumps({**page, "vulnerabilities": []}).encode()


def _file(name: str, *, yanked: bool) -> dict[str, object]:
    return {
        "comment_text": None,
        "digests": {"blake2b_256": "b" * 64, "md5": "c" * 32, "sha256": "d" * 64},
        "filename": name,
        "packagetype": "bdist_wheel",
        "requires_python": ">=3.9",
        "size": 69583,
        "upload_time_iso_8601": "2026-01-01T00:00:00.000000Z",
        "url": f"http://index.invalid/packages/{'e' * 60}/{name}",
        "yanked": yanked,
        "yanked_reason": None,
    }


class _Connection(asyncio.Protocol):
    """One client; requests are answered one after the other, as keep-alive wants it."""

    def __init__(self, options: argparse.Namespace, seen: set[int]) -> None:
        self._options = options
        self._seen = seen  # projects that were asked for before
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while b"\r\n\r\n" in self._received:
            head, _, self._received = self._received.partition(b"\r\n\r\n")
            path = head.split(b" ", 2)[1].decode()
            found = re.fullmatch(r"/pypi/project-(\d+)/json", path)
            number = int(found[1]) if found else None
            if number is None:
                self._answer("404 Not Found")
                continue
            trouble = trouble_of(number) if self._options.troubles else None
            delay = SLOW_SECONDS if trouble is Trouble.SLOW else self._options.delay
            if delay:
                loop = asyncio.get_running_loop()
                loop.call_later(delay, self._project, number, trouble, head)
            else:
                self._project(number, trouble, head)

    def _project(self, number: int, trouble: Trouble | None, head: bytes) -> None:
        first = number not in self._seen
        self._seen.add(number)
        if trouble is Trouble.MISSING:
            return self._answer("404 Not Found")
        if trouble is Trouble.BROKEN or (trouble is Trouble.FAILED and first):
            return self._answer("500 Internal Server Error")
        if trouble is Trouble.LIMITED and first:
            return self._answer("429 Too Many Requests", headers={"Retry-After": "1"})
        name = project_name(number)
        headers = {
            "Content-Type": "application/json",
            "ETag": f'"{name}"',
            "Cache-Control": f"max-age={self._options.max_age}, public",
        }
        if f'if-none-match: "{name}"'.encode() in head.lower():
            return self._answer("304 Not Modified", headers=headers)
        body = _page(number % SIZES, has_extensions(number), trouble)
        body = body.replace(b"NAME", name.encode())
        if trouble is Trouble.GARBAGE:
            body = b'{"info": [' + body
        return self._answer("200 OK", body, headers, cut=trouble is Trouble.CUT)

    def _answer(
        self,
        status: str,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        *,
        cut: bool = False,
    ) -> None:
        lines = [f"HTTP/1.1 {status}", f"Date: {formatdate(usegmt=True)}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        lines += [f"Content-Length: {len(body)}", "", ""]
        self._transport.write(
            "\r\n".join(lines).encode() + (body[: len(body) // 2] if cut else body)
        )
        if cut:
            self._transport.close()


async def _serve(options: argparse.Namespace) -> None:
    seen: set[int] = set()
    server = await asyncio.get_running_loop().create_server(
        lambda: _Connection(options, seen), "127.0.0.1", 0
    )
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - whoever starts it reads it
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--troubles", action="store_true")
    parser.add_argument("--max-age", type=int, default=900)
    parser.add_argument("--delay", type=float, default=0.0)
    asyncio.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
