"""A local peer that speaks clamd's protocol and accepts no other: PING and INSTREAM, ended by a NUL byte.

It finds what it was told to find. `mood` makes it behave as scanners do on a bad day.
"""

import socketserver
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

# In two halves, so that no scanner takes this file for the thing.
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
LONGEST_COMMAND = 64


@dataclass
class Scanner:
    """What it finds, how much it takes, how it feels, and what it was sent."""

    signatures: Mapping[bytes, str] = field(default_factory=lambda: {EICAR: "Eicar-Test-Signature"})
    stream_max_length: int = 25 * 1024 * 1024
    mood: str = "well"  # or: silent, gone, garbled, broken, half
    scanned: list[bytes] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    woken: threading.Event = field(default_factory=threading.Event)

    def verdict(self, content: bytes) -> bytes:
        found = next((name for pattern, name in self.signatures.items() if pattern in content), "")
        return f"stream: {found} FOUND".encode() if found else b"stream: OK"


class _Session(socketserver.StreamRequestHandler):
    scanner: Scanner

    def handle(self) -> None:
        if self.scanner.mood == "gone":
            return
        if self.scanner.mood == "silent":
            self.scanner.woken.wait()
            return
        command = self._command()
        if command == b"zPING":
            self._say(b"PONG")
        elif command == b"zINSTREAM":
            self._scan()
        else:
            self.scanner.violations.append(f"command {command!r}")
            self._say(b"UNKNOWN COMMAND")

    def _command(self) -> bytes:
        command = b""
        while len(command) < LONGEST_COMMAND and (byte := self.rfile.read(1)) not in (b"", b"\0"):
            command += byte
        return command

    def _scan(self) -> None:
        content = b""
        while length := self._length():
            if len(content) + length > self.scanner.stream_max_length:
                self._say(b"INSTREAM size limit exceeded. ERROR")
                return
            content += self._exactly(length)
        self.scanner.scanned.append(content)
        self._say(self.scanner.verdict(content))

    def _length(self) -> int:
        length: int = struct.unpack("!L", self._exactly(4))[0]
        return length

    def _exactly(self, length: int) -> bytes:
        content = self.rfile.read(length)
        if len(content) != length:
            self.scanner.violations.append(f"{len(content)} bytes instead of {length}")
            raise ConnectionAbortedError("the stream broke off")
        return content

    def _say(self, answer: bytes) -> None:
        if self.scanner.mood == "half":
            self.wfile.write(answer[: len(answer) // 2])
            return
        spoken = {"garbled": b"stream: perhaps OK", "broken": b"stream: Can't allocate memory ERROR"}
        self.wfile.write(spoken.get(self.scanner.mood, answer) + b"\0")


class _Calm(socketserver.ThreadingMixIn):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that breaks off is no event here: `violations` has it."""


class _TcpServer(_Calm, socketserver.TCPServer):
    pass


class _UnixServer(_Calm, socketserver.UnixStreamServer):
    pass


@contextmanager
def scanner(socket_path: Path | None = None) -> Iterator[tuple[str, Scanner]]:
    """The address of a running stand-in, and its state: on a free port of this machine, or on a unix socket."""
    state = Scanner()
    session = type("Session", (_Session,), {"scanner": state})
    server: socketserver.TCPServer = (
        _UnixServer(str(socket_path), session) if socket_path else _TcpServer(("127.0.0.1", 0), session)
    )
    address = f"unix://{socket_path}" if socket_path else f"tcp://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield address, state
    finally:
        state.woken.set()
        server.shutdown()
        server.server_close()
        thread.join()
