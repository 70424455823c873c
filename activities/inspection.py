"""Lets a child process open a stranger's file, say what it is and draw a picture of it.

The child (`activities.inspector`) gets no secrets and lives under limits of memory and time. One that dies, or is late,
means refused: no parser ever meets user bytes in a web or worker process.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

WALL_SECONDS = 20


@dataclass(frozen=True)
class Findings:
    """What the child saw. `trouble` is "" or one of the words in `activities.uploads.TROUBLES`."""

    trouble: str = ""
    pages: int = 1
    width: int = 0
    height: int = 0


def inspect(kind: str, file: Path, picture: Path) -> Findings:
    """Let a child open the file and write its picture (PNG) to `picture`."""
    command = [sys.executable, "-m", "activities.inspector", kind, str(file), str(picture)]
    environment = {"PATH": os.defpath, "LANG": "C.UTF-8"}
    try:
        child = subprocess.run(
            command,
            cwd=Path(__file__).resolve().parent.parent,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=WALL_SECONDS,
            check=False,
        )
        return Findings(**json.loads(child.stdout)) if child.returncode == 0 else Findings("unreadable")
    except (subprocess.TimeoutExpired, ValueError, TypeError):
        return Findings("unreadable")
