"""Words as pictures: a mail, drawn page by page."""

from bisect import bisect_right
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import cast

from PIL import Image, ImageDraw, ImageFont

from activities.inspection import MAX_PICTURES, PICTURE_EDGE

WIDTH, MARGIN, SIZE, LEADING = 1130, 70, 22, 31
LINES = (PICTURE_EDGE - 2 * MARGIN) // LEADING
LONGEST = 400  # characters that could stand in one line

Font = ImageFont.FreeTypeFont


def pages(text: str, folder: Path) -> list[Image.Image]:
    """Draw the text into the folder, as many pages as there may be."""
    font = _font()
    lines = _lines(text, font)
    drawn = [_page(list(islice(lines, LINES)), font)]
    while len(drawn) < MAX_PICTURES and (some := list(islice(lines, LINES))):
        drawn.append(_page(some, font))
    for number, page in enumerate(drawn, start=1):
        page.save(folder / f"{number}.png", "PNG")
    return drawn


def _page(lines: list[str], font: Font) -> Image.Image:
    page = Image.new("RGB", (WIDTH, PICTURE_EDGE), "white")
    pen = ImageDraw.Draw(page)
    for number, line in enumerate(lines):
        pen.text((MARGIN, MARGIN + number * LEADING), line, fill="black", font=font)
    return page


def _lines(text: str, font: Font) -> Iterator[str]:
    """The text in lines that fit, broken between words where that is possible."""
    for line in text.expandtabs(4).split("\n"):
        rest = line.rstrip()
        if not rest:
            yield ""
        while rest:
            cut = _that_fits(rest[:LONGEST], font)
            yield rest[:cut].rstrip()
            rest = rest[cut:].lstrip()


def _that_fits(line: str, font: Font) -> int:
    fits = bisect_right(
        range(1, len(line) + 1), WIDTH - 2 * MARGIN, key=lambda length: int(font.getlength(line[:length]))
    )
    if fits == len(line):
        return fits
    between_words = line.rfind(" ", 1, fits + 1)
    return between_words if between_words > 0 else max(fits, 1)


def _font() -> Font:
    """DejaVu knows most of the world's letters; Pillow's own font is there everywhere."""
    try:
        return ImageFont.truetype("DejaVuSans.ttf", SIZE, layout_engine=ImageFont.Layout.BASIC)
    except OSError:
        return cast(Font, ImageFont.load_default(SIZE))
