"""The child that opens a stranger's file: `python -m activities.inspector KIND FILE PICTURE`.

It needs no Django. Nothing else may import this module, or the libraries that parse user bytes.
"""

import json
import resource
import sys
from dataclasses import asdict
from pathlib import Path

import pypdfium2
from PIL import Image, ImageOps

from activities.inspection import Findings

MEMORY_BYTES = 512 * 1024 * 1024
CPU_SECONDS = 10
MAX_PIXELS = 50_000_000
PICTURE_EDGE = 1600  # pixels: enough to read a certificate
# What is noted of a PDF; a file may claim any number.
MAX_PAGES = 32_767
MAX_EDGE = 1_000_000


def limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def open_picture(kind: str, file: Path, picture: Path) -> Findings:
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


def open_pdf(file: Path, picture: Path) -> Findings:
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
    return Findings(
        pages=min(len(document), MAX_PAGES), width=min(round(width), MAX_EDGE), height=min(round(height), MAX_EDGE)
    )


def main(kind: str, file: str, picture: str) -> None:
    """The child's whole life: limit itself, open, draw, print the findings as JSON."""
    limit()
    try:
        findings = (
            open_pdf(Path(file), Path(picture)) if kind == "pdf" else open_picture(kind, Path(file), Path(picture))
        )
    except Exception as error:  # noqa: BLE001  whatever a parser raises on a stranger's bytes, the answer is the same
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        findings = Findings("unreadable")
    print(json.dumps(asdict(findings)))


if __name__ == "__main__":
    main(*sys.argv[1:])
