"""Sixteen hexadecimal digits that are alike when two files look alike.

Certificates of one course differ in little but the name, so where a file has text the words are compared and not the
picture. For a photo or a scan it is the difference hash: one comparison of neighbours a bit. The imagehash package
would bring three numerical libraries into the child for these few lines.
"""

import hashlib

from PIL import Image, ImageStat

ENOUGH_WORDS = 8
BLANK_SPREAD = 2  # of 255: a page without anything on it


def of(picture: Image.Image, text: str = "") -> str:
    words = text.lower().split()
    if len(words) >= ENOUGH_WORDS:
        return hashlib.sha256(" ".join(words).encode()).hexdigest()[:16]
    return difference_hash(picture)


def difference_hash(picture: Image.Image) -> str:
    """ "" for a nearly blank page: it looks like every other."""
    grey = picture.convert("L")
    if ImageStat.Stat(grey).stddev[0] < BLANK_SPREAD:
        return ""
    pixels = grey.resize((9, 8), Image.Resampling.LANCZOS).tobytes()
    bits = [pixels[9 * row + column] < pixels[9 * row + column + 1] for row in range(8) for column in range(8)]
    return f"{sum(bit << place for place, bit in enumerate(bits)):016x}"
