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
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

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


def evidence_dir(var: Path) -> Path:
    """The folder for evidence: EVIDENCE_STORAGE, when that is a path and no object store."""
    address = os.environ.get("EVIDENCE_STORAGE") or ""
    return var / "evidence" if _is_bucket(address) or not address else Path(address).expanduser().resolve()


def evidence_storage() -> dict[str, Any]:
    """Django's entry for the storage of evidence. Raises ValueError for an address that means nothing."""
    address = os.environ.get("EVIDENCE_STORAGE") or ""
    if not _is_bucket(address):
        return {"BACKEND": "activities.storage.EvidenceStorage"}
    parts = urlsplit(address)
    said = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    unknown = said.keys() - {"endpoint_url", "region"}
    if parts.scheme != "s3" or not parts.netloc or unknown:
        raise ValueError(
            f"EVIDENCE_STORAGE is {address!r}; it must be a path or s3://bucket/prefix?endpoint_url=…&region=…"
        )
    options = {
        "bucket_name": parts.netloc,
        "location": parts.path.strip("/"),
        "endpoint_url": said.get("endpoint_url"),
        "region_name": said.get("region"),
    }
    return {"BACKEND": "activities.bucket.EvidenceBucket", "OPTIONS": {k: v for k, v in options.items() if v}}


def _is_bucket(address: str) -> bool:
    return "://" in address


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
