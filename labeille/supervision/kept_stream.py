"""Keep the head and the tail of an output stream in a file, bounded in memory and on disk.

Part of the keeper, which is started for every trial: nothing here imports more than it must.
"""

from __future__ import annotations

import os


class KeptStream:
    """One output stream on its way into a file.

    ``total`` counts all bytes. ``error`` is the errno that writing failed with: from then on
    nothing more is written, and reading goes on.
    """

    def __init__(self, path: bytes, head: int, tail: int) -> None:
        """Open the file; raises OSError if that fails. ``head`` and ``tail`` are bytes to keep."""
        self.total = 0
        self.error: int | None = None
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        self._head = self._head_left = max(0, head)
        self._tail_size = max(0, tail)
        self._tail = bytearray()

    def feed(self, data: memoryview) -> None:
        """Take in the next bytes."""
        self.total += len(data)
        if self._head_left:
            first = data[: self._head_left]
            self._head_left -= len(first)
            self._write(first)
            data = data[len(first) :]
        self._tail += data
        # Cut off only now and then, so that each byte is moved about once.
        if len(self._tail) > 2 * self._tail_size:
            del self._tail[: len(self._tail) - self._tail_size]

    def close(self) -> None:
        """Write the tail and close the file."""
        del self._tail[: max(0, len(self._tail) - self._tail_size)]
        left_out = self.total - (self._head - self._head_left) - len(self._tail)
        if left_out:
            self._write(memoryview(marker(left_out)))
        self._write(memoryview(self._tail))
        os.close(self._fd)

    def _write(self, data: memoryview) -> None:
        try:
            while data and self.error is None:
                data = data[os.write(self._fd, data) :]
        except OSError as error:
            self.error = error.errno or -1


def marker(left_out: int) -> bytes:
    """The line between head and tail that says how many bytes are missing."""
    return b"\n[labeille: %d bytes left out]\n" % left_out
