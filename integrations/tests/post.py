"""A real mail server on this machine, and ones that misbehave."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

LOOPBACK = "127.0.0.1"


class Sink:
    """Takes every mail, unless `answer` says otherwise for its recipient."""

    def __init__(self, answer: Callable[[str], str] = lambda to: "250 OK") -> None:
        self.answer = answer
        self.mails: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.sessions: set[int] = set()
        self._arrived = threading.Semaphore(0)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        answer = self.answer(address)
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        self.recipients += envelope.rcpt_tos
        self.sessions.add(id(session))
        self._arrived.release()
        return "250 OK"

    def wait_for(self, number: int, seconds: float) -> bool:
        """Whether so many more mails arrive, each within so many seconds."""
        return all(self._arrived.acquire(timeout=seconds) for _ in range(number))


@contextmanager
def smtp_server(sink: Sink) -> Iterator[int]:
    """The port of a server that gives its mails to the sink."""
    controller = Controller(sink, hostname=LOOPBACK, port=free_port())
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


@contextmanager
def silent_server() -> Iterator[int]:
    """The port of a server that takes connections and never says a word."""
    with socket.create_server((LOOPBACK, 0)) as server:
        taken: list[socket.socket] = []

        def take() -> None:
            with contextlib.suppress(OSError):
                while True:
                    taken.append(server.accept()[0])

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in taken:
                connection.close()


def free_port() -> int:
    """One that nobody listens on."""
    with socket.create_server((LOOPBACK, 0)) as server:
        return int(server.getsockname()[1])
