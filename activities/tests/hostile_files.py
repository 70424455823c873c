"""Files as nobody should send them, by kind."""

# ruff: noqa: E501  a row is a file

import random
import struct
import zipfile
import zlib
from io import BytesIO

from activities.tests import hostile_pdfs, ole
from activities.tests.files import HEIC, JPEG, MSG, PDF, PNG, SOUND, mail, mail_with
from activities.tests.hostile_pdfs import EXE, SCRIPT, packed_zeros


def hostile():
    """kind: [(name, content)]. What of it must be refused is said in REFUSED; the rest may also be made harmless."""
    return {
        "renamed": [
            (f"certificate.{suffix}", content) for suffix in SOUND for own, content in SOUND.items() if own != suffix
        ],
        "truncated": [
            (f"cut {share}.{suffix}", SOUND[suffix][: int(len(SOUND[suffix]) * share)])
            for suffix in ("jpg", "png", "msg")
            for share in (0.1, 0.3, 0.5, 0.8)
        ],
        "empty": [(f"certificate.{suffix}", b"") for suffix in SOUND]
        + [(f"head.{suffix}", SOUND[suffix][:size]) for suffix in SOUND for size in (1, 12)],
        "picture bombs": list(_picture_bombs()),
        "PDF bombs": list(hostile_pdfs.pdf_bombs()),
        "two kinds at once": list(_polyglots()),
        "disguised": list(_disguised()),
        "JavaScript": list(hostile_pdfs.javascript()),
        "Launch and others": list(hostile_pdfs.actions()),
        "rich media": list(hostile_pdfs.rich_media()),
        "files in PDFs": list(hostile_pdfs.carried()),
        "passwords": list(hostile_pdfs.locked()),
        "broken structure": list(hostile_pdfs.tangles()),
        "OLE tricks": list(_ole_tricks()),
        "programs in mails": list(_mails_with_programs()),
        "odd mails": list(_odd_mails()),
        "HEIC tricks": list(_heic_tricks()),
        "names": [(name, PNG) for name in NAMES],
        "bits turned": list(_turned_bits()),
    }


# Whatever is in these has to be refused.
REFUSED = {
    "renamed", "truncated", "empty", "picture bombs", "two kinds at once", "disguised", "JavaScript", "Launch and others",
    "rich media", "files in PDFs", "passwords", "OLE tricks", "programs in mails",
}  # fmt: skip
NAMES = (
    "x" * 296 + ".png", "\u202egnp.exe.png", "\u2066a\u2069.png", "../../../etc/cron.d/x.png", "..\\..\\x.png", "a\x00b.exe.png",
    "<img src=x onerror=alert(1)>.png", "line\r\nSet-Cookie: a=b.png", "CON.png", ".htaccess.png", "%2e%2e%2fx.png", "-rf.png",
    "\ud800.png", "a\u200b\u200c\ufeff.png", "=cmd|' /C calc'!A0.png", "A\u0301" * 140 + ".png",
)  # fmt: skip


def _png(width, height, depth=8, colour=6, *chunks, packed=b""):
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    ihdr = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(*each) for each in ((b"IHDR", ihdr), *chunks, (b"IDAT", packed), (b"IEND", b""))
    )


def _picture_bombs():
    for width, height, depth, colour in (
        (12_000, 12_000, 1, 0), (12_000, 12_000, 8, 2), (60_000, 60_000, 8, 0), (2**31 - 1, 1, 8, 2), (1, 2**31 - 1, 8, 6),
        (2**31 - 1, 2**31 - 1, 16, 6), (50_000_001, 1, 8, 0), (7072, 7072, 8, 6),
    ):  # fmt: skip
        yield f"{width} x {height}, {depth}, {colour}.png", _png(width, height, depth, colour, packed=packed_zeros(20))
    for kind in (b"zTXt", b"iTXt", b"iCCP"):
        words = {b"zTXt": b"Comment\x00\x00", b"iTXt": b"Comment\x00\x01\x00\x00\x00", b"iCCP": b"profile\x00\x00"}[
            kind
        ]
        yield (
            f"{kind.decode()}.png",
            _png(64, 64, 8, 2, (kind, words + packed_zeros(200)), packed=packed_zeros(1)[:900]),
        )
    for width, height in ((65_535, 65_535), (65_500, 1000), (8_000, 7_000)):
        place = JPEG.index(b"\xff\xc0") + 5
        yield f"{width} x {height}.jpg", JPEG[:place] + struct.pack(">HH", height, width) + JPEG[place + 4 :]
    for width, height in ((2**31, 2**31), (30_000, 30_000), (8_000, 7_000), (2**32 - 1, 2), (0, 0)):
        yield f"{width} x {height}.heic", _resized_heic(width % 2**32, height % 2**32)


