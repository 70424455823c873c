"""What a file may carry inside another one: a PDF's attachments, a mail's."""

import re
import zipfile
from io import BytesIO
from pathlib import PurePath

PROGRAM_MAGIC = (
    b"MZ",
    b"\x7fELF",
    b"#!",
    b"\xca\xfe\xba\xbe",
    b"\xcf\xfa\xed\xfe",
    b"\xce\xfa\xed\xfe",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\x4c\x00\x00\x00\x01\x14\x02\x00",  # a Windows shortcut
    b"dex\n",
)
# What a double click runs, by the name alone. Documents with macros among them.
_PROGRAMS = """
    .acm .ade .ahk .apk .app .appimage .appref-ms .appx .bash .bat .chm .cmd .com .command .cpl .desktop .diagcab
    .dll .dmg .docm .dotm .exe .gadget .hta .img .inf .ins .iso .jar .jnlp .js .jse .library-ms .lnk .mde .msc .msi
    .msix .msp .mst .ocx .pif .pkg .potm .ppam .ppsm .pptm .ps1 .psm1 .py .pyw .reg .scf .scr .sct .search-ms
    .settingcontent-ms .sh .sldm .sys .url .vb .vbe .vbs .vhd .vhdx .workflow .ws .wsc .wsf .wsh .xlam .xll .xlsm
    .xltm
"""
PROGRAM_SUFFIXES = set(_PROGRAMS.split())
OLE_MAGIC, MACROS = bytes.fromhex("D0CF11E0A1B11AE1"), "_VBA_PROJECT".encode("utf-16-le")
PLAIN_SUFFIXES = {".xml", ".txt", ".csv", ".json", ".png", ".jpg", ".jpeg", ""}
PICTURE_MAGIC = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")


def is_program(name: str, content: bytes) -> bool:
    """Whether opening it could run something, by the name, the first bytes or what is packed into it."""
    if _suffix(name) in PROGRAM_SUFFIXES or content.startswith(PROGRAM_MAGIC):
        return True
    if content.startswith(OLE_MAGIC):
        return MACROS in content
    return content.startswith(b"PK") and any(map(_is_packed_program, _packed(content)))


def is_plain(name: str, content: bytes) -> bool:
    """Whether it is only there to be read: text as e-invoices and timetables carry it, or a picture."""
    if _suffix(name) not in PLAIN_SUFFIXES or is_program(name, content):
        return False
    return content.startswith(PICTURE_MAGIC) or (b"\x00" not in content and _is_text(content))


def is_archive(content: bytes) -> bool:
    """Whether an archive hides in the file: two kinds at once."""
    return zipfile.is_zipfile(BytesIO(content))


def _packed(content: bytes) -> list[str]:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return []


def _is_packed_program(name: str) -> bool:
    return _suffix(name) in PROGRAM_SUFFIXES or name.lower().endswith("vbaproject.bin")


def _suffix(name: str) -> str:
    # Windows drops dots and blanks at the end, and what follows a null or a colon.
    name = name.replace("\\", "/").rsplit("/", 1)[-1]
    return PurePath(re.split("[\x00:]", name, maxsplit=1)[0].rstrip(". \t\r\n")).suffix.lower()


def _is_text(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return not content.lstrip()[:200].lower().startswith((b"<!doctype html", b"<html", b"<script", b"<svg", b"%pdf"))
