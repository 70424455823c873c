"""Draws the evidence of the demo people: certificates as PDF, photos of certificates, confirmation mails."""

from datetime import date
from io import BytesIO

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.formats import date_format
from PIL import Image, ImageDraw, ImageFont

SIZE = (1240, 876)  # A4 across, at 106 dots an inch
INK, SOFT, ACCENT, PAPER = "#1d2733", "#5b6673", "#0b5cab", "#fffdf8"
NOT_REAL = "Drawn for the OnePoints demonstration. Nobody issued this."


def certificate(name: str, title: str, day: date, hours: str) -> SimpleUploadedFile:
    """A completion certificate as PDF."""
    return _file("certificate.pdf", _certificate(name, title, day, hours), "PDF", resolution=106)


def photo(name: str, title: str, day: date, hours: str) -> SimpleUploadedFile:
    """The same, photographed on a table."""
    table = Image.new("RGB", (1480, 1110), "#8a6f55")
    sheet = _certificate(name, title, day, hours).convert("RGBA").rotate(2.5, Image.Resampling.BICUBIC, expand=True)
    table.paste(sheet, (90, 80), sheet)
    return _file("photo-of-certificate.jpg", table, "JPEG", quality=80)


def confirmation(name: str, title: str, day: date, hours: str) -> SimpleUploadedFile:
    """A picture of the mail that confirms a live event."""
    said = [f"thank you for attending “{title}” live on {date_format(day)}.", f"Time present: {hours}."]
    return _file("confirmation-mail.png", _mail(name, f"You attended: {title}", said), "PNG")


def invitation(name: str, title: str, day: date, hours: str) -> SimpleUploadedFile:
    """A picture of the mail that only invites to it: what people send by mistake."""
    said = [f"you are registered for “{title}” on {date_format(day)}.", "We look forward to seeing you."]
    return _file("mail.png", _mail(name, f"You are registered: {title}", said), "PNG")


PAPERS = {"certificate": certificate, "photo": photo, "confirmation": confirmation, "invitation": invitation}


def _certificate(name: str, title: str, day: date, hours: str) -> Image.Image:
    page = Image.new("RGB", SIZE, PAPER)
    draw = ImageDraw.Draw(page)
    draw.rectangle((36, 36, SIZE[0] - 36, SIZE[1] - 36), outline=ACCENT, width=6)
    draw.rectangle((52, 52, SIZE[0] - 52, SIZE[1] - 52), outline="#c9d6e4", width=2)
    lines = [
        (130, "CERTIFICATE OF COMPLETION", ACCENT, 40),
        (235, "This confirms that", SOFT, 26),
        (290, name, INK, 64),
        (400, "has completed", SOFT, 26),
        (455, title, INK, 40),
        (560, f"{date_format(day)}   ·   {hours}", INK, 30),
        (775, NOT_REAL, SOFT, 20),
    ]
    for top, line, colour, size in lines:
        draw.text((SIZE[0] / 2, top), line, colour, _font(size), anchor="ma")
    draw.line((450, 700, 790, 700), fill=SOFT, width=2)
    draw.text((SIZE[0] / 2, 712), "Training department", SOFT, _font(20), anchor="ma")
    return page


def _mail(name: str, subject: str, said: list[str]) -> Image.Image:
    page = Image.new("RGB", (1000, 500), "white")
    draw = ImageDraw.Draw(page)
    draw.rectangle((0, 0, 1000, 70), fill="#eef2f6")
    draw.text((40, 22), subject, INK, _font(24))
    greeting = f"Hello {name.split(maxsplit=1)[0]},"
    lines = ["From: Events <events@example.com>", f"To: {name}", "", greeting, *said, "", NOT_REAL]
    for number, line in enumerate(lines):
        draw.text((40, 110 + 44 * number), line, INK, _font(22))
    return page


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _file(name: str, picture: Image.Image, kind: str, **options: object) -> SimpleUploadedFile:
    content = BytesIO()
    picture.save(content, kind, **options)
    return SimpleUploadedFile(name, content.getvalue())