def _resized_heic(width, height):
    return HEIC.replace(
        b"ispe\x00\x00\x00\x00" + struct.pack(">II", 128, 64),
        b"ispe\x00\x00\x00\x00" + struct.pack(">II", width, height),
    )


def _zip(**files):
    content = BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, words in files.items():
            archive.writestr(name.replace("_", "."), words)
    return content.getvalue()


def _polyglots():
    archive, applet = _zip(a_exe=EXE), _zip(Main_class=b"\xca\xfe\xba\xbe")
    for suffix in ("pdf", "jpg", "png", "heic"):
        yield f"archive behind.{suffix}", SOUND[suffix] + archive
        yield f"applet behind.{suffix}", SOUND[suffix] + applet
    yield "archive in between.pdf", PDF.replace(b"%%EOF", archive[-200:] + b"\n%%EOF")
    yield "page before.pdf", b"<html><body>" + SCRIPT + PDF
    yield "program before.pdf", EXE + PDF
    yield "program before.jpg", EXE + JPEG
    yield "gif before.jpg", b"GIF89a/*" + JPEG
    yield "blank before.pdf", b" " + PDF
    yield "mark before.png", b"\xef\xbb\xbf" + PNG
    yield "shell before.heic", b"#!/bin/sh\nrm\n" + HEIC


def _disguised():
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
    for suffix in ("png", "jpg", "heic", "pdf"):
        yield f"drawing.{suffix}", svg
        yield f"page.{suffix}", b"<!doctype html><html>" + SCRIPT
        yield f"program.{suffix}", EXE
        yield f"elf.{suffix}", b"\x7fELF\x02\x01\x01" + bytes(100)
    yield "drawing.eml", svg
    yield "page.eml", b"<html><body>From: a<br>Subject: b" + SCRIPT
    yield "program.eml", EXE
    yield "program.msg", EXE
    yield "words.msg", b"From: a@example.com\nSubject: b\n\nc"
    yield "postscript.pdf", b"%!PS-Adobe-3.0\n(/etc/passwd) (r) file"
    yield "rich text.pdf", b"{\\rtf1\\ansi}"
    yield "php.jpg", b"<?php system($_GET['c']); ?>" + JPEG
    yield "film.heic", b"\x00\x00\x00\x18ftypmp42" + bytes(200)
    yield "avif.heic", b"\x00\x00\x00\x18ftypavif" + bytes(200)
    yield "still no picture.heic", b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(200)
    yield "headers only in name.eml", b"X-Something: 1\nX-Other: 2\n\n" + SCRIPT
    yield "settings.eml", b"key: value\nother: value\n"
    for name in ("a.exe", "a.docm", "a.svg", "a.html", "a.zip", "a.js", "a.pdf.exe", "a.lnk", "a.iso", "a", "pdf"):
        yield name, PDF
    yield "certificate.pdf ", b"MZ"
    yield "certificate.pdf.", EXE


def _ole_tricks():
    macros = {"Macros": {"VBA": {"_VBA_PROJECT": b"\xcc\x61", "dir": b"a", "ThisDocument": b"Sub AutoOpen"}}}
    yield "letter.msg", ole.compound_file({"WordDocument": b"\xec\xa5" + bytes(600), "1Table": bytes(600), **macros})
    yield "table.msg", ole.compound_file({"Workbook": bytes(5000), "_VBA_PROJECT_CUR": {"VBA": {"dir": b"a"}}})
    yield "slides.msg", ole.compound_file({"PowerPoint Document": bytes(900), "Current User": b"a"})
    yield "installer.msg", ole.compound_file({"\u4840\u3f3f": bytes(900), "Binary.a": EXE})
    yield "locked.msg", ole.compound_file({"EncryptedPackage": bytes(5000), "EncryptionInfo": bytes(200)})
    yield "nothing.msg", ole.compound_file({})
    yield "no class.msg", ole.outlook_mail(kind="")
    yield "other class.msg", ole.outlook_mail(kind="REPORT.Evil")
    yield "letter with properties.msg", ole.compound_file({"WordDocument": bytes(600), "__properties_version1.0": b""})
    yield (
        "properties without streams.msg",
        ole.compound_file({"__properties_version1.0": bytes(32) + b"\x1f\x00\x1a\x00" + bytes(12)}),
    )
    yield "rubbish.msg", ole.MAGIC + random.Random(2).randbytes(9000)
    yield "head.msg", MSG[:512]
    for name, content in (("a.exe", EXE), ("a.pdf", EXE), ("a.docm", b"PK"), ("a.js", b"alert(1)"), ("run.lnk", b"L")):
        yield f"carries {name}.msg", ole.outlook_mail(files=[("certificate.pdf", PDF), (name, content)])
    word = ole.compound_file({"WordDocument": bytes(600), **macros})
    yield "carries macros.msg", ole.outlook_mail(files=[("letter.doc", word)])
    yield "carries a packed program.msg", ole.outlook_mail(files=[("a.zip", _zip(a_exe=EXE))])


