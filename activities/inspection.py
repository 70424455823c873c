"""Lets a child process open a stranger's file, say what it is and draw pictures of it.

The child (`activities.inspector`) gets no secrets and lives under limits of memory, time and reach. One that dies, or
is late, means refused: no parser ever meets user bytes in a web or worker process. What the child says is checked
before it is believed: a parser may have been taken over by what it read.
"""

import json
import logging
import os
import re
import stat
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

logger = logging.getLogger(__name__)

WALL_SECONDS = 20
MAX_PIXELS = 50_000_000
PICTURE_EDGE = 1600  # pixels: enough to read a certificate
MAX_PICTURES = 5  # of the first pages
MAX_PAGES = 32_767  # what is noted of a file; it may claim any number
MAX_EDGE = 1_000_000
MAX_TEXT = 50_000  # characters
MAX_PICTURE_BYTES = 32 * 1024 * 1024
MAX_SAID_BYTES = 1024 * 1024
FACTS = ("dates", "hours", "titles", "names")
PNG = b"\x89PNG\r\n\x1a\n"

# Neither database takes a null or half a pair; nobody can see the other controls.
_UNTEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


@dataclass(frozen=True)
class Findings:
    """What the child saw. `trouble` is "" or one of the words in `activities.uploads.TROUBLES`."""

    trouble: str = ""
    pages: int = 1
    width: int = 0
    height: int = 0
    text: str = ""
    facts: dict[str, list[str]] = field(default_factory=dict)
    picture_hash: str = ""


UNREADABLE = Findings("unreadable")


def inspect(kind: str, content: IO[bytes], folder: Path) -> Findings:
    """Let a child read an open file and draw its first pages into `folder` (see `pictures`)."""
    command = [sys.executable, "-m", "activities.inspector", kind, str(folder)]
    try:
        child = subprocess.run(
            command,
            cwd=Path(__file__).resolve().parent.parent,
            env={"PATH": os.defpath, "LANG": "C.UTF-8", "TMPDIR": str(folder)},
            stdin=content,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            timeout=WALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        logger.info("Refused a file (%s): the child was late", kind)
        return UNREADABLE
    findings = _heard(folder) if child.returncode == 0 else UNREADABLE
    if findings.trouble:
        logger.info("Refused a file (%s): %s, exit %s", kind, findings.trouble, child.returncode)
    return findings


def pictures(folder: Path) -> list[Path]:
    """What the child drew, one PNG a page, the first page first."""
    names = (folder / f"{number}.png" for number in range(1, MAX_PICTURES + 1))
    return [path for path in names if _is_plain_file(path, MAX_PICTURE_BYTES) and _begins(path, PNG)]


def plain(text: str) -> str:
    """Text that every database stores and no terminal obeys."""
    return _UNTEXT.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))[:MAX_TEXT]


def _heard(folder: Path) -> Findings:
    """What the child said, if it can be true."""
    try:
        said = folder / "findings.json"
        return _believed(json.loads(said.read_bytes()), folder) if _is_plain_file(said, MAX_SAID_BYTES) else UNREADABLE
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return UNREADABLE


def _believed(said: Mapping[str, Any], folder: Path) -> Findings:
    if said["trouble"] or not pictures(folder):
        return Findings(str(said["trouble"] or UNREADABLE.trouble))
    return Findings(
        pages=_between(1, said["pages"], MAX_PAGES),
        width=_between(0, said["width"], MAX_EDGE),
        height=_between(0, said["height"], MAX_EDGE),
        text=plain(said["text"]),
        facts={key: [plain(fact)[:200] for fact in said["facts"].get(key, [])[:10]] for key in FACTS},
        picture_hash=said["picture_hash"] if re.fullmatch("[0-9a-f]{16}", said["picture_hash"]) else "",
    )


def _between(least: int, number: int, most: int) -> int:
    return min(max(int(number), least), most)


def _is_plain_file(path: Path, most: int) -> bool:
    """Not a link to what the child itself may not read."""
    try:
        status = path.lstat()
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and 0 < status.st_size <= most


def _begins(path: Path, magic: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(magic)) == magic
