"""Opens a stranger's file in a child process, says what it is and draws a picture of it.

Run as `python -m activities.inspection KIND FILE PICTURE` it is that child: it needs no Django, gets no secrets and lives
under limits of memory and time. A child that dies, or is late, means refused: no parser ever meets user bytes in a web
or worker process.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

MEMORY_BYTES = 512 * 1024 * 1024
CPU_SECONDS = 10
WALL_SECONDS = 20
MAX_PIXELS = 50_000_000
PICTURE_EDGE = 1600  # pixels: enough to read a certificate


@dataclass(frozen=True)
class Findings:
    """What the child saw. `trouble` is "" or one of the words in `activities.uploads.TROUBLES`."""

    trouble: str = ""
    pages: int = 1
    width: int = 0
    height: int = 0


def inspect(kind: str, file: Path, picture: Path) -> Findings:
    """Let a child open the file and write its picture (PNG) to `picture`."""
    command = [sys.executable, "-m", "activities.inspection", kind, str(file), str(picture)]
    environment = {"PATH": os.defpath, "LANG": "C.UTF-8"}
    try:
        child = subprocess.run(  # noqa: S603
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


def _limit() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _open_picture(kind: str, file: Path, picture: Path) -> Findings:
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = None  # we judge by the header ourselves, before anything is decoded
    with Image.open(file, formats=[kind.upper()]) as image:
        width, height = image.size
        if width * height > MAX_PIXELS:
            return Findings("too many pixels")
        image.thumbnail((PICTURE_EDGE, PICTURE_EDGE))  # before turning it: the large picture is never held twice
        upright = ImageOps.exif_transpose(image)
        # A fresh picture: no metadata, no place, nothing but pixels.
        plain = Image.new("RGB", upright.size, "white")
        rgba = upright.convert("RGBA")
        plain.paste(rgba, mask=rgba)
        plain.save(picture, "PNG")
    return Findings(width=width, height=height)


def _open_pdf(file: Path, picture: Path) -> Findings:
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(file)
    except pypdfium2.PdfiumError as error:
        return Findings("password" if "password" in str(error).lower() else "unreadable")
    if len(document) == 0:
        return Findings("unreadable")
    page = document[0]
    width, height = page.get_size()
    scale = min(PICTURE_EDGE / max(width, height, 1), 4)
    page.render(scale=scale).to_pil().convert("RGB").save(picture, "PNG")
    return Findings(pages=len(document), width=round(width), height=round(height))


def main(kind: str, file: str, picture: str) -> None:
    """The child's whole life: limit itself, open, draw, print the findings as JSON."""
    _limit()
    try:
        findings = (
            _open_pdf(Path(file), Path(picture)) if kind == "pdf" else _open_picture(kind, Path(file), Path(picture))
        )
    except Exception as error:  # whatever a parser raises on a stranger's bytes, the answer is the same
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        findings = Findings("unreadable")
    print(json.dumps(findings.__dict__))


if __name__ == "__main__":
    main(*sys.argv[1:])