def _mails_with_programs():
    for name, content in {
        "a.exe": EXE, "certificate.pdf": EXE, "a.scr": b"a", "a.js": b"alert(1)", "a.hta": SCRIPT, "a.docm": _zip(a=b"b"),
        "a.docx": _zip(word_vbaProject=b"x", vbaProject_bin=b"x"), "a.zip": _zip(a_exe=EXE), "a.lnk": b"a", "a.iso": b"CD001",
        "../../a.exe": b"a", "a.exe ": b"a", "a.exe.": b"a", "A.EXE": b"a", "\u202efdp.exe": b"a", "a.pdf.vbs": b"a", "a.url": b"a",
        "a.xlsm": b"a", "noname": b"\x7fELF", "a.jar": b"PK", "a.ps1": b"a",
    }.items():  # fmt: skip
        yield f"with {len(name)} {name[-4:]}.eml".replace("/", ""), mail_with((name, content))
    yield "as a picture.eml", mail_with(("a.png", EXE)).replace(b"application/octet-stream", b"image/png")
    yield (
        "without a name.eml",
        mail_with(("a.png", EXE)).replace(b' filename="a.png"', b"").replace(b"attachment;", b"inline"),
    )
    forwarded = mail("see below")
    inner = mail()
    inner.add_attachment(EXE, maintype="application", subtype="pdf", filename="certificate.pdf")
    forwarded.add_attachment(inner)
    yield "forwarded.eml", forwarded.as_bytes()


