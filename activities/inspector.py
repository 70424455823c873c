"""The child that opens a stranger's file from standard input: `python -m activities.inspector KIND FOLDER`.

It draws `1.png`, `2.png`… and writes `findings.json` into the folder, the only place that it may write to. It needs no
Django. Nothing else may import this module, or what parses user bytes.
"""

import importlib
import json
import sys
from dataclasses import asdict, replace
from pathlib import Path

from activities import reading
from activities.inspection import MAX_EDGE, MAX_PAGES, Findings, plain
from activities.inspectors import confinement

MOST_BYTES = 64 * 1024 * 1024
PARSERS = {"pdf": "pdf", "jpeg": "picture", "png": "picture", "heic": "picture", "eml": "mail", "msg": "outlook"}


def inspected(kind: str, content: bytes, folder: Path) -> Findings:
    parser = sys.modules[f"activities.inspectors.{PARSERS[kind]}"]
    found: Findings = parser.inspect(kind, content, folder)
    text = plain(found.text)
    return replace(
        found,
        pages=min(found.pages, MAX_PAGES),
        width=min(found.width, MAX_EDGE),
        height=min(found.height, MAX_EDGE),
        text=text,
        facts=reading.facts(text),
    )


def main(kind: str, folder: str) -> None:
    """The child's whole life: load the parser, lock the door, read, draw, tell."""
    importlib.import_module(f"activities.inspectors.{PARSERS[kind]}")
    confinement.confine(Path(folder))
    try:
        findings = inspected(kind, sys.stdin.buffer.read(MOST_BYTES), Path(folder))
    except Exception as error:  # noqa: BLE001  whatever a parser raises on a stranger's bytes, the answer is the same
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        findings = Findings("unreadable")
    (Path(folder) / "findings.json").write_text(json.dumps(asdict(findings)))


if __name__ == "__main__":
    main(*sys.argv[1:])
