"""Asks a virus scanner that speaks clamd's protocol about a file.

Only a clear "OK" means clean; silence, half an answer or any other words raise Unavailable.
"""

import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO
from urllib.parse import urlsplit

from integrations.errors import Unavailable

DEADLINE = 60  # seconds for one file, from the first byte to the answer
CHUNK = 64 * 1024
LONGEST_ANSWER = 4096


def scan(address: str, file: IO[bytes], *, within: float = DEADLINE) -> str:
    """What was found in the file, by its signature's name; empty when it is clean. Raises Unavailable."""
    with _conversation(address, within) as clamd:
        answer = clamd.stream(file)
    if answer == "stream: OK":
        return ""
    if answer.startswith("stream: ") and answer.endswith(" FOUND"):
        return answer.removeprefix("stream: ").removesuffix(" FOUND")
    raise Unavailable(f"The virus scanner said: {answer or 'nothing'}")


def ping(address: str, *, within: float = 2) -> None:
    """Raises Unavailable unless the scanner answers."""
    with _conversation(address, within) as clamd:
        answer = clamd.ask(b"zPING\0")
    if answer != "PONG":
        raise Unavailable(f"The virus scanner said: {answer or 'nothing'}")


class _Conversation:
    """One connection whose every step shares one deadline."""

    def __init__(self, connection: socket.socket, ends: float) -> None:
        self.connection, self.ends = connection, ends

    def stream(self, file: IO[bytes]) -> str:
        """Send the file in chunks, each after its length; a chunk without length ends it."""
        try:
            self._send(b"zINSTREAM\0")
            while chunk := file.read(CHUNK):
                self._send(struct.pack("!L", len(chunk)) + chunk)
            self._send(struct.pack("!L", 0))
        except (BrokenPipeError, ConnectionResetError):
            pass  # a file beyond its limit: the scanner has hung up, but first it said why
        return self._answer()

    def ask(self, command: bytes) -> str:
        self._send(command)
        return self._answer()

    def _send(self, content: bytes) -> None:
        self._hurry()
        self.connection.sendall(content)

    def _answer(self) -> str:
        answer = b""
        while not answer.endswith(b"\0"):
            self._hurry()
            more = self.connection.recv(LONGEST_ANSWER)
            answer += more
            if not more or len(answer) > LONGEST_ANSWER:
                raise Unavailable(f"The virus scanner broke off after: {answer[:200]!r}")
        return answer[:-1].decode("utf-8", "replace").strip()

    def _hurry(self) -> None:
        left = self.ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self.connection.settimeout(left)


@contextmanager
def _conversation(address: str, within: float) -> Iterator[_Conversation]:
    ends = time.monotonic() + within
    try:
        with _connect(address, within) as connection:
            yield _Conversation(connection, ends)
    except OSError as trouble:
        raise Unavailable(f"The virus scanner at {address}: {trouble}") from trouble


def _connect(address: str, within: float) -> socket.socket:
    """`tcp://host:port` or `unix:///path`."""
    parts = urlsplit(address)
    if parts.scheme == "tcp" and parts.hostname:
        return socket.create_connection((parts.hostname, parts.port or 3310), timeout=within)
    if parts.scheme != "unix" or not parts.path:
        raise OSError("the address must be tcp://host:port or unix:///path")
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(within)
        connection.connect(parts.path)
    except BaseException:
        connection.close()
        raise
    return connection
