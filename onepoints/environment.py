"""Where the portal keeps its state on one machine, and the addresses that follow from it.

The settings, the supervisor and the tests must agree on these paths. They are therefore decided here and nowhere else,
and this module needs nothing but the standard library: the supervisor imports it before Django is set up.
"""

import contextlib
import hashlib
import os
import secrets
import tempfile
from pathlib import Path
from urllib.parse import quote

PROJECT = Path(__file__).resolve().parent.parent

# The kernel keeps the path of a unix socket in 104 (macOS) or 108 (Linux) bytes.
LONGEST_SOCKET_PATH = 100


def var_dir() -> Path:
    """The folder for everything the portal writes; ONEPOINTS_VAR moves it."""
    return Path(os.environ.get("ONEPOINTS_VAR") or PROJECT / "var").expanduser().resolve()


def private_dir(path: Path) -> Path:
    """Make the folder, readable by its owner only: it will hold personal data, or a door without a password."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def broker_socket(var: Path) -> Path:
    """The broker's socket; below a very long path it moves to the temporary folder, where it fits."""
    socket = var / "broker" / "valkey.sock"
    if len(os.fsencode(socket)) <= LONGEST_SOCKET_PATH:
        return socket
    name = hashlib.sha256(os.fsencode(var) + str(os.getuid()).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"onepoints-{name}" / "valkey.sock"


def database_url(var: Path) -> str:
    """DATABASE_URL, or the SQLite file below `var`."""
    return os.environ.get("DATABASE_URL") or f"sqlite:///{quote(str(var / 'portal.sqlite3'))}"


def redis_url(var: Path) -> str:
    """REDIS_URL, or the socket of the broker that the supervisor starts, in the form that Celery reads."""
    return os.environ.get("REDIS_URL") or f"redis+socket://{quote(str(broker_socket(var)))}?virtual_host=0"


def local_secret_key(var: Path) -> str:
    """The key of this installation, made on first use.

    Web server, worker and beat may start at the same moment. The key is written aside and linked into place whole, so
    that the first one wins and nobody ever reads half a key.
    """
    kept = private_dir(var) / "secret-key"
    if not kept.exists():
        handle, draft = tempfile.mkstemp(prefix="secret-key.", dir=var)  # mode 0600, O_EXCL
        try:
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_urlsafe(50))
            with contextlib.suppress(FileExistsError):
                os.link(draft, kept)
        finally:
            Path(draft).unlink()
    return kept.read_text().strip()
