"""JPEG, PNG and HEIC: drawn afresh, upright, without anything but pixels."""

from io import BytesIO
from pathlib import Path

import pi_heif
from PIL import Image, ImageOps

from activities.inspection import MAX_PIXELS, PICTURE_EDGE, Findings
from activities.inspectors import carried, fingerprint

FORMATS = {"jpeg": "JPEG", "png": "PNG", "heic": "HEIF"}

Image.MAX_IMAGE_PIXELS = None  # we judge by the header ourselves, before anything is decoded
Image.preinit()
pi_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)


def inspect(kind: str, content: bytes, folder: Path) -> Findings:
    if carried.is_archive(content):
        return Findings("two kinds")
    with Image.open(BytesIO(content), formats=[FORMATS[kind]]) as image:
        width, height = image.size
        if width * height > MAX_PIXELS:
            return Findings("too many pixels")
        drawn = upright(image)
    drawn.save(folder / "1.png", "PNG")
    return Findings(width=width, height=height, picture_hash=fingerprint.of(drawn))


def upright(image: Image.Image) -> Image.Image:
    """The first frame, small enough, on white: no metadata, no place, nothing but pixels."""
    turned = _turned(_small(image))  # small first: the large picture is never held twice
    plain = Image.new("RGB", turned.size, "white")
    rgba = turned.convert("RGBA")
    plain.paste(rgba, mask=rgba)
    return plain


def _turned(image: Image.Image) -> Image.Image:
    """As the camera was held, if the metadata can be read: broken metadata is no reason to refuse a picture."""
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # noqa: BLE001  whatever is wrong with it
        return image


def _small(image: Image.Image) -> Image.Image:
    scale = PICTURE_EDGE / max(image.size)
    if scale >= 1:
        return image.copy()
    width, height = (max(round(edge * scale), 1) for edge in image.size)
    image.draft(None, (2 * width, 2 * height))  # a JPEG is decoded no larger than needed
    return image.resize((width, height), reducing_gap=2.0)