def _odd_mails():
    head = b"From: a@example.com\nDate: Tue, 03 Jun 2025 09:00:00 -0400\nSubject: b\n"
    html = b"Content-Type: text/html; charset=utf-8\n\n"
    remote = b'<img src="http://evil.example/a.png"><link rel=stylesheet href="//evil.example/a.css"><iframe src="file:///etc/passwd">'
    yield "script.eml", head + html + b"<p>Hello" + SCRIPT + remote + b"<p onclick=alert(1)>there"
    yield "open tags.eml", head + html + b"<div>" * 200_000
    yield "open comment.eml", head + html + b"<!--" * 200_000
    yield "open declarations.eml", head + html + b"<![CDATA[" * 100_000
    yield "entities.eml", head + html + b"&#x" * 300_000
    yield "attributes.eml", head + html + b"<a " + b"b='" * 200_000
    yield "long line.eml", head + b"\n" + b"A" * 5_000_000
    yield "long header.eml", head + b"X: " + b"A" * 2_000_000 + b"\n\nb"
    yield "many headers.eml", head + b"".join(b"X-%d: a\n" % number for number in range(50_000)) + b"\nb"
    yield "folded header.eml", head.replace(b"Subject: b", b"Subject: " + b"a\n " * 100_000) + b"\nb"
    yield "encoded words.eml", head.replace(b"Subject: b", b"Subject: " + b"=?utf-8?q?=41?= " * 50_000) + b"\nb"
    yield "bad encoded words.eml", head.replace(b"Subject: b", b"Subject: =?x?b?!!!?= =?utf-8?b?A?= =?=?=") + b"\nb"
    yield "null.eml", head + b"\na\x00b\x1b[31mc\xff\xfe"
    yield "bidi.eml", head.replace(b"Subject: b", "Subject: \u202egnp.exe\u2066".encode()) + b"\nb"
    yield "charset.eml", head + b'Content-Type: text/plain; charset="\x00../../x"\n\na\xff'
    yield "transform.eml", head + b"Content-Type: text/plain; charset=zip\n\na"
    yield "rot13.eml", head + b"Content-Type: text/plain; charset=rot13\n\na"
    yield "no base64.eml", head + b"Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n!!!A==="
    yield "uuencoded.eml", head + b"Content-Transfer-Encoding: x-uuencode\n\nbegin 644 a\n!!\nend"
    yield "no boundary.eml", head + b"Content-Type: multipart/mixed\n\n--a\n\nb"
    yield "empty boundary.eml", head + b'Content-Type: multipart/mixed; boundary=""\n\n--\n\nb\n----'
    yield "boundary without end.eml", head + b"Content-Type: multipart/mixed; boundary=a\n\n" + b"--a\n\nb\n" * 1500
    yield "too many parts.eml", head + b"Content-Type: multipart/mixed; boundary=a\n\n" + b"--a\n\nb\n" * 9000
    yield "name in pieces.eml", head + b"Content-Type: text/plain; name*0=a; name*9999999999=b; name*x=c\n\nb"
    yield (
        "names without end.eml",
        head + b"Content-Disposition: attachment; " + b"".join(b"filename*%d=a; " % n for n in range(9000)) + b"\n\nb",
    )
    yield "thousand attachments.eml", mail_with(*((f"../../{number}.pdf", b"%PDF-") for number in range(1000)))
    for depth in (10, 60, 2000):
        nested = head
        for number in range(depth):
            nested += b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (number, number)
        yield f"{depth} parts deep.eml", nested + b"\n\nb"
        yield f"{depth} mails deep.eml", (head + b"Content-Type: message/rfc822\n\n") * depth + head + b"\nb"
    yield "delivery.eml", head + b"Content-Type: message/delivery-status\n\nReporting-MTA: a\n\nFinal: b\n"
    yield (
        "elsewhere.eml",
        head
        + b'Content-Type: message/external-body; access-type=url; URL="file:///etc/passwd"\n\nContent-Type: text/plain\n\n',
    )
    yield "in pieces.eml", head + b"Content-Type: message/partial; id=a; number=1; total=2\n\nb"
    yield "saved page.eml", b"From: <Saved by Blink>\nSubject: a\nDate: x\nContent-Type: text/html\n\n" + SCRIPT
    yield "forged.eml", head + b"From: ceo@example.com\nFrom: \n\nb"
    for number, date in enumerate((b"", b"now", b"Tue, 99 Foo 9999999 99:99:99 +9999", b"=?utf-8?b?=?=")):
        yield f"date {number}.eml", head.replace(b"Tue, 03 Jun 2025 09:00:00 -0400", date) + b"\nb"
    circle = bytearray(MSG)
    table = int.from_bytes(MSG[76:80], "little") * 512 + 512
    circle[table : table + 8] = struct.pack("<II", 1, 0)
    yield "chain in a circle.msg", bytes(circle)
    yield "many attachments.msg", ole.outlook_mail(files=[(f"{number}.txt", b"a") for number in range(120)])
    yield "long.msg", ole.outlook_mail(subject="a" * 100_000, body="b" * 500_000)
    yield "open tags.msg", ole.outlook_mail(html=b"<p" * 50_000)


def _heic_tricks():
    yield "big box.heic", HEIC.replace(HEIC[:4], b"\xff\xff\xff\xff", 1)
    for number in range(24, len(HEIC) - 8, max(len(HEIC) // 14, 1)):
        yield f"turned at {number}.heic", HEIC[:number] + b"\xff\xff\xff\xff" + HEIC[number + 4 :]
    for share in (0.2, 0.5, 0.8):
        yield f"cut {share}.heic", HEIC[: int(len(HEIC) * share)]
    place = HEIC.index(b"iloc")
    yield "elsewhere.heic", HEIC[: place + 20] + b"\xff" * 8 + HEIC[place + 28 :]
    yield "meta in meta.heic", HEIC[:24] + (struct.pack(">I", 900) + b"meta") * 5000 + HEIC[24:]
    yield "of size zero.heic", HEIC[:24] + b"\x00\x00\x00\x00free" + HEIC[24:]


def _turned_bits():
    chance = random.Random(7)
    for suffix in ("pdf", "jpg", "png", "heic", "msg"):
        for number in range(6):
            content = bytearray(SOUND[suffix])
            for _ in range(1 + 4 * number):
                content[chance.randrange(16, len(content))] = chance.randrange(256)
            yield f"{number}.{suffix}", bytes(content)
